//! What Mercado Pago answers, and what it means for a purchase.
//!
//! Rule: an answer that is not understood is unknown, never a failure. Neither is a success status alone a success:
//! an answer without an id was cut off on its way.

use serde_json::Number;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::fields::Fields;
use super::refusal::{self, Refusal};
use crate::domain::code::Code;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::money::{Currency, minor_units};
use crate::gateway::exchange::{last4, own_page};
use crate::gateway::{
    Card, Charging, Listing, Payment, PaymentStatus, PaymentView, Reading, Refunding, Searching, Words,
};

/// Decimals of a currency that we do not know; whatever it is, it is not the one we asked for.
const DECIMALS_UNKNOWN: u8 = 2;

/// Domains under which Mercado Pago's own pages lie; nothing else is sent to a browser.
const PAGE_DOMAINS: [&str; 16] = [
    "mercadopago.com",
    "mercadopago.com.mx",
    "mercadopago.com.ar",
    "mercadopago.com.br",
    "mercadopago.com.co",
    "mercadopago.com.pe",
    "mercadopago.com.uy",
    "mercadopago.cl",
    "mercadolibre.com",
    "mercadolibre.com.mx",
    "mercadolibre.com.ar",
    "mercadolibre.com.co",
    "mercadolibre.com.pe",
    "mercadolibre.com.uy",
    "mercadolibre.cl",
    "mercadolivre.com.br",
];

/// A payment in Mercado Pago's own words, for whoever asks about it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PaymentFacts {
    /// The payment's id.
    pub id: String,
    /// `approved`, …
    pub status: String,
    /// `accredited`, …
    pub status_detail: String,
    /// Amount in major units.
    pub amount: Option<Number>,
    /// Currency code.
    pub currency: Option<String>,
    /// When it was approved, with its offset.
    pub date_approved: Option<String>,
    /// When it last changed, with its offset.
    pub date_last_updated: Option<String>,
}

/// Meaning of an answer to `POST /v1/payments`. A rejected card answers 201 too: the verdict is read later.
#[must_use]
pub fn charging(status: u16, body: &[u8]) -> Charging {
    if let 200..=299 = status {
        let payment = Fields::read(body).and_then(|fields| {
            Some(Payment { id: fields.id("id")?, live: fields.flag("live_mode").unwrap_or(false) })
        });
        return payment.map_or(Charging::Unknown, |payment| Charging::Accepted(Some(payment)));
    }
    definite(status, body).map_or(Charging::Unknown, Charging::NotCharged)
}

/// Meaning of an answer to `GET /v1/payments/{id}`.
#[must_use]
pub fn reading(status: u16, body: &[u8]) -> Reading {
    match status {
        200..=299 => {
            let view = Fields::read(body).and_then(|fields| view(&fields));
            view.map_or(Reading::Unknown, |view| Reading::Found(Box::new(view)))
        }
        401 | 403 | 404 => Reading::Denied,
        _ => Reading::Unknown,
    }
}

/// Meaning of an answer to a search for `reference` that could hold `limit` results.
///
/// Unknown when the answer does not hold all matches, or one with our reference cannot be read.
#[must_use]
pub fn searching(status: u16, body: &[u8], reference: &str, limit: u64) -> Searching {
    match status {
        200..=299 => found(body, reference, limit).map_or(Searching::Unknown, Searching::Found),
        401 | 403 | 404 => Searching::Denied,
        _ => Searching::Unknown,
    }
}

/// Meaning of an answer to `POST /v1/payments/{id}/refunds`.
#[must_use]
pub fn refunding(status: u16, body: &[u8]) -> Refunding {
    if let 200..=299 = status {
        let Some(fields) = Fields::read(body).filter(|fields| fields.id("id").is_some()) else {
            return Refunding::Unknown;
        };
        return match fields.text("status").as_deref() {
            Some("rejected" | "cancelled") => {
                Refunding::Refused(Failure::new(Code::GatewayError, FailureKind::Gateway))
            }
            Some(_) | None => Refunding::Accepted,
        };
    }
    definite(status, body).map_or(Refunding::Unknown, Refunding::Refused)
}

