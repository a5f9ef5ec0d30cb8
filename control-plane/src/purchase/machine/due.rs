//! Which effect is due.

use super::{Effect, Timing, refund};
use crate::domain::time::Timestamp;
use crate::purchase::state::{Charge, Phase, Purchase, Undo};

/// Most times a charge is sent again under its key.
pub(super) const RESENDS_MAX: u32 = 5;

/// The effect that is due now, or until when there is nothing to do.
#[must_use]
pub fn next(purchase: &Purchase, now: Timestamp, timing: &Timing) -> Effect {
    let jobs = [
        main(purchase, now, timing).map(|effect| (purchase.wake_at, effect)),
        recheck(purchase).map(|effect| (purchase.recheck_at, effect)),
        undo(purchase).map(|effect| (purchase.undo_at, effect)),
        refund::due(purchase),
    ];
    let mut earliest: Option<Timestamp> = None;
    for (at, effect) in jobs.into_iter().flatten() {
        if at <= now {
            return effect;
        }
        earliest = Some(earliest.map_or(at, |known| known.min(at)));
    }
    earliest.map_or(Effect::End, Effect::Wait)
}

/// What the phase asks for.
fn main(purchase: &Purchase, now: Timestamp, timing: &Timing) -> Option<Effect> {
    match purchase.phase {
        Phase::Requested => {
            Some(Effect::Reserve { open: purchase.terms.gateway.opens_first() && purchase.payment.is_none() })
        }
        Phase::Reserved => Some(Effect::Open),
        Phase::ChargeSent => Some(Effect::Charge),
        Phase::Verifying => Some(Effect::Read),
        Phase::Unknown | Phase::ActionRequired => Some(ask(purchase, now, timing)),
        Phase::PendingAsync => Some(Effect::Read),
        Phase::Paid => Some(deliver(purchase)),
        Phase::Stuck if purchase.paid_at.is_some() => Some(deliver(purchase)),
        Phase::Declined => Some(Effect::Release),
        Phase::RolledBack | Phase::Failed if spare_payment(purchase) => Some(Effect::Cancel),
        Phase::Refunding
        | Phase::Completed
        | Phase::RolledBack
        | Phase::Failed
        | Phase::Reversed
        | Phase::Mismatch
        | Phase::Stuck => None,
    }
}

/// How the gateway is asked what became of a charge.
fn ask(purchase: &Purchase, now: Timestamp, timing: &Timing) -> Effect {
    let Some(charge) = &purchase.charge else { return look(purchase) };
    if charge.search {
        return Effect::Search;
    }
    if purchase.payment.is_some() {
        return if closing_is_due(purchase, charge, now, timing) { Effect::Cancel } else { Effect::Read };
    }
    let repeats = purchase.terms.gateway.repeats_by_key() && purchase.charge_sealed.is_some();
    if repeats && may_repeat(charge, now, timing) { Effect::Charge } else { look(purchase) }
}

/// Whether the charge may be sent again under its key, where the gateway knows keys.
pub(super) fn may_repeat(charge: &Charge, now: Timestamp, timing: &Timing) -> bool {
    let key_lives = now.since(charge.started_at) < timing.key_life_ms;
    key_lives && charge.resends < RESENDS_MAX && charge.refusal.is_none()
}

/// Reads the payment if one is known, else searches it.
fn look(purchase: &Purchase) -> Effect {
    if purchase.payment.is_some() || purchase.hinted.is_some() { Effect::Read } else { Effect::Search }
}

/// Whether the payment is to be closed: nobody waits for the charge any more and it shows none, or the buyer took
/// too long.
fn closing_is_due(purchase: &Purchase, charge: &Charge, now: Timestamp, timing: &Timing) -> bool {
    let limit = if purchase.phase == Phase::ActionRequired {
        timing.pending_max_ms
    } else {
        timing.charge_timeout_ms + timing.quiet_period_ms
    };
    !purchase.cancel_asked && now.since(charge.started_at) >= limit
}

/// Whether the unpaid user is to be removed although the payment may still come.
pub(super) fn lease_is_over(purchase: &Purchase, now: Timestamp, timing: &Timing) -> bool {
    let since = purchase.charge.as_ref().map_or(purchase.terms.created_at, |charge| charge.started_at);
    !purchase.released && now.since(since) >= timing.reserve_lease_ms
}

fn deliver(purchase: &Purchase) -> Effect {
    if purchase.remake {
        Effect::Remake
    } else if purchase.confirmed {
        Effect::Login
    } else {
        Effect::Confirm
    }
}

/// Whether a payment was opened that will never be charged.
fn spare_payment(purchase: &Purchase) -> bool {
    purchase.payment.is_some() && purchase.charge.is_none() && !purchase.cancel_asked
}

/// News about a purchase that nothing else asks the gateway about.
fn recheck(purchase: &Purchase) -> Option<Effect> {
    let others_ask = match purchase.phase {
        Phase::Paid
        | Phase::Refunding
        | Phase::Completed
        | Phase::RolledBack
        | Phase::Failed
        | Phase::Reversed
        | Phase::Mismatch
        | Phase::Stuck => false,
        Phase::Requested
        | Phase::Reserved
        | Phase::ChargeSent
        | Phase::Verifying
        | Phase::Unknown
        | Phase::ActionRequired
        | Phase::PendingAsync
        | Phase::Declined => true,
    };
    (!others_ask && purchase.recheck).then(|| look(purchase))
}

fn undo(purchase: &Purchase) -> Option<Effect> {
    purchase.undo.map(|undo| match undo {
        Undo::Release => Effect::Release,
        Undo::Revoke => Effect::Revoke,
    })
}
