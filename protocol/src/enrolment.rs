//! How a box becomes an agent: one token to paste, one exchange.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::Secret;

/// First characters of every token; the digit is the format's version.
const PREFIX: &str = "pagos1_";

/// Longest token accepted, in bytes.
const TOKEN_BYTES_MAX: usize = 1024;

/// The one line an installer pastes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// `host:port` of the agent listener.
    #[serde(rename = "a")]
    pub address: String,
    /// SHA-256 of the authority's certificate (DER), lower-case hex.
    #[serde(rename = "f")]
    pub authority_fingerprint: String,
    /// One-time secret.
    #[serde(rename = "s")]
    pub secret: Secret,
}

/// The text is not an enrolment token.
#[derive(Debug, PartialEq, Eq)]
pub struct NotAToken;

impl std::fmt::Display for NotAToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "this is not an enrolment token; it must begin with {PREFIX} and be pasted whole")
    }
}

impl std::error::Error for NotAToken {}

impl Token {
    /// The token as text to paste.
    #[must_use]
    pub fn encode(&self) -> String {
        let json = serde_json::to_vec(self).expect("a token is plain text fields");
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(json))
    }

    /// Reads a pasted token; surrounding white space is ignored.
    ///
    /// # Errors
    /// [`NotAToken`] when it is cut, altered or something else.
    pub fn decode(text: &str) -> Result<Self, NotAToken> {
        let body = text.trim().strip_prefix(PREFIX).ok_or(NotAToken)?;
        if body.len() > TOKEN_BYTES_MAX {
            return Err(NotAToken);
        }
        let json = URL_SAFE_NO_PAD.decode(body).map_err(|_| NotAToken)?;
        serde_json::from_slice(&json).map_err(|_| NotAToken)
    }
}

/// What the box sends to be enrolled (`POST /agent/v1/enroll`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrollRequest {
    /// The token's secret.
    pub secret: Secret,
    /// Certificate request made with a key that never leaves the box, PEM.
    pub csr_pem: String,
    /// Version of the agent program.
    pub agent_version: String,
}

/// What the box gets back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrollResponse {
    /// The agent's identity.
    pub agent_id: String,
    /// The site it serves.
    pub site_id: String,
    /// Its certificate, PEM.
    pub certificate_pem: String,
    /// The authority's certificate, PEM.
    pub authority_pem: String,
}

/// Why an enrolment was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrollRefusal {
    /// `token_unknown`, `token_used`, `token_expired` or `request_invalid`.
    pub code: String,
}

#[cfg(test)]
mod tests {
    use super::{NotAToken, Token};
    use crate::Secret;

    #[test]
    fn a_token_survives_the_clipboard() {
        let token = Token {
            address: "pagos.example:8443".into(),
            authority_fingerprint: "ab".repeat(32),
            secret: Secret::new("s3cret"),
        };
        assert_eq!(Token::decode(&format!("  {}\n", token.encode())), Ok(token));
    }

    #[test]
    fn a_cut_token_is_refused() {
        assert_eq!(Token::decode("pagos1_eyJhIjo"), Err(NotAToken));
        assert_eq!(Token::decode("hello"), Err(NotAToken));
    }
}
