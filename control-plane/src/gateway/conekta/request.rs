//! What is sent to Conekta, and the rules it has for it.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::gateway::{Means, RefundReason, RefundRequest, Sale};

/// Longest item name and metadata text, in characters.
const TEXT_CHARS_MAX: usize = 249;
/// Shortest item name, in characters.
const ITEM_CHARS_MIN: usize = 3;

#[derive(Serialize)]
struct ChargeFields<'a> {
    payment_method: PaymentMethod<'a>,
    reference_id: &'a str,
}

#[derive(Serialize)]
struct PaymentMethod<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    token_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_ip_address: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    monthly_installments: Option<u32>,
}

/// Body of `POST /orders` without a charge.
#[must_use]
pub fn order(sale: &Sale) -> Value {
    let mut metadata = Map::new();
    for (name, value) in &sale.labels {
        metadata.insert((*name).into(), json!(cut(value)));
    }
    metadata.insert("sale_id".into(), json!(sale.purchase_id));
    let mut customer = Map::new();
    customer.insert("name".into(), json!(card_holder(&sale.buyer.name)));
    customer.insert("email".into(), json!(sale.buyer.email));
    if let Some(phone) = &sale.buyer.phone {
        customer.insert("phone".into(), json!(phone));
    }
    json!({
        "currency": sale.price.currency.code(),
        "customer_info": customer,
        "line_items": [{
            "name": item_name(&sale.item),
            "unit_price": sale.price.minor,
            "quantity": 1,
            "sku": format!("producto-{}", sale.product_id),
        }],
        "metadata": metadata,
    })
}

/// Body of `POST /orders/{id}/charges`. It names no amount: that charges the order in full.
#[must_use]
pub fn charge(sale: &Sale, means: &Means) -> String {
    let fields = ChargeFields {
        payment_method: PaymentMethod {
            kind: "card",
            token_id: &means.token.0,
            customer_ip_address: means.ip.as_deref(),
            monthly_installments: Some(means.installments).filter(|months| *months > 1),
        },
        reference_id: &sale.attempt,
    };
    serde_json::to_string(&fields).expect("texts and numbers are JSON")
}

/// Body of `POST /orders/{id}/refunds`.
#[must_use]
pub fn refund(request: &RefundRequest) -> Value {
    let reason = match request.reason {
        RefundReason::Requested => "requested_by_client",
        RefundReason::NotDelivered => "cannot_be_fulfilled",
    };
    json!({ "amount": request.amount.minor, "reason": reason })
}

fn cut(text: &str) -> String {
    text.chars().take(TEXT_CHARS_MAX).collect()
}

/// An item name of 3 to 249 characters.
fn item_name(name: &str) -> String {
    let name = cut(name.trim());
    if name.chars().count() < ITEM_CHARS_MIN { format!("WiFi {name}") } else { name }
}

/// Conekta wants first and last name, and no digits.
fn card_holder(name: &str) -> String {
    let letters: String = name.chars().filter(|letter| !letter.is_ascii_digit()).collect();
    let words: Vec<&str> = letters.split_whitespace().collect();
    match words.as_slice() {
        [] => "Cliente WiFi".into(),
        [only] => cut(&format!("{only} {only}")),
        several => cut(&several.join(" ")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{ProptestConfig, proptest};
    use serde_json::json;
    use zeroize::Zeroizing;

    use super::{charge, order, refund};
    use crate::domain::money::{Currency, Money};
    use crate::gateway::{Buyer, CardToken, Means, RefundReason, RefundRequest, Sale};

    fn sale(name: &str, item: &str) -> Sale {
        Sale {
            purchase_id: "TRX_1".into(),
            attempt: "TRX_1-1".into(),
            price: Money { minor: 1999, currency: Currency::Mxn },
            item: item.into(),
            product_id: 7,
            buyer: Buyer {
                name: name.into(),
                email: "ana@example.org".into(),
                phone: Some("+525512345678".into()),
            },
            labels: vec![("router_id", "RTR_1".into()), ("sale_id", "a label is not our reference".into())],
        }
    }

    fn means(ip: Option<&str>, installments: u32) -> Means {
        Means {
            token: CardToken(Zeroizing::new("tok_1".into())),
            method: None,
            issuer: None,
            installments,
            ip: ip.map(str::to_owned),
            notify_url: None,
        }
    }

    #[test]
    fn the_order_carries_exact_cents_and_our_reference() {
        let body = order(&sale("Ana Ruiz", "Una hora"));
        assert_eq!(body["line_items"][0]["unit_price"], 1999);
        assert_eq!(body["metadata"], json!({"sale_id": "TRX_1", "router_id": "RTR_1"}));
        assert_eq!(body["customer_info"]["phone"], "+525512345678");
        assert!(body.get("charges").is_none());
    }

    #[test]
    fn names_are_brought_into_the_shape_that_the_gateway_takes() {
        assert_eq!(order(&sale("Ana 3", "1h"))["customer_info"]["name"], "Ana Ana");
        assert_eq!(order(&sale("  ", "1h"))["customer_info"]["name"], "Cliente WiFi");
        assert_eq!(order(&sale("Ana", "1h"))["line_items"][0]["name"], "WiFi 1h");
        let long = order(&sale("Ana Ruiz", &"ñ".repeat(300)));
        assert_eq!(long["line_items"][0]["name"].as_str().map(|name| name.chars().count()), Some(249));
    }

    #[test]
    fn the_charge_is_these_bytes() {
        let sale = sale("Ana Ruiz", "Una hora");
        assert_eq!(
            charge(&sale, &means(Some("203.0.113.7"), 1)),
            concat!(
                r#"{"payment_method":{"type":"card","token_id":"tok_1","customer_ip_address":"203.0.113.7"},"#,
                r#""reference_id":"TRX_1-1"}"#
            )
        );
        assert_eq!(
            charge(&sale, &means(None, 3)),
            concat!(
                r#"{"payment_method":{"type":"card","token_id":"tok_1","monthly_installments":3},"#,
                r#""reference_id":"TRX_1-1"}"#
            )
        );
    }

    #[test]
    fn a_refund_tells_how_much_and_why() {
        for (reason, word) in [
            (RefundReason::Requested, "requested_by_client"),
            (RefundReason::NotDelivered, "cannot_be_fulfilled"),
        ] {
            let request = RefundRequest {
                payment: "ord_1".into(),
                amount: Money { minor: 1999, currency: Currency::Mxn },
                full: true,
                reason,
                idempotency_key: "k".into(),
            };
            assert_eq!(refund(&request), json!({"amount": 1999, "reason": word}));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_typed_is_what_the_gateway_is_asked_for(minor in 1_i64..=10_000_000) {
            let typed = format!("{}.{:02}", minor / 100, minor % 100);
            let price = Money::parse(&typed, Currency::Mxn).expect("a price");
            let sale = Sale { price, ..sale("Ana Ruiz", "Una hora") };
            assert_eq!(order(&sale)["line_items"][0]["unit_price"], minor);
        }
    }
}
