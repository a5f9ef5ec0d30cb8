//! What is sent to Conekta, and the rules it has for it.

use serde_json::{Map, Value, json};

use crate::gateway::{CardToken, OrderRequest};

/// Longest item name and metadata text, in characters.
const TEXT_CHARS_MAX: usize = 249;
/// Shortest item name, in characters.
const ITEM_CHARS_MIN: usize = 3;

/// Body of `POST /orders` without a charge.
#[must_use]
pub fn order(request: &OrderRequest) -> Value {
    let mut metadata = Map::new();
    metadata.insert("sale_id".into(), json!(request.purchase_id));
    for (name, value) in &request.labels {
        metadata.insert((*name).into(), json!(cut(value)));
    }
    json!({
        "currency": request.price.currency.code(),
        "customer_info": {
            "name": card_holder(&request.buyer.name),
            "email": request.buyer.email,
            "phone": request.buyer.phone,
        },
        "line_items": [{
            "name": item_name(&request.item),
            "unit_price": request.price.minor,
            "quantity": 1,
            "sku": format!("producto-{}", request.product_id),
        }],
        "metadata": metadata,
    })
}

/// Body of `POST /orders/{id}/charges` for the full amount.
#[must_use]
pub fn charge(token: &CardToken, attempt: &str) -> Value {
    json!({ "payment_method": { "type": "card", "token_id": token.0.as_str() }, "reference_id": attempt })
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
    use super::order;
    use crate::domain::money::{Currency, Money};
    use crate::gateway::{Buyer, OrderRequest};

    fn request(name: &str, item: &str) -> OrderRequest {
        OrderRequest {
            purchase_id: "TRX_1".into(),
            price: Money { minor: 1999, currency: Currency::Mxn },
            item: item.into(),
            product_id: 7,
            buyer: Buyer {
                name: name.into(),
                email: "ana@example.org".into(),
                phone: "+525512345678".into(),
            },
            labels: vec![("router_id", "RTR_1".into())],
        }
    }

    #[test]
    fn the_order_carries_exact_cents_and_our_reference() {
        let body = order(&request("Ana Ruiz", "Una hora"));
        assert_eq!(body["line_items"][0]["unit_price"], 1999);
        assert_eq!(body["metadata"]["sale_id"], "TRX_1");
        assert_eq!(body["metadata"]["router_id"], "RTR_1");
        assert!(body.get("charges").is_none());
    }

    #[test]
    fn names_are_brought_into_the_shape_that_the_gateway_takes() {
        assert_eq!(order(&request("Ana 3", "1h"))["customer_info"]["name"], "Ana Ana");
        assert_eq!(order(&request("  ", "1h"))["customer_info"]["name"], "Cliente WiFi");
        assert_eq!(order(&request("Ana", "1h"))["line_items"][0]["name"], "WiFi 1h");
        let long = order(&request("Ana Ruiz", &"ñ".repeat(300)));
        assert_eq!(long["line_items"][0]["name"].as_str().map(|name| name.chars().count()), Some(249));
    }
}
