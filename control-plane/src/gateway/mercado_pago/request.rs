//! What is sent to Mercado Pago, and the rules it has for it.
//!
//! Amounts are written as decimal text and go out as JSON numbers of exactly that text. The fields of a body keep
//! their order, so that equal input gives equal bytes: another byte under the same key may be a conflict.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::domain::money::Money;
use crate::domain::time::Timestamp;
use crate::gateway::{Means, RefundRequest, Sale};

/// Longest statement descriptor, in characters.
const DESCRIPTOR_CHARS_MAX: usize = 13;
/// Longest description, title and name, in characters.
const TEXT_CHARS_MAX: usize = 250;
/// Longest device id, in characters.
const DEVICE_CHARS_MAX: usize = 255;

#[derive(Serialize)]
struct PaymentBody<'a> {
    transaction_amount: Box<RawValue>,
    token: &'a str,
    installments: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_method_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer_id: Option<u64>,
    description: String,
    external_reference: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    statement_descriptor: Option<String>,
    binary_mode: bool,
    capture: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    notification_url: Option<&'a str>,
    payer: Payer<'a>,
    metadata: BTreeMap<&'a str, &'a str>,
    additional_info: AdditionalInfo<'a>,
}

#[derive(Serialize)]
struct Payer<'a> {
    email: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<Phone>,
}

#[derive(Serialize)]
struct Phone {
    number: String,
}

#[derive(Serialize)]
struct AdditionalInfo<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    ip_address: Option<&'a str>,
    items: [Item; 1],
}

#[derive(Serialize)]
struct Item {
    id: String,
    title: String,
    category_id: &'static str,
    quantity: u32,
    unit_price: Box<RawValue>,
}

#[derive(Serialize)]
struct PartialRefund {
    amount: Box<RawValue>,
}

/// Body of `POST /v1/payments`.
#[must_use]
pub fn payment(sale: &Sale, means: &Means, descriptor: &str) -> String {
    let mut metadata: BTreeMap<_, _> =
        sale.labels.iter().map(|(name, value)| (*name, value.as_str())).collect();
    metadata.insert("sale_id", &sale.purchase_id);
    let title = cut(sale.item.trim());
    let body = PaymentBody {
        transaction_amount: number(sale.price),
        token: &means.token.0,
        installments: means.installments.max(1),
        payment_method_id: means.method.as_deref().filter(|method| !method.is_empty()),
        issuer_id: means.issuer.as_deref().and_then(|issuer| issuer.trim().parse().ok()),
        description: title.clone(),
        external_reference: &sale.attempt,
        statement_descriptor: statement_descriptor(descriptor),
        binary_mode: true,
        capture: true,
        notification_url: means.notify_url.as_deref(),
        payer: payer(sale),
        metadata,
        additional_info: AdditionalInfo {
            ip_address: means.ip.as_deref(),
            items: [Item {
                id: format!("producto-{}", sale.product_id),
                title,
                category_id: "services",
                quantity: 1,
                unit_price: number(sale.price),
            }],
        },
    };
    json(&body)
}

/// Body of `POST /v1/payments/{id}/refunds`; an empty object gives everything back.
#[must_use]
pub fn refund(request: &RefundRequest) -> String {
    if request.full { "{}".into() } else { json(&PartialRefund { amount: number(request.amount) }) }
}

/// Key of the only cancellation a payment can have, so that a repeat of it is recognised.
#[must_use]
pub fn cancel_key(payment: &str) -> String {
    format!("cancel-{payment}")
}

/// A device id that fits a header.
#[must_use]
pub fn device(text: &str) -> Option<&str> {
    let fits = !text.is_empty() && text.len() <= DEVICE_CHARS_MAX;
    (fits && text.bytes().all(|byte| byte.is_ascii_graphic())).then_some(text)
}

/// A point in time in the only form that is taken: milliseconds and an offset (`2026-01-31T14:04:58.396+00:00`).
#[must_use]
pub fn date(at: Timestamp) -> String {
    let iso = at.iso();
    let whole = iso.split('.').next().unwrap_or_default();
    format!("{whole}.{:03}+00:00", at.0.rem_euclid(1000))
}

