//! How both vendors sign.
//!
//! Conekta: header `DIGEST`, base64 of an RSA signature (PKCS#1 v1.5, SHA-256) over the raw body; the merchant fetches the
//! public key. Mercado Pago: header `x-signature`, an HMAC-SHA256 over a text made of ids and time; both know the secret.

use super::request::{DestinationRequest, SignatureKind, TimeUnit};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use rsa::pkcs1v15::SigningKey;
use rsa::pkcs8::{EncodePublicKey, LineEnding};
use rsa::rand_core::OsRng;
use rsa::sha2::Sha256;
use rsa::signature::{SignatureEncoding, Signer};
use rsa::{RsaPrivateKey, RsaPublicKey};
use serde::Serialize;
use std::sync::{Mutex, MutexGuard};

/// Length of a key of Conekta's.
const KEY_BITS: usize = 2048;
/// Account of the key that signs for all accounts without one.
pub const ANY_ACCOUNT: &str = "*";

/// Headers of a message.
pub type Headers = Vec<(&'static str, String)>;

/// A signing key of Conekta's, as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PublicKey {
    /// 24 hex digits.
    pub id: String,
    /// The private API key that it belongs to, or `*` for all that have none.
    pub account: String,
    /// Whether it may sign.
    pub active: bool,
    /// Seconds since the Unix epoch.
    pub created_at: u64,
    /// Seconds since the Unix epoch.
    pub deactivated_at: Option<u64>,
    /// The public half, as PEM.
    pub public_key: String,
}

#[derive(Debug)]
struct Key {
    shown: PublicKey,
    signing: SigningKey<Sha256>,
}

/// All signing keys of Conekta's, oldest first.
#[derive(Debug, Default)]
pub struct KeyRing {
    keys: Mutex<Vec<Key>>,
}

/// Why there is no new key.
#[derive(Debug, thiserror::Error)]
#[error("a signing key could not be made")]
pub struct KeyError;

impl KeyRing {
    /// Makes a key for an account. From then on it signs in place of the older ones. Takes a moment.
    ///
    /// # Errors
    /// When the machine has no randomness.
    pub fn make(&self, account: &str, id: &str, now_s: u64) -> Result<PublicKey, KeyError> {
        let private = RsaPrivateKey::new(&mut OsRng, KEY_BITS).map_err(|_| KeyError)?;
        let public_key =
            RsaPublicKey::from(&private).to_public_key_pem(LineEnding::LF).map_err(|_| KeyError)?;
        let shown = PublicKey {
            id: id.to_owned(),
            account: account.to_owned(),
            active: true,
            created_at: now_s,
            deactivated_at: None,
            public_key,
        };
        self.keys().push(Key { shown: shown.clone(), signing: SigningKey::new(private) });
        Ok(shown)
    }

    /// The keys of an account, or all.
    pub fn list(&self, account: Option<&str>) -> Vec<PublicKey> {
        let keys = self.keys();
        let own = keys.iter().filter(|key| account.is_none_or(|account| account == key.shown.account));
        own.map(|key| key.shown.clone()).collect()
    }

    /// Switches a key on or off.
    pub fn switch(&self, account: &str, id: &str, active: bool, now_s: u64) -> Option<PublicKey> {
        let mut keys = self.keys();
        let key = keys.iter_mut().find(|key| key.shown.id == id && key.shown.account == account)?;
        key.shown.active = active;
        key.shown.deactivated_at = (!active).then_some(now_s);
        Some(key.shown.clone())
    }

    /// Forgets a key.
    pub fn remove(&self, account: &str, id: &str) -> Option<PublicKey> {
        let mut keys = self.keys();
        let at = keys.iter().position(|key| key.shown.id == id && key.shown.account == account)?;
        Some(keys.remove(at).shown)
    }

    /// The newest key that signs for an account.
    pub fn active(&self, account: &str) -> Option<PublicKey> {
        signing_key(&self.keys(), account).map(|key| key.shown.clone())
    }

    /// The header for a body; none without a key.
    pub(super) fn digest(&self, account: &str, body: &[u8], kind: SignatureKind) -> Headers {
        let signed: &[u8] = match kind {
            SignatureKind::Good => body,
            SignatureKind::Bad => b"another body",
            SignatureKind::None => return Vec::new(),
        };
        let signature = signing_key(&self.keys(), account).and_then(|key| key.signing.try_sign(signed).ok());
        signature.map(|made| ("digest", STANDARD.encode(made.to_bytes()))).into_iter().collect()
    }

