//! Money on its way back.
//!
//! A gateway tells only the sum of what went back, so one refund is worked on at a time: the sum is read before, the
//! refund sent, and the sum read again until it has grown by the amount.

use super::{Effect, Timing};
use crate::domain::code::Code;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::time::Timestamp;
use crate::gateway::{PaymentStatus, PaymentView, Reading, RefundReason, Refunding};
use crate::purchase::schedule;
use crate::purchase::state::{Phase, Purchase, Refund, RefundState, Undo};

/// Pause between sending a refund and reading what came of it, in milliseconds.
const FIRST_LOOK_MS: i64 = 250;
/// A refund of which nothing shows is sent again only after so many looks, whatever the clock says.
const RESEND_ASKS_MIN: u32 = 6;

/// Lets time pass: a refund whose sum before is known is about to be sent.
pub(super) fn advance(purchase: &mut Purchase, now: Timestamp) {
    if let Some(refund) = purchase.refund_under_way_mut()
        && refund.state == RefundState::Asked
        && refund.before_minor.is_some()
        && refund.wake_at <= now
    {
        refund.state = RefundState::Sending;
        refund.sendings += 1;
        refund.sent_at = Some(now);
    }
}

/// What is due about the refund under way, and when.
pub(super) fn due(purchase: &Purchase) -> Option<(Timestamp, Effect)> {
    purchase.refund_under_way().map(|refund| {
        let effect = match refund.state {
            RefundState::Sending => Effect::Refund,
            RefundState::Asked | RefundState::Sent | RefundState::Done | RefundState::Refused => {
                Effect::ReadRefund
            }
        };
        (refund.wake_at, effect)
    })
}

/// Takes in how sending ended. Whatever was said, the sum tells.
pub(super) fn after_sending(purchase: &mut Purchase, refunding: Refunding, now: Timestamp) {
    let Some(refund) = purchase.refund_under_way_mut() else { return };
    refund.state = RefundState::Sent;
    refund.wake_at = match refunding {
        Refunding::Accepted => {
            refund.accepted = true;
            now
        }
        // Too much at once: nothing was done, and it is sent again.
        Refunding::Refused(failure) if failure.kind == FailureKind::Throttled => now.plus(FIRST_LOOK_MS),
        Refunding::Refused(failure) => {
            refund.refusal = Some(failure);
            now
        }
        Refunding::Unknown => now.plus(FIRST_LOOK_MS),
    };
}

/// Takes in what the payment shows.
pub(super) fn after_reading(
    purchase: &mut Purchase,
    reading: Reading,
    revokes: bool,
    now: Timestamp,
    timing: &Timing,
) {
    let own = purchase.refund_under_way().is_some_and(|refund| refund.payment.is_none());
    let Reading::Found(view) = reading else { return look_later(purchase, now) };
    if own {
        purchase.refunded_minor = view.refunded_minor;
        purchase.words = Some(view.words.clone());
    }
    let Some(refund) = purchase.refund_under_way_mut() else { return };
    match (refund.state, refund.before_minor) {
        (RefundState::Sent, Some(before)) => after_sent(purchase, before, &view, revokes, now, timing),
        (RefundState::Asked | RefundState::Sending | RefundState::Sent, _) => {
            before_sending(purchase, &view, revokes, now);
        }
        (RefundState::Done | RefundState::Refused, _) => {}
    }
}

/// Notes the sum before, unless there is nothing left to give back.
fn before_sending(purchase: &mut Purchase, view: &PaymentView, revokes: bool, now: Timestamp) {
    let Some(refund) = purchase.refund_under_way_mut() else { return };
    match &view.status {
        PaymentStatus::Paid | PaymentStatus::PartlyRefunded if fits(view, refund.amount_minor) => {
            refund.state = RefundState::Asked;
            refund.before_minor = Some(view.refunded_minor);
            refund.wake_at = now;
        }
        PaymentStatus::Paid | PaymentStatus::PartlyRefunded if view.refund_pending_minor > 0 => {
            look_later(purchase, now);
        }
        // Somebody gave it back at the gateway's own panel, or the buyer's bank took it back.
        PaymentStatus::Reversed(failure) => overtaken(purchase, view, *failure, revokes, now),
        PaymentStatus::Paid
        | PaymentStatus::PartlyRefunded
        | PaymentStatus::NoCharge
        | PaymentStatus::ActionRequired { .. }
        | PaymentStatus::PendingAsync { .. }
        | PaymentStatus::Declined(_)
        | PaymentStatus::Closed(_) => {
            does_not_fit(purchase, now);
        }
        PaymentStatus::Other => look_later(purchase, now),
    }
}

