//! What the gateway shows of the payment, taken into the state.

use super::Timing;
use super::apply::{ask_later, decline, pay, wait_for_gateway, was_removed};
use super::refund;
use crate::domain::code::Code;
use crate::domain::failure::Failure;
use crate::domain::time::Timestamp;
use crate::gateway::{Payment, PaymentStatus, PaymentView, Reading, Searching};
use crate::purchase::schedule;
use crate::purchase::state::{Notice, Phase, Purchase};

/// Takes in a reading.
pub(super) fn after_reading(purchase: &mut Purchase, reading: Reading, revokes: bool, now: Timestamp) {
    match reading {
        Reading::Found(view) if is_ours(purchase, &view) => {
            purchase.hinted = None;
            after_view(purchase, &view, revokes, now);
        }
        Reading::Found(_) | Reading::Denied | Reading::Unknown => {
            purchase.hinted = None;
            look_later(purchase, now);
        }
    }
}

/// Whether a view is about this purchase's payment; one that was only hinted at must show our reference.
fn is_ours(purchase: &Purchase, view: &PaymentView) -> bool {
    match &purchase.payment {
        Some(payment) => payment.id == view.id,
        None => has_our_reference(purchase, view),
    }
}

fn has_our_reference(purchase: &Purchase, view: &PaymentView) -> bool {
    view.reference.as_deref() == Some(purchase.terms.reference().as_str())
}

/// Takes in what a search found: the earliest paid payment counts, else the newest; more than one paid is one too many.
pub(super) fn after_search(purchase: &mut Purchase, searching: Searching, now: Timestamp, timing: &Timing) {
    let Searching::Found(views) = searching else { return look_later(purchase, now) };
    let views: Vec<PaymentView> =
        views.into_iter().filter(|view| has_our_reference(purchase, view)).collect();
    let mut paid = views.iter().filter(|view| is_paid_as_asked(purchase, view));
    let first = paid.next().cloned();
    let surplus: Vec<PaymentView> = paid.cloned().collect();
    if let Some(charge) = &mut purchase.charge {
        charge.search = false;
    }
    for view in surplus {
        refund::give_back_surplus(purchase, &view, now);
    }
    let refusal = purchase.charge.as_ref().and_then(|charge| charge.refusal);
    match (first, views.last(), refusal) {
        (Some(view), ..) => adopt(purchase, &view, now),
        // Only the refused payment itself is there.
        (None, _, Some(failure)) if purchase.payment.is_some() => settle_unpaid(purchase, failure, now),
        (None, Some(view), _) => adopt(purchase, view, now),
        (None, None, Some(failure)) if proves_absence(purchase, now, timing) => {
            settle_unpaid(purchase, failure, now);
        }
        (None, None, _) => look_later(purchase, now),
    }
}

/// Whether the last sending is so long ago that a search would find what came of it.
fn proves_absence(purchase: &Purchase, now: Timestamp, timing: &Timing) -> bool {
    purchase.charge.as_ref().is_none_or(|charge| now.since(charge.sent_at) >= timing.key_life_ms)
}

fn adopt(purchase: &mut Purchase, view: &PaymentView, now: Timestamp) {
    purchase.payment = Some(Payment { id: view.id.clone(), live: view.live });
    purchase.charge_sealed = None;
    after_view(purchase, view, false, now);
}

fn settle_unpaid(purchase: &mut Purchase, failure: Failure, now: Timestamp) {
    if is_awaited(purchase.phase) {
        decline(purchase, failure, now);
    } else {
        purchase.recheck = false;
    }
}

fn after_view(purchase: &mut Purchase, view: &PaymentView, revokes: bool, now: Timestamp) {
    purchase.notice = purchase.notice.filter(|notice| *notice != Notice::NewsUnread);
    purchase.payment.get_or_insert_with(|| Payment { id: view.id.clone(), live: view.live });
    purchase.refunded_minor = view.refunded_minor;
    purchase.words = Some(view.words.clone());
    if view.card.is_some() {
        purchase.card.clone_from(&view.card);
    }
    if is_awaited(purchase.phase) {
        after_awaited(purchase, view, now);
    } else {
        after_news(purchase, view, revokes, now);
    }
}

