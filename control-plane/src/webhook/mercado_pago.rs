//! Mercado Pago's notifications: how they are signed and what they say. Pure.
//!
//! `x-signature: ts=<digits>,v1=<hex>`, where `v1` is the HMAC-SHA256 of `id:<data.id>;request-id:<x-request-id>;ts:<ts>;`
//! under the company's secret. A pair is left out when its value is missing. The body is not signed.

use ring::hmac;
use serde_json::Value;

use super::notice::{Class, Delivery, Notice, read_body, short, short_text};

/// Most digits of a time stamp.
const TS_DIGITS_MAX: usize = 20;

/// Whether `header` signs one of `ids` with `secret`. Compares in constant time.
#[must_use]
pub fn is_signed(secret: &str, header: &str, request_id: Option<&str>, ids: &[Option<String>]) -> bool {
    let Some((ts, mac)) = read_header(header) else { return false };
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    ids.iter().any(|id| {
        let text = manifest(id.as_deref(), request_id, ts);
        hmac::verify(&key, text.as_bytes(), &mac).is_ok()
    })
}

/// The forms in which the id may have been signed: the query's, else the body's, else none; as it came and in lower case.
#[must_use]
pub fn signed_ids(delivery: &Delivery) -> Vec<Option<String>> {
    let cases = |id: String| [Some(id.to_lowercase()), Some(id)];
    match &delivery.query_id {
        Some(id) => cases(id.clone()).into(),
        None => {
            let body = read_body(&delivery.body).and_then(|body| short_text(&body["data"]["id"]));
            body.into_iter().flat_map(cases).chain([None]).collect()
        }
    }
}

fn manifest(id: Option<&str>, request_id: Option<&str>, ts: &str) -> String {
    let pair = |name: &str, value: Option<&str>| {
        value.filter(|value| !value.is_empty()).map(|value| format!("{name}:{value};")).unwrap_or_default()
    };
    format!("{}{}{}", pair("id", id), pair("request-id", request_id), pair("ts", Some(ts)))
}

