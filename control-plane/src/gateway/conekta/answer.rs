//! What Conekta answers, and what it means for a purchase.
//!
//! Rule: an answer that is not understood is unknown, never a failure.

use reqwest::Url;
use serde_json::Value;

use super::refusal;
use crate::domain::code::Code;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::money::Money;
use crate::gateway::exchange::{last4, own_page};
use crate::gateway::{
    Card, Charging, Listing, Opening, Payment, PaymentStatus, PaymentView, Reading, Refunding, Searching,
    Words,
};

/// Domain under which the buyer's bank page lies; nothing else is sent to a browser.
const PAGE_DOMAIN: &str = "conekta.com";

/// Meaning of an answer to `POST /orders`.
#[must_use]
pub fn opening(status: u16, body: &Value, price: Money) -> Opening {
    match status {
        200..=299 => match (text(body, "id"), integer(body, "amount")) {
            (Some(id), Some(amount)) if amount == price.minor => {
                Opening::Opened(Payment { id: id.into(), live: flag(body, "livemode") })
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

/// Meaning of an answer to `POST /orders/{id}/charges`. The order is known already, so none is named.
#[must_use]
pub fn charging(status: u16, body: &Value) -> Charging {
    match status {
        200..=299 if text(body, "id").is_some() => Charging::Accepted(None),
        // The order's state forbids a charge: it may be paid already, and reading it tells.
        428 => Charging::Accepted(None),
        // The key is refused: nothing behind it was reached.
        401 if is_error(body) => Charging::NotCharged(refusal::failure(status, body)),
        400 | 402 | 403 | 404 | 409 | 422 | 429 if is_error(body) => {
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
        200..=299 => view(body).map_or(Reading::Unknown, |view| Reading::Found(Box::new(view))),
        401 | 403 | 404 => Reading::Denied,
        _ => Reading::Unknown,
    }
}

/// Meaning of an answer to `GET /orders?search=…` for `reference`.
///
/// Unknown when the answer does not hold all matches, or one with our reference cannot be read.
#[must_use]
pub fn searching(status: u16, body: &Value, reference: &str) -> Searching {
    match status {
        200..=299 => found(body, reference).map_or(Searching::Unknown, Searching::Found),
        401 | 403 | 404 => Searching::Denied,
        _ => Searching::Unknown,
    }
}

/// Meaning of an answer to `POST /orders/{id}/refunds`.
#[must_use]
pub fn refunding(status: u16, body: &Value) -> Refunding {
    match status {
        200..=299 if text(body, "id").is_some() => Refunding::Accepted,
        400..=407 | 409..=499 if is_error(body) => Refunding::Refused(refusal::failure(status, body)),
        _ => Refunding::Unknown,
    }
}

/// Meaning of a page of `GET /orders?payment_status=paid…`.
#[must_use]
pub fn listing(status: u16, body: &Value) -> Listing {
    match status {
        200..=299 => page(body).unwrap_or(Listing::Unknown),
        401 | 403 | 404 => Listing::Denied,
        _ => Listing::Unknown,
    }
}

fn found(body: &Value, reference: &str) -> Option<Vec<PaymentView>> {
    let orders = rows(body)?;
    if flag(body, "has_more") {
        tracing::warn!(gateway = "conekta", "a search by reference has more results than a page holds");
        return None;
    }
    let ours = orders.iter().filter(|order| our_reference(order).as_deref() == Some(reference));
    let mut matches = Vec::new();
    for order in ours {
        matches.push((integer(order, "created_at"), view(order)?));
    }
    // The gateway lists newest first; orders of one second are turned round too.
    matches.reverse();
    matches.sort_by_key(|(created, _)| *created);
    Some(matches.into_iter().map(|(_, view)| view).collect())
}

fn page(body: &Value) -> Option<Listing> {
    let orders = rows(body)?;
    let next = if flag(body, "has_more") { Some(next(body)?) } else { None };
    let mut payments = Vec::with_capacity(orders.len());
    for order in orders {
        match view(order) {
            Some(view) if was_paid(&view.status) => payments.push(view),
            Some(_) => {}
            None => tracing::error!(gateway = "conekta", "a listed order cannot be read"),
        }
    }
    Some(Listing::Page { payments, next })
}

/// The rows of a list; a null is an empty list.
fn rows(body: &Value) -> Option<&[Value]> {
    match body.get("data")? {
        Value::Null => Some(&[]),
        Value::Array(rows) => Some(rows),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => None,
    }
}

/// The token of the next page. Only the token is taken from the address: it is asked of our own gateway address.
fn next(body: &Value) -> Option<String> {
    let url = Url::parse(text(body, "next_page_url")?).ok()?;
    let (_, token) = url.query_pairs().find(|(name, token)| name == "next" && !token.is_empty())?;
    Some(token.into_owned())
}

fn was_paid(status: &PaymentStatus) -> bool {
    match status {
        PaymentStatus::Paid | PaymentStatus::PartlyRefunded => true,
        PaymentStatus::NoCharge
        | PaymentStatus::ActionRequired { .. }
        | PaymentStatus::PendingAsync { .. }
        | PaymentStatus::Declined(_)
        | PaymentStatus::Closed(_)
        | PaymentStatus::Reversed(_)
        | PaymentStatus::Other => false,
    }
}

fn view(body: &Value) -> Option<PaymentView> {
    let word = text(body, "payment_status");
    let charge = telling_charge(body, word);
    let failure = charge.and_then(|charge| text(charge, "failure_code"));
    Some(PaymentView {
        id: text(body, "id")?.to_owned(),
        status: word.map_or(PaymentStatus::NoCharge, |word| payment_status(body, word, failure)),
        amount_minor: integer(body, "amount")?,
        currency: text(body, "currency")?.to_owned(),
        reference: our_reference(body),
        live: flag(body, "livemode"),
        refunded_minor: refunded(body),
        refund_pending_minor: sum(refunds(body).filter(is_pending)),
        card: charge.map(card),
        words: Words {
            status: word.unwrap_or_default().to_owned(),
            detail: failure.unwrap_or_default().to_owned(),
        },
    })
}

/// Meaning of an order's `payment_status` word.
fn payment_status(body: &Value, word: &str, failure: Option<&str>) -> PaymentStatus {
    let payment = |code| Failure::new(code, FailureKind::Payment);
    match word {
        "paid" => PaymentStatus::Paid,
        "pending_payment" if body.get("next_action").is_some_and(Value::is_object) => {
            PaymentStatus::ActionRequired { redirect: redirect(body) }
        }
        "pending_payment" | "pending" | "pre_authorized" => PaymentStatus::PendingAsync { review: false },
        "under_fraud_review" => PaymentStatus::PendingAsync { review: true },
        "declined" => PaymentStatus::Declined(refusal::declined(failure)),
        // Money that had moved before the gateway found it out is a dispute.
        "fraudulent" if ever_paid(body) => PaymentStatus::Reversed(payment(Code::PaymentDisputed)),
        "failed" | "fraudulent" => PaymentStatus::Declined(payment(Code::PaymentFailed)),
        "expired" => PaymentStatus::Closed(payment(Code::PaymentExpired)),
        "canceled" => PaymentStatus::Closed(payment(Code::PaymentCanceled)),
        "voided" => PaymentStatus::Closed(payment(Code::PaymentVoided)),
        "partially_refunded" => PaymentStatus::PartlyRefunded,
        "refunded" => PaymentStatus::Reversed(payment(Code::PaymentRefunded)),
        "charged_back" | "chargeback" => PaymentStatus::Reversed(payment(Code::PaymentDisputed)),
        _ => PaymentStatus::Other,
    }
}

/// The page the buyer must open, only if it is Conekta's own.
fn redirect(body: &Value) -> Option<String> {
    own_page(body.pointer("/next_action/redirect_to_url/url")?.as_str()?, &[PAGE_DOMAIN])
}

/// `metadata.sale_id`, which may come back as a number.
fn our_reference(body: &Value) -> Option<String> {
    match body.pointer("/metadata/sale_id")? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn charges(body: &Value) -> &[Value] {
    body.pointer("/charges/data").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The last charge in the state of the order, else the last one.
fn telling_charge<'a>(body: &'a Value, word: Option<&str>) -> Option<&'a Value> {
    let same = |charge: &&Value| word.is_some() && text(charge, "status") == word;
    charges(body).iter().rev().find(same).or_else(|| charges(body).last())
}

fn ever_paid(body: &Value) -> bool {
    charges(body).iter().any(|charge| integer(charge, "paid_at").is_some())
}

/// How much went back: what the order says, or the refunds of its charges if they say more.
fn refunded(body: &Value) -> i64 {
    let told = integer(body, "amount_refunded").map_or(0, i64::saturating_abs);
    told.max(sum(refunds(body).filter(|refund| !is_pending(refund))))
}

fn refunds(body: &Value) -> impl Iterator<Item = &Value> {
    charges(body).iter().filter_map(|charge| charge.pointer("/refunds/data")?.as_array()).flatten()
}

fn is_pending(refund: &&Value) -> bool {
    text(refund, "status") == Some("pending")
}

/// The sum of refunds, whose amounts are negative.
fn sum<'a>(refunds: impl Iterator<Item = &'a Value>) -> i64 {
    refunds
        .filter_map(|refund| integer(refund, "amount"))
        .fold(0_i64, |sum, amount| sum.saturating_add(amount.saturating_abs()))
}

fn card(charge: &Value) -> Card {
    let method = charge.get("payment_method").unwrap_or(&Value::Null);
    let owned = |name| text(method, name).map(str::to_owned);
    Card {
        brand: owned("brand"),
        kind: owned("type"),
        last4: text(method, "last4").and_then(last4),
        issuer: owned("issuer"),
        auth_code: owned("auth_code"),
    }
}

fn is_error(body: &Value) -> bool {
    text(body, "object") == Some("error")
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
mod tests;
