//! Signed tokens: compact JWT with HS256 and nothing else.

use std::fmt;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Number;

/// Length of a secret made by us, in bytes.
pub const SECRET_BYTES: usize = 32;

/// Signs tokens and verifies them.
pub struct Signer {
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer(***)")
    }
}

impl Signer {
    /// Signs with `secret`.
    #[must_use]
    pub fn new(secret: &str) -> Self {
        Self {
            encoding: EncodingKey::from_secret(secret.as_bytes()),
            decoding: DecodingKey::from_secret(secret.as_bytes()),
        }
    }

    /// The token of `claims`.
    ///
    /// # Panics
    /// When the claims cannot be written as JSON.
    #[must_use]
    pub fn sign<C: Serialize>(&self, claims: &C) -> String {
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &self.encoding)
            .expect("our claims are plain JSON and the key is for HMAC")
    }

    /// The claims of a token that was signed with this secret; its times are not looked at.
    #[must_use]
    pub fn verified<C: DeserializeOwned + Clone>(&self, token: &str) -> Option<C> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        jsonwebtoken::decode::<C>(token, &self.decoding, &validation).ok().map(|data| data.claims)
    }
}

/// Milliseconds of a claim in seconds, which may have a fraction (`1795360124.898422`).
#[must_use]
pub fn millis(seconds: &Number) -> Option<i64> {
    let text = seconds.to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let thousandths: String = fraction.chars().chain("000".chars()).take(3).collect();
    whole.parse::<i64>().ok()?.checked_mul(1000)?.checked_add(thousandths.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::{Signer, millis};
    use serde_json::{Value, json};

    #[test]
    fn a_token_verifies_only_with_its_own_secret() {
        let token = Signer::new("one").sign(&json!({"sub": "RTR_1"}));
        assert_eq!(Signer::new("one").verified::<Value>(&token), Some(json!({"sub": "RTR_1"})));
        assert_eq!(Signer::new("two").verified::<Value>(&token), None);
        assert_eq!(Signer::new("one").verified::<Value>("a.b.c"), None);
    }

    #[test]
    fn a_token_without_signature_is_refused() {
        // {"alg":"none"} . {"sub":"RTR_1"} .
        let token = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJSVFJfMSJ9.";
        assert_eq!(Signer::new("").verified::<Value>(token), None);
    }

    #[test]
    fn seconds_may_have_a_fraction() {
        let number = |value: Value| value.as_number().cloned().and_then(|number| millis(&number));
        assert_eq!(number(json!(1_795_360_124)), Some(1_795_360_124_000));
        assert_eq!(number(json!(1_795_360_124.898_422)), Some(1_795_360_124_898));
        assert_eq!(number(json!(1_795_360_124.5)), Some(1_795_360_124_500));
    }
}
