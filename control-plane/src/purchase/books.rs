//! The transaction row that a purchase shows as.

use super::state::{Phase, Purchase};
use crate::domain::code::Code;
use crate::domain::failure::FailureKind;
use crate::store::ledger::Entry;

/// The row for `purchase` as it stands.
#[must_use]
pub fn entry(purchase: &Purchase) -> Entry {
    let order = purchase.order.as_ref().filter(|_| purchase.charge.is_some());
    Entry {
        public_id: order.map_or_else(|| purchase.terms.id.to_string(), |order| order.id.clone()),
        payment_state: payment_state(purchase),
        hotspot_state: hotspot_state(purchase.phase),
        hotspot_user: purchase.user.name.clone(),
        hotspot_password_sealed: purchase.user.password_sealed.clone(),
        paid_at: purchase.paid_at,
        user_created_at: purchase.reserved_at,
    }
}

fn payment_state(purchase: &Purchase) -> &'static str {
    match purchase.phase {
        Phase::Requested
        | Phase::Reserved
        | Phase::ChargeSent
        | Phase::Verifying
        | Phase::Unknown
        | Phase::Mismatch => "pending",
        Phase::Paid | Phase::Completed => "paid",
        Phase::Stuck if purchase.paid_at.is_some() => "paid",
        Phase::Stuck => "pending",
        Phase::Declined | Phase::RolledBack | Phase::Failed => ended_unpaid(purchase),
    }
}

/// The word for a purchase that ended without access.
fn ended_unpaid(purchase: &Purchase) -> &'static str {
    let Some(failure) = purchase.failure else { return "failed" };
    if failure.kind != FailureKind::Payment {
        return "failed";
    }
    [
        (Code::PaymentExpired, "expired"),
        (Code::PaymentCanceled, "canceled"),
        (Code::PaymentVoided, "voided"),
        (Code::PaymentRefunded, "refunded"),
        (Code::PaymentDisputed, "charged_back"),
    ]
    .into_iter()
    .find_map(|(code, word)| (code == failure.code).then_some(word))
    .unwrap_or("declined")
}

const fn hotspot_state(phase: Phase) -> &'static str {
    match phase {
        Phase::Requested
        | Phase::Reserved
        | Phase::ChargeSent
        | Phase::Verifying
        | Phase::Unknown
        | Phase::Declined
        | Phase::Mismatch
        | Phase::Stuck => "pending",
        Phase::Paid | Phase::Completed => "active",
        Phase::RolledBack | Phase::Failed => "removed",
    }
}