/// Whether so much is left, beside what is on its way back already.
const fn fits(view: &PaymentView, amount_minor: i64) -> bool {
    view.refunded_minor + view.refund_pending_minor + amount_minor <= view.amount_minor
}

/// Whether the sum has grown by the amount.
fn after_sent(
    purchase: &mut Purchase,
    before: i64,
    view: &PaymentView,
    revokes: bool,
    now: Timestamp,
    timing: &Timing,
) {
    let Some(refund) = purchase.refund_under_way_mut() else { return };
    if view.refunded_minor >= before + refund.amount_minor {
        return settle(purchase, view, revokes, now);
    }
    if let PaymentStatus::Reversed(failure) = &view.status {
        return overtaken(purchase, view, *failure, revokes, now);
    }
    // A refusal of a repeat says nothing of the sending before it.
    if let (Some(failure), 1) = (refund.refusal, refund.sendings) {
        return refuse(purchase, failure, now);
    }
    // It may be the one whose answer was lost; whosever it is, another one is not sent beside it.
    refund.accepted |= view.refund_pending_minor > 0;
    // Somebody else gave so much back that it does not fit any more: it was not done, and cannot be done.
    if !refund.accepted && view.refunded_minor + refund.amount_minor > view.amount_minor {
        return does_not_fit(purchase, now);
    }
    let quiet = timing.charge_timeout_ms + timing.quiet_period_ms;
    let is_quiet = refund.sent_at.is_none_or(|sent| now.since(sent) >= quiet);
    if !is_quiet || refund.asks < RESEND_ASKS_MIN || refund.accepted {
        return look_later(purchase, now);
    }
    // Nothing shows of any sending, after all that time.
    match refund.refusal {
        Some(failure) => refuse(purchase, failure, now),
        None => {
            refund.asks = 0;
            refund.state = RefundState::Asked;
            refund.wake_at = now;
        }
    }
}

/// The money went another way before the refund was through: given back at the gateway's own panel, or disputed by the
/// buyer's bank.
fn overtaken(purchase: &mut Purchase, view: &PaymentView, failure: Failure, revokes: bool, now: Timestamp) {
    let Some(refund) = purchase.refund_under_way_mut() else { return };
    if view.refunded_minor >= view.amount_minor {
        refund.state = RefundState::Done;
    } else {
        refund.state = RefundState::Refused;
        refund.refusal = Some(failure);
        refund.seen = true;
    }
    if refund.payment.is_none() {
        reverse(purchase, failure, revokes, now);
    }
}

/// The money went back.
fn settle(purchase: &mut Purchase, view: &PaymentView, revokes: bool, now: Timestamp) {
    let Some(refund) = purchase.refund_under_way_mut() else { return };
    refund.state = RefundState::Done;
    let own = refund.payment.is_none();
    if own && view.refunded_minor >= view.amount_minor {
        reverse(purchase, Failure::new(Code::PaymentRefunded, FailureKind::Payment), revokes, now);
    }
}

/// More is asked for than is left to give back.
fn does_not_fit(purchase: &mut Purchase, now: Timestamp) {
    refuse(purchase, Failure::new(Code::RefundAmountInvalid, FailureKind::Request), now);
}

