//! The transaction row that a state shows as.

use super::state::{Phase, Purchase};
use crate::domain::code::Code;
use crate::domain::failure::FailureKind;
use crate::gateway::GatewayName;
use crate::store::ledger::Entry;

/// The row for `purchase` as it stands.
#[must_use]
pub fn entry(purchase: &Purchase) -> Entry {
    let payment = purchase.payment.as_ref().filter(|_| purchase.charge.is_some());
    Entry {
        public_id: payment.map_or_else(|| purchase.terms.id.to_string(), |payment| payment.id.clone()),
        payment_state: payment_state(purchase),
        hotspot_state: hotspot_state(purchase),
        hotspot_user: purchase.user.name.clone(),
        hotspot_password_sealed: purchase.user.password_sealed.clone(),
        paid_at: purchase.paid_at,
        user_created_at: purchase.reserved_at,
    }
}

/// The word for money that has come, as each gateway's clients know it.
#[must_use]
pub const fn paid_word(gateway: GatewayName) -> &'static str {
    match gateway {
        GatewayName::Conekta => "paid",
        GatewayName::MercadoPago => "approved",
    }
}

fn payment_state(purchase: &Purchase) -> &'static str {
    let paid =
        if purchase.refunded_minor > 0 { "partially_refunded" } else { paid_word(purchase.terms.gateway) };
    match purchase.phase {
        Phase::Requested
        | Phase::Reserved
        | Phase::ChargeSent
        | Phase::Verifying
        | Phase::Unknown
        | Phase::ActionRequired
        | Phase::PendingAsync
        | Phase::Mismatch => "pending",
        Phase::Paid | Phase::Refunding | Phase::Completed => paid,
        Phase::Stuck if purchase.paid_at.is_some() => paid,
        Phase::Stuck => "pending",
        Phase::Declined | Phase::RolledBack | Phase::Failed | Phase::Reversed => ended(purchase),
    }
}

/// The word for a purchase that ended without access, or whose money went back.
fn ended(purchase: &Purchase) -> &'static str {
    let Some(failure) = purchase.failure else { return "failed" };
    if failure.kind != FailureKind::Payment {
        return "failed";
    }
    let canceled = match purchase.terms.gateway {
        GatewayName::Conekta => "canceled",
        GatewayName::MercadoPago => "cancelled",
    };
    [
        (Code::PaymentExpired, "expired"),
        (Code::PaymentCanceled, canceled),
        (Code::PaymentVoided, "voided"),
        (Code::PaymentRefunded, "refunded"),
        (Code::PaymentDisputed, "charged_back"),
    ]
    .into_iter()
    .find_map(|(code, word)| (code == failure.code).then_some(word))
    .unwrap_or("declined")
}

fn hotspot_state(purchase: &Purchase) -> &'static str {
    match purchase.phase {
        Phase::Requested
        | Phase::Reserved
        | Phase::ChargeSent
        | Phase::Verifying
        | Phase::Unknown
        | Phase::ActionRequired
        | Phase::PendingAsync
        | Phase::Declined
        | Phase::Refunding
        | Phase::Mismatch
        | Phase::Stuck => "pending",
        Phase::Paid | Phase::Completed => "active",
        Phase::RolledBack | Phase::Failed => "removed",
        Phase::Reversed if purchase.revoked => "disabled",
        Phase::Reversed if purchase.confirmed => "active",
        Phase::Reversed if purchase.undo.is_some() => "pending",
        Phase::Reversed => "removed",
    }
}
