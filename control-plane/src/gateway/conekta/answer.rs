//! What Conekta answers, and what it means for a purchase.
//!
//! Rule: an answer that is not understood is unknown, never a failure.

use serde_json::Value;

use super::refusal;
use crate::domain::code::Code;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::money::Money;
use crate::gateway::{Card, Charging, Opening, Order, OrderStatus, OrderView, Reading};

/// Domain under which the buyer's bank page lies; nothing else is sent to a browser.
const REDIRECT_DOMAIN: &str = "conekta.com";

/// Meaning of an answer to `POST /orders`.
#[must_use]
pub fn opening(status: u16, body: &Value, price: Money) -> Opening {
    match status {
        200..=299 => match (text(body, "id"), integer(body, "amount")) {
            (Some(id), Some(amount)) if amount == price.minor => {
                Opening::Opened(Order { id: id.into(), live: flag(body, "livemode") })
            }
            (Some(_), Some(_)) => {
                tracing::error!(gateway = "conekta", "gateway opened an order with another amount");
                Opening::Refused(Failure::new(Code::GatewayError, FailureKind::Gateway))
            }
            _ => Opening::Unknown,
        },
        400..=499 => Opening::Refused(refusal::failure(status, body)),
        _ => Opening::Unknown,
    }
}

/// Meaning of an answer to `POST /orders/{id}/charges`.
#[must_use]
pub fn charging(status: u16, body: &Value) -> Charging {
    let is_error = text(body, "object") == Some("error");
    match status {
        200..=299 if text(body, "id").is_some() => Charging::Accepted,
        // The order's state forbids a charge: it may be paid already, and reading it tells.
        428 => Charging::Accepted,
        // The key is refused: nothing behind it was reached.
        401 if is_error => Charging::NotCharged(refusal::failure(status, body)),
        400 | 402 | 403 | 404 | 409 | 422 | 429 if is_error => {
            Charging::Refused(refusal::failure(status, body))
        }
        // Anything else may come from something between the gateway and us.
        _ => Charging::Unknown,
    }
}

/// Meaning of an answer to `GET /orders/{id}`.
#[must_use]
pub fn reading(status: u16, body: &Value) -> Reading {
    match status {
        200..=299 => view(body).map_or(Reading::Unknown, Reading::Found),
        401 | 403 | 404 => Reading::Denied,
        _ => Reading::Unknown,
    }
}

fn view(body: &Value) -> Option<OrderView> {
    text(body, "id")?;
    let reference = body.pointer("/metadata/sale_id");
    Some(OrderView {
        status: order_status(body),
        amount_minor: integer(body, "amount")?,
        currency: text(body, "currency")?.to_owned(),
        reference: reference.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)),
        live: flag(body, "livemode"),
        refunded_minor: integer(body, "amount_refunded").unwrap_or(0),
        card: last_charge(body).map(card),
    })
}

/// Meaning of an order's `payment_status` word.
fn order_status(body: &Value) -> OrderStatus {
    let payment = |code| Failure::new(code, FailureKind::Payment);
    let Some(word) = text(body, "payment_status") else { return OrderStatus::NoCharge };
    match word {
        "paid" => OrderStatus::Paid,
        "pending_payment" | "pre_authorized" | "pending" => {
            OrderStatus::Pending { redirect: redirect(body), review: false }
        }
        "under_fraud_review" => OrderStatus::Pending { redirect: None, review: true },
        "declined" => OrderStatus::Declined(refusal::declined(
            last_charge(body).and_then(|charge| text(charge, "failure_code")),
        )),
        "failed" | "fraudulent" => OrderStatus::Declined(payment(Code::PaymentFailed)),
        "expired" => OrderStatus::Closed(payment(Code::PaymentExpired)),
        "canceled" => OrderStatus::Closed(payment(Code::PaymentCanceled)),
        "voided" => OrderStatus::Closed(payment(Code::PaymentVoided)),
        "refunded" => OrderStatus::Reversed(payment(Code::PaymentRefunded)),
        "charged_back" | "chargeback" => OrderStatus::Reversed(payment(Code::PaymentDisputed)),
        other => OrderStatus::Other(other.to_owned()),
    }
}

/// The page the buyer must open, only if it is Conekta's own.
fn redirect(body: &Value) -> Option<String> {
    let url = body.pointer("/next_action/redirect_to_url/url")?.as_str()?;
    let url = reqwest::Url::parse(url).ok().filter(|url| url.scheme() == "https")?;
    let host = url.host_str()?;
    let theirs = host == REDIRECT_DOMAIN || host.ends_with(&format!(".{REDIRECT_DOMAIN}"));
    theirs.then(|| url.to_string())
}

fn last_charge(body: &Value) -> Option<&Value> {
    body.pointer("/charges/data")?.as_array()?.last()
}

