//! One HTTP exchange with a gateway: sent once, waited for within its time, read whole or not at all.
//!
//! Knows no gateway's words. What cannot be told from an exchange is told as such, never guessed.

#[cfg(test)]
pub(super) mod canned;

use reqwest::{RequestBuilder, Url};
use serde_json::Value;

use super::GatewayName;

/// Largest answer read, in bytes.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Longest text of a gateway that goes into a log line, in characters.
const LOG_CHARS_MAX: usize = 100;
/// Header under which a gateway tells its own number of the request.
const REQUEST_ID: &str = "x-request-id";

/// An HTTP answer, read whole.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    /// HTTP status.
    pub(super) status: u16,
    /// The gateway's own number of the request; empty if it tells none.
    pub(super) request_id: String,
    /// The body as it came.
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// The body as JSON; null when it is none.
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// Logs a refusal; `log_id` and `code` are the gateway's words for it, never a text that may name a person.
    pub(super) fn log_refusal(&self, gateway: GatewayName, log_id: &str, code: &str) {
        if self.status >= 400 {
            tracing::info!(
                gateway = gateway.as_str(),
                http.status = self.status,
                gateway.request_id = short(&self.request_id),
                gateway.log_id = short(log_id),
                gateway.code = short(code),
                "gateway refused"
            );
        }
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Silence {
    /// Nothing was sent: the request cannot be put into words, such as a key that fits no header.
    NotSent,
    /// It may have arrived.
    NoAnswer,
}

/// Sends and reads the whole answer.
pub(super) async fn send(gateway: GatewayName, request: RequestBuilder) -> Result<Answer, Silence> {
    let gateway = gateway.as_str();
    let mut response = match request.send().await {
        Ok(response) => response,
        Err(error) => {
            let silence = if error.is_builder() { Silence::NotSent } else { Silence::NoAnswer };
            tracing::warn!(gateway, error = %error.without_url(), "gateway did not answer");
            return Err(silence);
        }
    };
    let status = response.status().as_u16();
    let request_id = response.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok()).unwrap_or_default();
    let request_id = request_id.to_owned();
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > ANSWER_BYTES_MAX => {
                tracing::warn!(gateway, http.status = status, "gateway answer is too large");
                return Err(Silence::NoAnswer);
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok(Answer { status, request_id, body }),
            Err(error) => {
                let error = error.without_url();
                tracing::warn!(gateway, http.status = status, error = %error, "gateway answer broke off");
                return Err(Silence::NoAnswer);
            }
        }
    }
}

/// `text` as one part of a path: it can neither end the part nor name another one.
pub(super) fn segment(text: &str) -> String {
    let mut segment = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') {
            segment.push(char::from(byte));
        } else {
            segment.push_str(&format!("%{byte:02X}"));
        }
    }
    segment
}

/// `path` with a query.
pub(super) fn with_query(path: &str, pairs: &[(&str, &str)]) -> String {
    // Only its query is used; a query knows no host.
    let mut url = Url::parse("http://query.invalid/").expect("a constant address");
    url.query_pairs_mut().extend_pairs(pairs);
    format!("{path}?{}", url.query().unwrap_or_default())
}

/// A page that may be shown to a buyer: https, under one of the gateway's own `domains`, without a login in it.
pub(super) fn own_page(url: &str, domains: &[&str]) -> Option<String> {
    let url = Url::parse(url).ok().filter(|url| url.scheme() == "https")?;
    let host = url.host_str()?;
    let under =
        |domain: &str| host.strip_suffix(domain).is_some_and(|sub| sub.is_empty() || sub.ends_with('.'));
    let bare = url.username().is_empty() && url.password().is_none();
    (bare && domains.iter().any(|domain| under(domain))).then(|| url.to_string())
}

/// Last four digits, and nothing that could be a whole card number.
pub(super) fn last4(text: &str) -> Option<String> {
    (text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.to_owned())
}

fn short(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(LOG_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::{last4, own_page, segment, with_query};

    #[test]
    fn an_id_cannot_leave_its_place_in_the_path() {
        assert_eq!(segment("ord_2tX-9"), "ord_2tX-9");
        assert_eq!(segment("../payments?x=1#"), "%2E%2E%2Fpayments%3Fx%3D1%23");
    }

    #[test]
    fn a_query_is_escaped() {
        let query = with_query("/orders", &[("created_at.gte", "1"), ("begin", "a+b&c=d")]);
        assert_eq!(query, "/orders?created_at.gte=1&begin=a%2Bb%26c%3Dd");
    }

    #[test]
    fn only_the_gateways_own_page_is_shown_to_a_buyer() {
        let domains = ["pay.example", "pay.example.mx"];
        for good in ["https://pay.example/x?y=1", "https://3ds.pay.example/", "https://a.b.pay.example.mx/"] {
            assert_eq!(own_page(good, &domains).as_deref(), Some(good));
        }
        for bad in [
            "http://pay.example/",
            "https://pay.example.evil.test/",
            "https://evilpay.example/",
            "https://evil.test\\.pay.example/",
            "https://pay.example@evil.test/",
            "https://user:word@pay.example/",
            "javascript:alert(1)",
            "//pay.example/",
            "",
        ] {
            assert_eq!(own_page(bad, &domains), None, "{bad}");
        }
    }

    #[test]
    fn only_four_digits_are_the_last_four() {
        assert_eq!(last4("4242").as_deref(), Some("4242"));
        for text in ["", "424", "4242424242424242", "42a2"] {
            assert_eq!(last4(text), None);
        }
    }
}