/// Time stamp as text, and the signature. Seconds or milliseconds: both are only text here.
fn read_header(header: &str) -> Option<(&str, Vec<u8>)> {
    let part = |name: &str| {
        let mut parts = header.split(',').filter_map(|part| part.split_once('='));
        parts.find(|(key, _)| key.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    };
    let (ts, mac) = (part("ts")?, part("v1")?);
    let good = !ts.is_empty() && ts.len() <= TS_DIGITS_MAX && ts.bytes().all(|digit| digit.is_ascii_digit());
    Some((ts, hex::decode(mac).ok()?)).filter(|_| good)
}

/// What a notification says; none when it names neither kind nor object.
#[must_use]
pub fn notice(delivery: &Delivery, body: &Value) -> Option<Notice> {
    let action = short_text(&body["action"]);
    let about_payment = action.as_deref().is_some_and(|action| action.starts_with("payment."));
    let query_kind = || delivery.query_kind.clone().and_then(short);
    let kind = short_text(&body["type"])
        .or_else(query_kind)
        .or_else(|| short_text(&body["topic"]))
        .or_else(|| about_payment.then(|| "payment".to_owned()))?;
    let object_id = delivery
        .query_id
        .clone()
        .or_else(|| short_text(&body["data"]["id"]))
        .or_else(|| delivery.query_plain_id.clone())
        .or_else(|| short_text(&body["id"]))
        .and_then(short);
    let class = match kind.as_str() {
        "test" => Class::Test,
        "payment" if object_id.is_some() => Class::Payment,
        _ => Class::Ignored,
    };
    Some(Notice {
        class,
        notification_id: short_text(&body["id"]),
        kind,
        action,
        object_id,
        reference: short_text(&body["external_reference"])
            .or_else(|| short_text(&body["data"]["external_reference"])),
        company: None,
    })
}

#[cfg(test)]
mod tests {
    use ring::hmac;
    use serde_json::{Value, json};
    use zeroize::Zeroizing;

    use super::super::notice::{Class, Delivery, Source, Verdict};

    const SECRET: &str = "the secret of the application";

    fn delivery(body: &Value) -> Delivery {
        Delivery {
            source: Source::MercadoPago,
            body: body.to_string().into_bytes(),
            signature: None,
            request_id: Some("req-1".into()),
            query_id: Some("ABC123".into()),
            query_plain_id: None,
            query_kind: None,
        }
    }

    fn body(id: &str) -> Value {
        json!({"id": 12345, "type": "payment", "action": "payment.updated", "data": {"id": id}})
    }

    fn header(secret: &str, ts: &str, manifest: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        format!("ts={ts},v1={}", hex::encode(hmac::sign(&key, manifest.as_bytes())))
    }

    fn verdict(delivery: &Delivery, signature: Option<String>) -> Verdict {
        let keys = ["the secret before", SECRET].map(|key| Zeroizing::new(key.to_owned()));
        Delivery { signature, ..delivery.clone() }.verdict(&keys)
    }

    /// Worked out by hand with another tool, so that manifest and test cannot be wrong together.
    #[test]
    fn a_known_signature_is_good() {
        let known = include_str!("../../../tests/vectors/webhooks/mercado-pago.signature");
        assert_eq!(verdict(&delivery(&body("ABC123")), Some(known.trim().to_owned())), Verdict::Good);
    }

    #[test]
    fn what_is_signed_is_accepted_in_every_form_the_gateway_uses() {
        let seconds = "1774400000";
        let signed = |ts: &str, manifest: &str| Some(header(SECRET, ts, manifest));
        let as_it_came = delivery(&body("other"));
        let cases = [
            (signed(seconds, "id:ABC123;request-id:req-1;ts:1774400000;"), Verdict::Good),
            (signed(seconds, "id:abc123;request-id:req-1;ts:1774400000;"), Verdict::Good),
            (signed("1774400000123", "id:ABC123;request-id:req-1;ts:1774400000123;"), Verdict::Good),
            (signed(seconds, "id:other;request-id:req-1;ts:1774400000;"), Verdict::Bad),
            (signed(seconds, "id:ABC123;request-id:req-2;ts:1774400000;"), Verdict::Bad),
            (signed(seconds, "id:ABC123;ts:1774400000;"), Verdict::Bad),
            (signed("1774400001", "id:ABC123;request-id:req-1;ts:1774400000;"), Verdict::Bad),
            (signed("x", "id:ABC123;request-id:req-1;ts:x;"), Verdict::Bad),
            (Some(header("wrong", seconds, "id:ABC123;request-id:req-1;ts:1774400000;")), Verdict::Bad),
            (
                Some(header("the secret before", seconds, "id:ABC123;request-id:req-1;ts:1774400000;")),
                Verdict::Good,
            ),
            (Some("ts=1,v1=zz".into()), Verdict::Bad),
            (Some("ts=1,v1=".into()), Verdict::Bad),
            (Some("v1=00".into()), Verdict::Bad),
            (Some(String::new()), Verdict::Bad),
            (None, Verdict::Bad),
        ];
        for (signature, expected) in cases {
            assert_eq!(verdict(&as_it_came, signature.clone()), expected, "{signature:?}");
        }
        let spaced = header(SECRET, seconds, "id:ABC123;request-id:req-1;ts:1774400000;").replace(',', " , ");
        assert_eq!(verdict(&as_it_came, Some(spaced)), Verdict::Good);
    }

    #[test]
    fn a_missing_value_is_left_out() {
        let ts = "1774400000";
        let bare = Delivery { query_id: None, request_id: None, ..delivery(&json!({"type": "payment"})) };
        assert_eq!(verdict(&bare, Some(header(SECRET, ts, "ts:1774400000;"))), Verdict::Good);
        let in_body = Delivery { query_id: None, ..delivery(&body("ABC9")) };
        for id in ["ABC9", "abc9"] {
            let manifest = format!("id:{id};request-id:req-1;ts:1774400000;");
            assert_eq!(verdict(&in_body, Some(header(SECRET, ts, &manifest))), Verdict::Good, "{id}");
        }
        let without = "request-id:req-1;ts:1774400000;";
        assert_eq!(verdict(&in_body, Some(header(SECRET, ts, without))), Verdict::Good);
        let queried = delivery(&body("ABC123"));
        assert_eq!(verdict(&queried, Some(header(SECRET, ts, without))), Verdict::Bad);
    }

    #[test]
    fn without_a_secret_nothing_is_judged() {
        assert_eq!(delivery(&body("1")).verdict(&[]), Verdict::Unsigned);
    }

    #[test]
    fn the_object_is_the_query_s_then_the_body_s() {
        let no_query = |body: &Value| Delivery { query_id: None, ..delivery(body) };
        let ipn = Delivery {
            body: Vec::new(),
            query_plain_id: Some("77".into()),
            query_kind: Some("payment".into()),
            ..no_query(&json!({}))
        };
        let cases = [
            (delivery(&body("1")), Some("ABC123")),
            (no_query(&body("1")), Some("1")),
            (no_query(&json!({"type": "payment", "id": 55})), Some("55")),
            (no_query(&json!({"action": "payment.created", "data": {"id": 56}})), Some("56")),
            (ipn, Some("77")),
        ];
        for (delivery, expected) in cases {
            let notice = delivery.notice().expect("a notice");
            assert_eq!((notice.class, notice.object_id.as_deref()), (Class::Payment, expected));
        }
    }

    #[test]
    fn kinds_are_sorted() {
        let class = |kind: &str| {
            let body = json!({"type": kind, "data": {"id": 1}});
            delivery(&body).notice().map(|notice| notice.class)
        };
        assert_eq!(class("payment"), Some(Class::Payment));
        assert_eq!(class("test"), Some(Class::Test));
        assert_eq!(class("topic_merchant_order_wh"), Some(Class::Ignored));
        let garbage = Delivery { body: b"<xml>".to_vec(), ..delivery(&json!({})) };
        assert_eq!(garbage.notice(), None);
    }
}