fn payer(sale: &Sale) -> Payer<'_> {
    let name = sale.buyer.name.trim();
    let (first, rest) = name.split_once(char::is_whitespace).unwrap_or((name, ""));
    let some = |text: &str| (!text.is_empty()).then(|| cut(text));
    Payer {
        email: &sale.buyer.email,
        first_name: some(first),
        last_name: some(rest.trim()),
        phone: sale.buyer.phone.as_deref().and_then(phone),
    }
}

/// Digits only; a Mexican number without its country code.
fn phone(text: &str) -> Option<Phone> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let number = match digits.strip_prefix("52") {
        Some(national) if national.len() == 10 => national.to_owned(),
        Some(_) | None => digits,
    };
    (!number.is_empty()).then_some(Phone { number })
}

fn statement_descriptor(text: &str) -> Option<String> {
    let plain = text.chars().filter(|letter| letter.is_ascii_graphic() || *letter == ' ');
    let plain: String = plain.collect::<String>().trim().chars().take(DESCRIPTOR_CHARS_MAX).collect();
    let plain = plain.trim_end().to_owned();
    (!plain.is_empty()).then_some(plain)
}

fn number(amount: Money) -> Box<RawValue> {
    RawValue::from_string(amount.exact()).expect("digits and a point are a JSON number")
}

fn cut(text: &str) -> String {
    text.chars().take(TEXT_CHARS_MAX).collect()
}