/// Whether the purchase waits for the gateway's word.
const fn is_awaited(phase: Phase) -> bool {
    match phase {
        Phase::ChargeSent
        | Phase::Verifying
        | Phase::Unknown
        | Phase::ActionRequired
        | Phase::PendingAsync => true,
        Phase::Requested
        | Phase::Reserved
        | Phase::Paid
        | Phase::Declined
        | Phase::Refunding
        | Phase::Completed
        | Phase::RolledBack
        | Phase::Failed
        | Phase::Reversed
        | Phase::Mismatch
        | Phase::Stuck => false,
    }
}

/// The word that the purchase waits for.
fn after_awaited(purchase: &mut Purchase, view: &PaymentView, now: Timestamp) {
    let refusal = purchase.charge.as_ref().and_then(|charge| charge.refusal);
    match &view.status {
        PaymentStatus::Paid if is_paid_as_asked(purchase, view) => pay_as_asked(purchase, now),
        PaymentStatus::Paid | PaymentStatus::PartlyRefunded => mismatch(purchase, view),
        PaymentStatus::NoCharge => match refusal {
            Some(failure) => decline(purchase, failure, now),
            None => ask_later(purchase, now),
        },
        PaymentStatus::Declined(failure) => after_refusal(purchase, refusal.unwrap_or(*failure), now),
        // It was paid, and who gets the money is being disputed.
        PaymentStatus::Reversed(failure) if failure.code == Code::PaymentDisputed => mismatch(purchase, view),
        PaymentStatus::Closed(failure) | PaymentStatus::Reversed(failure) => {
            decline(purchase, *failure, now);
        }
        PaymentStatus::ActionRequired { redirect } => {
            remember_wait(purchase, redirect.clone(), false);
            purchase.phase = Phase::ActionRequired;
            purchase.cancel_asked = false;
            let pause = schedule::ask_pause_ms(purchase.terms.gateway, purchase.asks);
            wait_for_gateway(purchase, pause, now);
        }
        PaymentStatus::PendingAsync { review } => {
            remember_wait(purchase, None, *review);
            purchase.phase = Phase::PendingAsync;
            wait_for_gateway(purchase, schedule::pending_pause_ms(purchase.asks), now);
        }
        PaymentStatus::Other => ask_later(purchase, now),
    }
}

fn remember_wait(purchase: &mut Purchase, redirect: Option<String>, review: bool) {
    if let Some(charge) = &mut purchase.charge {
        charge.redirect = redirect;
        charge.review = review;
    }
}

/// "An equal payment exists" is believed only when a search shows that it is not ours.
fn after_refusal(purchase: &mut Purchase, failure: Failure, now: Timestamp) {
    let Some(charge) = &mut purchase.charge else { return decline(purchase, failure, now) };
    if failure.code == Code::DuplicatePayment && charge.refusal.is_none() {
        charge.refusal = Some(failure);
        charge.search = true;
        purchase.phase = Phase::Unknown;
        purchase.wake_at = now;
    } else {
        decline(purchase, failure, now);
    }
}