fn card(charge: &Value) -> Card {
    let method = charge.get("payment_method").unwrap_or(&Value::Null);
    let owned = |name| text(method, name).map(str::to_owned);
    Card {
        brand: owned("brand"),
        last4: owned("last4"),
        issuer: owned("issuer"),
        auth_code: owned("auth_code"),
    }
}

fn text<'a>(body: &'a Value, name: &str) -> Option<&'a str> {
    body.get(name)?.as_str().filter(|text| !text.is_empty())
}

fn integer(body: &Value, name: &str) -> Option<i64> {
    body.get(name)?.as_i64()
}

fn flag(body: &Value, name: &str) -> bool {
    body.get(name).and_then(Value::as_bool).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{charging, opening, reading};
    use crate::domain::code::Code;
    use crate::domain::failure::{Failure, FailureKind};
    use crate::domain::money::{Currency, Money};
    use crate::gateway::{Charging, Opening, OrderStatus, Reading};

    fn order(status: &Value) -> Value {
        json!({"id": "ord_1", "amount": 2000, "currency": "MXN", "livemode": false, "payment_status": status,
               "metadata": {"sale_id": "TRX_1"}, "charges": null})
    }

    fn status(body: &Value) -> OrderStatus {
        match reading(200, body) {
            Reading::Found(view) => view.status,
            Reading::Denied | Reading::Unknown => panic!("the order is there"),
        }
    }

    fn payment(code: Code) -> Failure {
        Failure::new(code, FailureKind::Payment)
    }

    #[test]
    fn every_status_word_has_its_meaning() {
        let pending = OrderStatus::Pending { redirect: None, review: false };
        let table = [
            (json!(null), OrderStatus::NoCharge),
            (json!("paid"), OrderStatus::Paid),
            (json!("pending_payment"), pending.clone()),
            (json!("pre_authorized"), pending),
            (json!("under_fraud_review"), OrderStatus::Pending { redirect: None, review: true }),
            (json!("declined"), OrderStatus::Declined(payment(Code::PaymentDeclined))),
            (json!("fraudulent"), OrderStatus::Declined(payment(Code::PaymentFailed))),
            (json!("expired"), OrderStatus::Closed(payment(Code::PaymentExpired))),
            (json!("canceled"), OrderStatus::Closed(payment(Code::PaymentCanceled))),
            (json!("voided"), OrderStatus::Closed(payment(Code::PaymentVoided))),
            (json!("refunded"), OrderStatus::Reversed(payment(Code::PaymentRefunded))),
            (json!("charged_back"), OrderStatus::Reversed(payment(Code::PaymentDisputed))),
            (json!("partially_refunded"), OrderStatus::Other("partially_refunded".into())),
            (json!("a_new_word"), OrderStatus::Other("a_new_word".into())),
        ];
        for (word, meaning) in table {
            assert_eq!(status(&order(&word)), meaning, "{word}");
        }
    }

    #[test]
    fn only_the_gateways_own_page_is_shown_to_a_buyer() {
        let with = |url: &str| {
            let mut body = order(&json!("pending_payment"));
            body["next_action"] = json!({"redirect_to_url": {"url": url}});
            status(&body)
        };
        let good = "https://3ds-pay.conekta.com/x?y=1";
        assert_eq!(with(good), OrderStatus::Pending { redirect: Some(good.into()), review: false });
        for bad in [
            "http://pay.conekta.com/",
            "https://conekta.com.evil.example/",
            "https://evilconekta.com/",
            "https://evil.example\\.conekta.com/",
            "https://pay.conekta.com@evil.example/",
        ] {
            assert_eq!(with(bad), OrderStatus::Pending { redirect: None, review: false }, "{bad}");
        }
    }

    #[test]
    fn an_answer_that_is_not_understood_is_unknown() {
        let price = Money { minor: 2000, currency: Currency::Mxn };
        assert_eq!(opening(200, &json!({"amount": 2000}), price), Opening::Unknown);
        assert_eq!(opening(502, &Value::Null, price), Opening::Unknown);
        assert_eq!(charging(200, &Value::Null), Charging::Unknown);
        assert_eq!(charging(500, &json!({"type": "api_error"})), Charging::Unknown);
        assert_eq!(charging(402, &Value::Null), Charging::Unknown);
        assert_eq!(charging(408, &json!({"object": "error"})), Charging::Unknown);
        assert_eq!(charging(403, &json!({"message": "a proxy's own words"})), Charging::Unknown);
        assert_eq!(reading(200, &json!({"id": "ord_1"})), Reading::Unknown);
        for status in [401, 403, 404] {
            assert_eq!(reading(status, &Value::Null), Reading::Denied);
        }
    }

    #[test]
    fn an_order_that_forbids_a_charge_may_be_paid() {
        assert_eq!(charging(428, &json!({"type": "precondition_required_error"})), Charging::Accepted);
    }
}