fn json(body: &impl Serialize) -> String {
    serde_json::to_string(body).expect("texts and numbers are JSON")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{ProptestConfig, proptest};
    use serde_json::{Value, json};
    use zeroize::Zeroizing;

    use super::{cancel_key, date, device, payment, refund};
    use crate::domain::money::{Currency, Money};
    use crate::domain::time::Timestamp;
    use crate::gateway::{Buyer, CardToken, Means, RefundReason, RefundRequest, Sale};

    fn sale() -> Sale {
        Sale {
            purchase_id: "TRX_1".into(),
            attempt: "TRX_1-2".into(),
            price: Money { minor: 2000, currency: Currency::Mxn },
            item: "WiFi 1 hora".into(),
            product_id: 17,
            buyer: Buyer { name: "Ana Diaz Ruiz".into(), email: "ana@example.mx".into(), phone: None },
            labels: vec![("router_id", "RTR_1".into()), ("empresa_id", "EMP_1".into())],
        }
    }

    fn means() -> Means {
        Means {
            token: CardToken(Zeroizing::new("ff8080".into())),
            method: Some("visa".into()),
            issuer: Some("310".into()),
            installments: 1,
            ip: Some("203.0.113.7".into()),
            notify_url: Some("https://api.example.net/n/1".into()),
        }
    }

    fn body(sale: &Sale, means: &Means) -> Value {
        serde_json::from_str(&payment(sale, means, "HOTSPOT WIFI")).expect("JSON")
    }

    #[test]
    fn the_body_is_these_bytes() {
        let expected = concat!(
            r#"{"transaction_amount":20.00,"token":"ff8080","installments":1,"payment_method_id":"visa","#,
            r#""issuer_id":310,"description":"WiFi 1 hora","external_reference":"TRX_1-2","#,
            r#""statement_descriptor":"HOTSPOT WIFI","binary_mode":true,"capture":true,"#,
            r#""notification_url":"https://api.example.net/n/1","#,
            r#""payer":{"email":"ana@example.mx","first_name":"Ana","last_name":"Diaz Ruiz"},"#,
            r#""metadata":{"empresa_id":"EMP_1","router_id":"RTR_1","sale_id":"TRX_1"},"#,
            r#""additional_info":{"ip_address":"203.0.113.7","items":[{"id":"producto-17","#,
            r#""title":"WiFi 1 hora","category_id":"services","quantity":1,"unit_price":20.00}]}}"#,
        );
        assert_eq!(payment(&sale(), &means(), "HOTSPOT WIFI"), expected);
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let mut sale = sale();
        sale.buyer.name = " Ana ".into();
        let means = Means {
            method: None,
            issuer: Some("banco".into()),
            installments: 0,
            ip: None,
            notify_url: None,
            ..means()
        };
        let body: Value = serde_json::from_str(&payment(&sale, &means, " ¡é! ")).expect("JSON");
        assert_eq!(body["payer"], json!({"email": "ana@example.mx", "first_name": "Ana"}));
        assert_eq!(body["installments"], 1);
        assert_eq!(body["statement_descriptor"], "!");
        for name in ["payment_method_id", "issuer_id", "notification_url"] {
            assert!(body.get(name).is_none(), "{name}");
        }
        assert!(body["additional_info"].get("ip_address").is_none());
        sale.buyer.name = "  ".into();
        assert_eq!(super::payer(&sale).first_name, None);
    }

    #[test]
    fn amounts_have_the_decimals_of_their_currency() {
        for (minor, currency, text) in [
            (1999, Currency::Mxn, "19.99"),
            (5, Currency::Brl, "0.05"),
            (1500, Currency::Clp, "1500"),
            (10_000_000, Currency::Mxn, "100000.00"),
        ] {
            let sale = Sale { price: Money { minor, currency }, ..sale() };
            let body = payment(&sale, &means(), "");
            assert!(body.starts_with(&format!("{{\"transaction_amount\":{text},")), "{text}");
            assert!(body.contains(&format!("\"unit_price\":{text}}}")), "{text}");
        }
    }

    #[test]
    fn a_phone_is_sent_only_if_given() {
        let with = |phone: &str| {
            let mut sale = sale();
            sale.buyer.phone = Some(phone.into());
            body(&sale, &means())["payer"].get("phone").cloned()
        };
        assert_eq!(with("+52 55 1234 5678"), Some(json!({"number": "5512345678"})));
        assert_eq!(with("5212345678"), Some(json!({"number": "5212345678"})));
        assert_eq!(with("-"), None);
    }

    #[test]
    fn the_descriptor_is_short_and_plain() {
        let descriptor = |text| super::statement_descriptor(text);
        assert_eq!(descriptor("CAFÉ HOTSPOT WIFI").as_deref(), Some("CAF HOTSPOT W"));
        assert_eq!(descriptor("ABCDEFGHIJKL MN").as_deref(), Some("ABCDEFGHIJKL"));
        assert_eq!(descriptor("  "), None);
    }

    #[test]
    fn a_refund_names_its_amount_only_when_it_is_a_part() {
        let request = |full| RefundRequest {
            payment: "1".into(),
            amount: Money { minor: 550, currency: Currency::Mxn },
            full,
            reason: RefundReason::Requested,
            idempotency_key: "k".into(),
        };
        assert_eq!(refund(&request(true)), "{}");
        assert_eq!(refund(&request(false)), r#"{"amount":5.50}"#);
    }

    #[test]
    fn headers_and_dates_have_the_form_that_is_taken() {
        assert_eq!(date(Timestamp(1_772_388_245_123)), "2026-03-01T18:04:05.123+00:00");
        assert_eq!(date(Timestamp(1_772_388_245_000)), "2026-03-01T18:04:05.000+00:00");
        assert_eq!(cancel_key("123"), cancel_key("123"));
        assert_eq!(device("armor.abc-1"), Some("armor.abc-1"));
        for bad in ["", "a b", "a\r\nX: y", "ñ"] {
            assert_eq!(device(bad), None);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_typed_is_what_the_gateway_is_asked_for(minor in 1_i64..=10_000_000) {
            let typed = format!("{}.{:02}", minor / 100, minor % 100);
            let price = Money::parse(&typed, Currency::Mxn).expect("a price");
            let body = payment(&Sale { price, ..sale() }, &means(), "");
            let start = format!("{{\"transaction_amount\":{typed},");
            assert!(body.starts_with(&start), "{}", body);
        }
    }
}