    fn keys(&self) -> MutexGuard<'_, Vec<Key>> {
        self.keys.lock().expect("no code panics while it holds the keys")
    }
}

fn signing_key<'a>(keys: &'a [Key], account: &str) -> Option<&'a Key> {
    let newest =
        |account: &str| keys.iter().rev().find(|key| key.shown.active && key.shown.account == account);
    newest(account).or_else(|| newest(ANY_ACCOUNT))
}

/// The headers of a message of Mercado Pago's; without a secret there is no signature.
pub(super) fn mercado_pago(
    destination: &DestinationRequest,
    data_id: &str,
    event_id: &str,
    now_ms: u64,
    kind: SignatureKind,
) -> Headers {
    let request_id = format!("webhook-{event_id}-{}", now_ms % 1_000_000);
    let mut headers = vec![("x-request-id", request_id.clone())];
    let secret = destination.secret.as_deref().filter(|_| kind != SignatureKind::None);
    if let Some(secret) = secret {
        let ts = match destination.ts_unit {
            TimeUnit::Seconds => now_ms / 1000,
            TimeUnit::Milliseconds => now_ms,
        };
        let signed_id = if kind == SignatureKind::Bad { "another" } else { data_id };
        let manifest = format!("id:{signed_id};request-id:{request_id};ts:{ts};");
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let made = hex::encode(hmac::sign(&key, manifest.as_bytes()));
        headers.push(("x-signature", format!("ts={ts},v1={made}")));
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;
    use rsa::pkcs1v15::{Signature, VerifyingKey};
    use rsa::pkcs8::DecodePublicKey;
    use rsa::signature::Verifier;

    fn verified(pem: &str, body: &[u8], headers: &Headers) -> bool {
        let key = VerifyingKey::<Sha256>::new(RsaPublicKey::from_public_key_pem(pem).unwrap());
        let bytes = STANDARD.decode(&headers[0].1).unwrap();
        key.verify(body, &Signature::try_from(bytes.as_slice()).unwrap()).is_ok()
    }

    #[test]
    fn the_newest_active_key_of_the_account_signs() {
        let ring = KeyRing::default();
        let sign = |kind| ring.digest("key_ana", b"body", kind);
        assert!(sign(SignatureKind::Good).is_empty(), "there is no key");
        let all = ring.make(ANY_ACCOUNT, "a", 1).unwrap();
        assert!(verified(&all.public_key, b"body", &sign(SignatureKind::Good)));
        let own = ring.make("key_ana", "b", 2).unwrap();
        assert!(verified(&own.public_key, b"body", &sign(SignatureKind::Good)));
        assert!(!verified(&own.public_key, b"body", &sign(SignatureKind::Bad)));
        assert!(sign(SignatureKind::None).is_empty());
        assert_eq!(ring.switch("key_ana", "b", false, 3).unwrap().deactivated_at, Some(3));
        assert!(verified(&all.public_key, b"body", &sign(SignatureKind::Good)));
        assert!(ring.remove("key_eva", "b").is_none());
        assert_eq!(ring.list(Some("key_ana")).len(), 1);
    }

    #[test]
    fn the_time_is_in_seconds_or_milliseconds_and_part_of_the_text() {
        let request = |unit: &str| -> DestinationRequest {
            let body = serde_json::json!({ "target": "mercado_pago", "secret": "s", "ts_unit": unit });
            serde_json::from_value(body).unwrap()
        };
        for (unit, ts) in [("s", "1700000000"), ("ms", "1700000000123")] {
            let headers = mercado_pago(&request(unit), "99", "1", 1_700_000_000_123, SignatureKind::Good);
            let key = hmac::Key::new(hmac::HMAC_SHA256, b"s");
            let manifest = format!("id:99;request-id:{};ts:{ts};", headers[0].1);
            let v1 = headers[1].1.strip_prefix(&format!("ts={ts},v1=")).unwrap();
            assert!(hmac::verify(&key, manifest.as_bytes(), &hex::decode(v1).unwrap()).is_ok());
        }
    }
}
