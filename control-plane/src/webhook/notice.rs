//! What a notification is before and after it is read: pure.

use serde_json::Value;
use zeroize::Zeroizing;

use super::{conekta, mercado_pago};

/// Longest text taken from a notification, in bytes; a longer one counts as absent.
const TEXT_BYTES_MAX: usize = 100;

/// Who sends notifications.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// Conekta.
    Conekta,
    /// Mercado Pago.
    MercadoPago,
}

impl Source {
    /// The word in tables and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Conekta => "conekta",
            Self::MercadoPago => "mercado_pago",
        }
    }

    /// The word in addresses.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Conekta => "conekta",
            Self::MercadoPago => "mercado-pago",
        }
    }

    /// Reads the word of tables.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Conekta, Self::MercadoPago].into_iter().find(|source| source.as_str() == text)
    }

    /// Which gateway sends this, at the address that takes both.
    #[must_use]
    pub fn guess(has_digest: bool, body: &[u8]) -> Self {
        let event = || read_body(body).is_some_and(|body| body["object"] == "event");
        if has_digest || event() { Self::Conekta } else { Self::MercadoPago }
    }
}

/// One request as it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Who sends it, by the address.
    pub source: Source,
    /// The raw body.
    pub body: Vec<u8>,
    /// `DIGEST` or `x-signature`.
    pub signature: Option<String>,
    /// `x-request-id`.
    pub request_id: Option<String>,
    /// The query's `data.id`.
    pub query_id: Option<String>,
    /// The query's `id`, of the oldest form.
    pub query_plain_id: Option<String>,
    /// The query's `type` or `topic`.
    pub query_kind: Option<String>,
}

/// What is done about a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// It says that a payment changed.
    Payment,
    /// The gateway tries the address.
    Test,
    /// It is about nothing of ours.
    Ignored,
}

/// What a notification says. All of it is hearsay: it tells where to look, never what is true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What is done about it.
    pub class: Class,
    /// The gateway's id of the notification.
    pub notification_id: Option<String>,
    /// `payment`, `order.paid`, …
    pub kind: String,
    /// What happened, where the gateway says so apart from the kind.
    pub action: Option<String>,
    /// Order or payment at the gateway.
    pub object_id: Option<String>,
    /// Our own reference, if it is named.
    pub reference: Option<String>,
    /// Our company, if it is named.
    pub company: Option<String>,
}

/// Whether a notification comes from whom it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The signature is good.
    Good,
    /// The company has nothing to verify it with.
    Unsigned,
    /// The signature is wrong or missing.
    Bad,
}

impl Delivery {
    /// What it says; none when it cannot be read.
    #[must_use]
    pub fn notice(&self) -> Option<Notice> {
        match self.source {
            Source::Conekta => conekta::notice(&read_body(&self.body)?),
            Source::MercadoPago => mercado_pago::notice(self, &read_body(&self.body).unwrap_or(Value::Null)),
        }
    }

    /// Judges the signature with the keys in force.
    #[must_use]
    pub fn verdict(&self, keys: &[Zeroizing<String>]) -> Verdict {
        if keys.is_empty() {
            return Verdict::Unsigned;
        }
        let Some(signature) = self.signature.as_deref() else { return Verdict::Bad };
        let good = match self.source {
            Source::Conekta => keys.iter().any(|key| conekta::is_signed(key, &self.body, signature)),
            Source::MercadoPago => {
                let ids = mercado_pago::signed_ids(self);
                let request_id = self.request_id.as_deref();
                keys.iter().any(|key| mercado_pago::is_signed(key, signature, request_id, &ids))
            }
        };
        if good { Verdict::Good } else { Verdict::Bad }
    }
}

/// The body as JSON; none when it is something else.
pub(super) fn read_body(body: &[u8]) -> Option<Value> {
    serde_json::from_slice(body).ok().filter(Value::is_object)
}

/// A short text, or a whole number as its text; none for anything else.
pub(super) fn short_text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) if number.is_i64() || number.is_u64() => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    short(text)
}

/// The text, unless it is empty, too long, or holds what no database column takes.
pub(super) fn short(text: String) -> Option<String> {
    let good = !text.is_empty() && text.len() <= TEXT_BYTES_MAX && !text.chars().any(char::is_control);
    good.then_some(text)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Source, short_text};

    #[test]
    fn only_short_plain_texts_are_taken() {
        let cases: [(Value, Option<&str>); 8] = [
            (json!("ord_1"), Some("ord_1")),
            (json!(" ord_1 "), Some("ord_1")),
            (json!(12345), Some("12345")),
            (json!(1.5), None),
            (json!(""), None),
            (json!("a\u{0}b"), None),
            (json!("x".repeat(101)), None),
            (json!({"a": 1}), None),
        ];
        for (value, expected) in cases {
            assert_eq!(short_text(&value).as_deref(), expected, "{value}");
        }
    }

    #[test]
    fn the_sender_is_told_by_digest_or_body() {
        let cases: [(bool, &[u8], Source); 5] = [
            (true, b"{}", Source::Conekta),
            (false, br#"{"object":"event"}"#, Source::Conekta),
            (false, br#"{"type":"payment"}"#, Source::MercadoPago),
            (false, b"garbage", Source::MercadoPago),
            (true, b"garbage", Source::Conekta),
        ];
        for (digest, body, expected) in cases {
            assert_eq!(Source::guess(digest, body), expected);
        }
    }
}
