//! Secrets of endpoints, and what messages are signed with.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use zeroize::Zeroizing;

use crate::domain::id::CompanyId;
use crate::seams::Random;
use crate::store::webhook_endpoints::SECRET;
use crate::vault::{Context, Vault};

/// Begins a secret.
const PREFIX: &str = "whsec_";
/// Length of a secret, in bytes.
const SECRET_BYTES: usize = 32;
/// The version of the scheme.
const SCHEME: &str = "v1";

/// A secret as its owner keeps it; wiped from memory when dropped, and without `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Draws a new one.
    #[must_use]
    pub fn draw(random: &Random) -> Self {
        let bytes = Zeroizing::new(random.bytes::<SECRET_BYTES>());
        Self(Zeroizing::new(format!("{PREFIX}{}", STANDARD.encode(bytes.as_slice()))))
    }

    /// Takes one over as it was stored.
    #[must_use]
    pub const fn new(text: Zeroizing<String>) -> Self {
        Self(text)
    }

    /// The text, to be shown once.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The secret as it is stored for an endpoint of `company`.
    #[must_use]
    pub fn sealed(&self, vault: &Vault, company: &CompanyId) -> String {
        vault.seal(&Context { tenant: company.as_str(), field: SECRET }, &self.0)
    }

    fn key(&self) -> hmac::Key {
        let text = self.0.strip_prefix(PREFIX).unwrap_or(&self.0);
        // Ours are good base64; anything else is taken as it is.
        let bytes = STANDARD.decode(text).unwrap_or_else(|_| text.as_bytes().to_vec());
        hmac::Key::new(hmac::HMAC_SHA256, &Zeroizing::new(bytes))
    }
}

/// The signature header: one signature per secret.
#[must_use]
pub fn header(secrets: &[Secret], id: &str, seconds: i64, body: &str) -> String {
    let mut header = String::new();
    for secret in secrets {
        let mut signing = hmac::Context::with_key(&secret.key());
        for part in [id, ".", &seconds.to_string(), ".", body] {
            signing.update(part.as_bytes());
        }
        let gap = if header.is_empty() { "" } else { " " };
        // Writing to a text cannot fail.
        let _ = write!(header, "{gap}{SCHEME},{}", STANDARD.encode(signing.sign()));
    }
    header
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::{Secret, header};
    use crate::seams::Random;

    #[test]
    fn a_message_is_signed_as_others_sign_it() {
        // Computed with the reference library of Standard Webhooks for Python.
        let secret = Secret::new(Zeroizing::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into()));
        let signed = header(std::slice::from_ref(&secret), "msg_1", 1_614_265_330, r#"{"a": 1}"#);
        assert_eq!(signed, "v1,V2Z7A506sKm+6H3Cx+MrYp+Ps0zGyL+IkhFfqZ4vj0Y=");
        let two = header(&[secret.clone(), secret], "msg_1", 1_614_265_330, r#"{"a": 1}"#);
        assert_eq!(two, format!("{signed} {signed}"));
    }

    #[test]
    fn no_two_secrets_are_alike() {
        let random = Random::default();
        let (one, two) = (Secret::draw(&random), Secret::draw(&random));
        assert!(one.expose().starts_with("whsec_") && one.expose().len() == 50);
        assert_ne!(one.expose(), two.expose());
    }
}