/// The money stays: a person has to look at it.
fn refuse(purchase: &mut Purchase, failure: Failure, now: Timestamp) {
    let Some(refund) = purchase.refund_under_way_mut() else { return };
    refund.state = RefundState::Refused;
    refund.refusal = Some(failure);
    let own = refund.payment.is_none();
    let may_still_come = refund.may_still_come();
    if own && purchase.phase == Phase::Refunding && may_still_come {
        // The money may still go back: no access is given, and a person decides.
        return;
    }
    if own && purchase.phase == Phase::Refunding && purchase.paid_at.is_none() {
        // It was never what was asked for: the person who sent it back decides anew.
        purchase.phase = Phase::Mismatch;
        purchase.released = true;
    } else if own && purchase.phase == Phase::Refunding {
        // Who has neither access nor money back is served as before, as soon as that is possible.
        purchase.phase = Phase::Stuck;
        purchase.undo = None;
        purchase.remake = true;
        purchase.confirmed = false;
        purchase.command_version += 1;
        purchase.wake_at = now;
    }
}

fn look_later(purchase: &mut Purchase, now: Timestamp) {
    let Some(refund) = purchase.refund_under_way_mut() else { return };
    match schedule::refund_pause_ms(refund.asks) {
        Some(pause) => {
            refund.asks += 1;
            refund.wake_at = now.plus(pause);
        }
        None => refuse(purchase, Failure::new(Code::GatewayError, FailureKind::Gateway), now),
    }
}

/// Asks for a refund of the purchase's payment and takes the access back until it is through.
pub(super) fn give_back(purchase: &mut Purchase, reason: RefundReason, amount_minor: i64, now: Timestamp) {
    let refund = new(purchase, reason, amount_minor, now);
    purchase.refunds.push(refund);
    stop_delivery(purchase, now);
}

/// Stops giving access: what may stand on the router is removed while the money goes back.
pub(super) fn stop_delivery(purchase: &mut Purchase, now: Timestamp) {
    purchase.phase = Phase::Refunding;
    purchase.undo = Some(Undo::Release);
    purchase.undo_at = now;
    purchase.undo_attempts = 0;
    purchase.command_version += 1;
    purchase.router_attempts = 0;
}

/// Asks for the refund of a second payment of the same purchase.
pub(super) fn give_back_surplus(purchase: &mut Purchase, view: &PaymentView, now: Timestamp) {
    if purchase.refunds.iter().any(|refund| refund.payment.as_deref() == Some(view.id.as_str())) {
        return;
    }
    let mut refund = new(purchase, RefundReason::NotDelivered, view.amount_minor, now);
    refund.payment = Some(view.id.clone());
    purchase.refunds.push(refund);
}

/// A refund that was just asked for.
pub(super) fn new(purchase: &Purchase, reason: RefundReason, amount_minor: i64, now: Timestamp) -> Refund {
    let key = format!("{}-r{}", purchase.terms.idempotency_key, purchase.refunds.len() + 1);
    Refund {
        id: key.clone(),
        key,
        payment: None,
        amount_minor,
        reason,
        asked_by: None,
        asked_at: now,
        state: RefundState::Asked,
        before_minor: None,
        sendings: 0,
        accepted: false,
        sent_at: None,
        asks: 0,
        wake_at: now,
        refusal: None,
        seen: false,
    }
}

/// All the money went back, or is disputed: what was given is taken back, if the company wants that.
pub(super) fn reverse(purchase: &mut Purchase, failure: Failure, revokes: bool, now: Timestamp) {
    let undo = match purchase.phase {
        Phase::Completed => revokes.then_some(Undo::Revoke),
        Phase::Paid | Phase::Refunding | Phase::Stuck | Phase::Mismatch => Some(Undo::Release),
        Phase::Requested
        | Phase::Reserved
        | Phase::ChargeSent
        | Phase::Verifying
        | Phase::Unknown
        | Phase::ActionRequired
        | Phase::PendingAsync
        | Phase::Declined
        | Phase::RolledBack
        | Phase::Failed
        | Phase::Reversed => return,
    };
    let done_already = purchase.phase == Phase::Refunding && purchase.undo.is_none();
    purchase.phase = Phase::Reversed;
    purchase.failure = Some(failure);
    if let Some(undo) = undo.filter(|_| !done_already) {
        if purchase.undo != Some(undo) {
            purchase.command_version += 1;
        }
        purchase.undo = Some(undo);
        purchase.undo_at = now;
        purchase.undo_attempts = 0;
    }
}