/// Meaning of a page of a search for paid payments that began at `offset` and could hold `limit`.
#[must_use]
pub fn listing(status: u16, body: &[u8], offset: u64, limit: u64) -> Listing {
    match status {
        200..=299 => page(body, offset, limit).unwrap_or(Listing::Unknown),
        401 | 403 | 404 => Listing::Denied,
        _ => Listing::Unknown,
    }
}

/// The payment as Mercado Pago words it.
///
/// # Errors
/// The code for whoever asked: the id is none (400), nobody knows it (404), the key is refused (401, 403), anything
/// else. Says nothing about money.
pub fn facts(status: u16, body: &[u8]) -> Result<PaymentFacts, Code> {
    match status {
        200..=299 => {
            let fields = Fields::read(body).ok_or(Code::GatewayError)?;
            let currency = fields.text("currency_id");
            Ok(PaymentFacts {
                id: fields.id("id").ok_or(Code::GatewayError)?,
                status: fields.text("status").unwrap_or_default(),
                status_detail: fields.text("status_detail").unwrap_or_default(),
                amount: fields.number("transaction_amount").and_then(shown),
                currency,
                date_approved: fields.text("date_approved"),
                date_last_updated: fields.text("date_last_updated"),
            })
        }
        400 => Err(Code::RequestInvalid),
        401 | 403 => Err(Code::GatewayAuthFailed),
        404 => Err(Code::PaymentNotFound),
        _ => Err(Code::GatewayError),
    }
}

/// The failure told by a refusal of Mercado Pago itself that excludes an effect.
fn definite(status: u16, body: &[u8]) -> Option<Failure> {
    Refusal::read(status, body).filter(Refusal::is_definite).map(|refusal| refusal.failure())
}

fn found(body: &[u8], reference: &str, limit: u64) -> Option<Vec<PaymentView>> {
    let fields = Fields::read(body)?;
    let results = fields.list("results")?;
    if end_of_page(&fields, results.len(), 0, limit)?.1 {
        tracing::warn!(gateway = "mercado_pago", "a search by reference has more results than a page holds");
        return None;
    }
    let mut matches = Vec::new();
    for fields in results.iter().filter_map(|result| Fields::read(result.get().as_bytes())) {
        if fields.word("external_reference").as_deref() == Some(reference) {
            matches.push((created(&fields), view(&fields)?));
        }
    }
    // A stable sort: those without a readable date stay in the gateway's order, in front.
    matches.sort_by_key(|(created, _)| *created);
    Some(matches.into_iter().map(|(_, view)| view).collect())
}

fn page(body: &[u8], offset: u64, limit: u64) -> Option<Listing> {
    let fields = Fields::read(body)?;
    let results = fields.list("results")?;
    let (end, more) = end_of_page(&fields, results.len(), offset, limit)?;
    if more && results.is_empty() {
        return None;
    }
    let mut payments = Vec::with_capacity(results.len());
    for result in &results {
        match Fields::read(result.get().as_bytes()).and_then(|fields| view(&fields)) {
            Some(view) if was_paid(&view.status) => payments.push(view),
            Some(_) => {}
            None => tracing::error!(gateway = "mercado_pago", "a listed payment cannot be read"),
        }
    }
    Some(Listing::Page { payments, next: more.then(|| end.to_string()) })
}

/// Where a page of `count` results ends, and whether more come behind it.
fn end_of_page(fields: &Fields, count: usize, offset: u64, limit: u64) -> Option<(u64, bool)> {
    let count = u64::try_from(count).ok()?;
    let end = offset.checked_add(count)?;
    let total = fields.object("paging").and_then(|paging| paging.number("total")?.parse::<u64>().ok());
    Some((end, total.map_or(count >= limit, |total| end < total)))
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

fn created(fields: &Fields) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(&fields.text("date_created")?, &Rfc3339).ok()
}