/// News about a purchase that was settled before.
fn after_news(purchase: &mut Purchase, view: &PaymentView, revokes: bool, now: Timestamp) {
    purchase.recheck = false;
    // A payment that a person sends back without having it recorded is not taken for a new one.
    let unpaid = purchase.paid_at.is_none() && purchase.phase != Phase::Refunding;
    match (&view.status, purchase.phase) {
        (PaymentStatus::Paid, _) if unpaid && is_paid_as_asked(purchase, view) => pay_as_asked(purchase, now),
        (PaymentStatus::Paid | PaymentStatus::PartlyRefunded, _) if unpaid => mismatch(purchase, view),
        (PaymentStatus::Reversed(failure), _) if unpaid && failure.code == Code::PaymentDisputed => {
            mismatch(purchase, view);
        }
        (
            PaymentStatus::Declined(failure)
            | PaymentStatus::Closed(failure)
            | PaymentStatus::Reversed(failure),
            Phase::Mismatch | Phase::Stuck,
        ) if unpaid => decline(purchase, *failure, now),
        (PaymentStatus::Reversed(failure), _) if !unpaid => refund::reverse(purchase, *failure, revokes, now),
        (PaymentStatus::Paid, Phase::Reversed) if view.refunded_minor == 0 => {
            purchase.notice = Some(Notice::MoneyReturned);
        }
        (
            PaymentStatus::Paid
            | PaymentStatus::PartlyRefunded
            | PaymentStatus::NoCharge
            | PaymentStatus::ActionRequired { .. }
            | PaymentStatus::PendingAsync { .. }
            | PaymentStatus::Declined(_)
            | PaymentStatus::Closed(_)
            | PaymentStatus::Reversed(_)
            | PaymentStatus::Other,
            _,
        ) => {}
    }
}

/// The money that was asked for is there, whatever was seen before.
fn pay_as_asked(purchase: &mut Purchase, now: Timestamp) {
    purchase.seen_minor = None;
    pay(purchase, now, now);
}

/// Money moved, but not as it was asked for.
fn mismatch(purchase: &mut Purchase, view: &PaymentView) {
    purchase.released |= was_removed(purchase.phase);
    purchase.phase = Phase::Mismatch;
    purchase.seen_minor = Some(view.amount_minor);
    purchase.charge_sealed = None;
}

/// Whether the gateway shows the money that was asked for, all of it, for this purchase.
fn is_paid_as_asked(purchase: &Purchase, view: &PaymentView) -> bool {
    let price = purchase.terms.product.price;
    let live = match &purchase.payment {
        Some(payment) if purchase.terms.gateway.opens_first() => payment.live == view.live,
        Some(_) | None => view.live || !purchase.terms.live_only,
    };
    view.status == PaymentStatus::Paid
        && view.amount_minor == price.minor
        && view.currency.eq_ignore_ascii_case(price.currency.code())
        && has_our_reference(purchase, view)
        && live
        && view.refunded_minor == 0
}

/// The gateway could not be asked, or did not show the payment.
fn look_later(purchase: &mut Purchase, now: Timestamp) {
    match purchase.phase {
        // What was seen before still holds.
        Phase::PendingAsync => wait_for_gateway(purchase, schedule::pending_pause_ms(purchase.asks), now),
        Phase::ActionRequired => {
            purchase.cancel_asked = false;
            let pause = schedule::ask_pause_ms(purchase.terms.gateway, purchase.asks);
            wait_for_gateway(purchase, pause, now);
        }
        phase if is_awaited(phase) => ask_later(purchase, now),
        Phase::Requested
        | Phase::Reserved
        | Phase::ChargeSent
        | Phase::Verifying
        | Phase::Unknown
        | Phase::Paid
        | Phase::Declined
        | Phase::Refunding
        | Phase::Completed
        | Phase::RolledBack
        | Phase::Failed
        | Phase::Reversed
        | Phase::Mismatch
        | Phase::Stuck => match schedule::recheck_pause_ms(purchase.recheck_asks) {
            Some(pause) => {
                purchase.recheck_asks += 1;
                purchase.recheck_at = now.plus(pause);
            }
            None => give_news_up(purchase),
        },
    }
}

/// The news could not be read for long. Where money may have moved, a person is told.
fn give_news_up(purchase: &mut Purchase) {
    purchase.recheck = false;
    if purchase.charge.is_some() {
        purchase.notice.get_or_insert(Notice::NewsUnread);
    }
}
