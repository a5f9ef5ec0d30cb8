//! Conekta's notifications: how they are signed and what they say. Pure.
//!
//! `DIGEST` is the base64 of an RSA signature over the raw body; the company has the public key.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use rustls_pki_types::SubjectPublicKeyInfoDer;
use rustls_pki_types::pem::PemObject;
use serde_json::Value;
use x509_parser::prelude::FromDer;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::notice::{Class, Notice, short_text};

/// Most public keys in one text that are tried.
const KEYS_MAX: usize = 4;

/// Whether `digest` signs `body` with one of the public keys in `pem`.
#[must_use]
pub fn is_signed(pem: &str, body: &[u8], digest: &str) -> bool {
    let Ok(signature) = STANDARD.decode(digest.trim()) else { return false };
    public_keys(pem)
        .iter()
        .any(|key| UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key).verify(body, &signature).is_ok())
}

/// Whether a text holds at least one public key that can verify, and nothing that looks like one and cannot.
#[must_use]
pub fn is_public_key(pem: &str) -> bool {
    let blocks = pem.matches("-----BEGIN").count();
    blocks > 0 && blocks <= KEYS_MAX && public_keys(pem).len() == blocks
}

/// The RSA public keys of a text in PEM, as the verifier takes them.
fn public_keys(pem: &str) -> Vec<Vec<u8>> {
    SubjectPublicKeyInfoDer::pem_slice_iter(pem.as_bytes())
        .take(KEYS_MAX)
        .filter_map(|found| rsa_key(found.ok()?.as_ref()))
        .collect()
}

fn rsa_key(der: &[u8]) -> Option<Vec<u8>> {
    let (rest, info) = SubjectPublicKeyInfo::from_der(der).ok()?;
    let is_rsa = info.algorithm.algorithm == x509_parser::oid_registry::OID_PKCS1_RSAENCRYPTION;
    (rest.is_empty() && is_rsa).then(|| info.subject_public_key.data.to_vec())
}

/// What an event says; none when it is no event.
#[must_use]
pub fn notice(body: &Value) -> Option<Notice> {
    let kind = short_text(&body["type"])?;
    let object = &body["data"]["object"];
    // Events about a charge name their order apart.
    let order = if object["object"] == "order" { &object["id"] } else { &object["order_id"] };
    let order = short_text(order).or_else(|| short_text(&object["id"]).filter(|id| id.starts_with("ord_")));
    let metadata = &object["metadata"];
    Some(Notice {
        class: class(&kind, order.is_some()),
        notification_id: short_text(&body["id"]),
        kind,
        action: None,
        object_id: order,
        reference: short_text(&metadata["sale_id"]),
        company: short_text(&metadata["empresa_id"]),
    })
}

fn class(kind: &str, has_order: bool) -> Class {
    let about_money = kind.starts_with("order.") && kind != "order.created";
    match kind {
        "webhook_ping" => Class::Test,
        _ if has_order && (about_money || kind.starts_with("charge.chargeback.")) => Class::Payment,
        _ => Class::Ignored,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Class, is_public_key, is_signed, notice};

    const KEY: &str = include_str!("../../../tests/vectors/webhooks/conekta.public.pem");
    const OTHER: &str = include_str!("../../../tests/vectors/webhooks/conekta.other.public.pem");
    const BODY: &[u8] = include_bytes!("../../../tests/vectors/webhooks/conekta.event.json");
    const DIGEST: &str = include_str!("../../../tests/vectors/webhooks/conekta.event.digest");

    #[test]
    fn a_signature_is_good_for_one_key_and_one_body() {
        let both = format!("{OTHER}{KEY}");
        let longer = [BODY, b" "].concat();
        let cases: [(&str, &str, &[u8], &str, bool); 9] = [
            ("good", KEY, BODY, DIGEST, true),
            ("among several keys", &both, BODY, DIGEST, true),
            ("another key", OTHER, BODY, DIGEST, false),
            ("another body", KEY, b"{}", DIGEST, false),
            ("a body with one byte more", KEY, &longer, DIGEST, false),
            ("no base64", KEY, BODY, "%%%", false),
            ("empty", KEY, BODY, "", false),
            ("another signature", KEY, BODY, "c2lnbmF0dXJl", false),
            ("no key", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", BODY, DIGEST, false),
        ];
        for (name, key, body, digest, expected) in cases {
            assert_eq!(is_signed(key, body, digest), expected, "{name}");
        }
    }

    #[test]
    fn keys_are_public_rsa_keys_in_pem() {
        let private = KEY.replace("PUBLIC KEY", "PRIVATE KEY");
        let cases = [(KEY, true), ("", false), ("key_abc", false), (private.as_str(), false)];
        for (text, expected) in cases {
            assert_eq!(is_public_key(text), expected, "{text}");
        }
        assert!(is_public_key(&format!("{KEY}\n{OTHER}")));
        assert!(!is_public_key(&format!("{KEY}\n{private}")));
    }

    #[test]
    fn events_name_their_order() {
        let event = |kind: &str, object: serde_json::Value| {
            let body = json!({"object": "event", "id": "evt_1", "type": kind, "data": {"object": object}});
            notice(&body).map(|notice| (notice.class, notice.object_id))
        };
        let order = json!({"object": "order", "id": "ord_1"});
        let charge = json!({"object": "charge", "id": "chr_1", "order_id": "ord_1"});
        let found = Some("ord_1".to_owned());
        assert_eq!(event("order.paid", order.clone()), Some((Class::Payment, found.clone())));
        assert_eq!(event("order.new_word", order.clone()), Some((Class::Payment, found.clone())));
        assert_eq!(event("order.created", order), Some((Class::Ignored, found.clone())));
        assert_eq!(event("charge.chargeback.won", charge.clone()), Some((Class::Payment, found.clone())));
        assert_eq!(event("charge.paid", charge), Some((Class::Ignored, found)));
        assert_eq!(event("order.paid", json!({})), Some((Class::Ignored, None)));
        assert_eq!(event("webhook_ping", json!(null)), Some((Class::Test, None)));
        assert_eq!(notice(&json!({"object": "event"})), None);
    }

    #[test]
    fn pointers_are_taken_from_the_metadata() {
        let metadata = json!({"sale_id": "TRX_1", "empresa_id": "EMP_1"});
        let object = json!({"object": "order", "id": "ord_1", "metadata": metadata});
        let body = json!({"id": "e", "type": "order.paid", "data": {"object": object}});
        let notice = notice(&body).expect("a notice");
        assert_eq!((notice.reference.as_deref(), notice.company.as_deref()), (Some("TRX_1"), Some("EMP_1")));
    }
}