fn view(fields: &Fields) -> Option<PaymentView> {
    let currency = fields.text("currency_id")?;
    let decimals = Currency::parse(&currency).map_or(DECIMALS_UNKNOWN, Currency::decimals);
    let status = fields.text("status").unwrap_or_default();
    let detail = fields.text("status_detail").unwrap_or_default();
    Some(PaymentView {
        id: fields.id("id")?,
        status: payment_status(fields, &status, &detail),
        amount_minor: minor_units(fields.number("transaction_amount")?, decimals)?,
        currency,
        reference: fields.word("external_reference"),
        live: fields.flag("live_mode").unwrap_or(false),
        refunded_minor: refunded(fields, decimals)?,
        refund_pending_minor: refunds(fields, decimals, is_pending).unwrap_or(0),
        card: card(fields),
        words: Words { status, detail },
    })
}

/// Meaning of a payment's `status` and `status_detail`.
fn payment_status(fields: &Fields, status: &str, detail: &str) -> PaymentStatus {
    let payment = |code| Failure::new(code, FailureKind::Payment);
    match status {
        "approved" if fields.flag("captured") == Some(false) => PaymentStatus::PendingAsync { review: false },
        "approved" if detail == "partially_refunded" => PaymentStatus::PartlyRefunded,
        "approved" => PaymentStatus::Paid,
        "authorized" => PaymentStatus::PendingAsync { review: false },
        "pending" if detail == "pending_challenge" => {
            PaymentStatus::ActionRequired { redirect: challenge(fields) }
        }
        "in_process" | "pending" => PaymentStatus::PendingAsync { review: detail == "pending_review_manual" },
        "rejected" => PaymentStatus::Declined(refusal::rejected(detail)),
        "cancelled" | "canceled" if detail == "expired" => {
            PaymentStatus::Closed(payment(Code::PaymentExpired))
        }
        "cancelled" | "canceled" => PaymentStatus::Closed(payment(Code::PaymentCanceled)),
        "refunded" => PaymentStatus::Reversed(payment(Code::PaymentRefunded)),
        // Also when the money came back to the company (`reimbursed`): whether the access did is for a person to say.
        "charged_back" | "in_mediation" => PaymentStatus::Reversed(payment(Code::PaymentDisputed)),
        _ => PaymentStatus::Other,
    }
}

/// The page of the bank's check, only if it is Mercado Pago's own.
fn challenge(fields: &Fields) -> Option<String> {
    own_page(&fields.object("three_ds_info")?.text("external_resource_url")?, &PAGE_DOMAINS)
}

/// How much went back: what the payment says, or its refunds if they say more. None when neither can be read.
fn refunded(fields: &Fields, decimals: u8) -> Option<i64> {
    let told = fields.number("transaction_amount_refunded").and_then(|number| minor_units(number, decimals));
    let done = |refund: &Fields| refund.text("status").is_none_or(|status| status == "approved");
    // `Option` orders none below every amount.
    told.max(refunds(fields, decimals, done))
}

/// The sum of the refunds of this kind; none when one cannot be read.
fn refunds(fields: &Fields, decimals: u8, kind: impl Fn(&Fields) -> bool) -> Option<i64> {
    let all = fields.objects("refunds");
    let mut of_kind = all.iter().filter(|refund| kind(refund));
    of_kind.try_fold(0_i64, |sum, refund| sum.checked_add(minor_units(refund.number("amount")?, decimals)?))
}

fn is_pending(refund: &Fields) -> bool {
    refund.text("status").is_some_and(|status| matches!(status.as_str(), "in_process" | "pending"))
}

fn card(fields: &Fields) -> Option<Card> {
    let digits = fields.object("card").and_then(|card| card.text("last_four_digits"));
    let card = Card {
        brand: fields.text("payment_method_id"),
        kind: fields.text("payment_type_id"),
        last4: digits.and_then(|digits| last4(&digits)),
        issuer: fields.word("issuer_id"),
        auth_code: fields.word("authorization_code"),
    };
    (card != Card::default()).then_some(card)
}

/// The number as our API shows money: with at least one decimal.
fn shown(number: &str) -> Option<Number> {
    let whole = number.bytes().all(|byte| byte.is_ascii_digit());
    if whole { format!("{number}.0").parse().ok() } else { number.parse().ok() }
}

#[cfg(test)]
mod tests;
