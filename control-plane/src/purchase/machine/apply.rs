//! What came of an effect at the router, of opening and of charging, taken into the state.

use super::{DRAWS_MAX, Event, OPENINGS_MAX, RouterEnd, refund, view};
use crate::domain::code::Code;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::time::Timestamp;
use crate::gateway::{Charging, Opening, Payment};
use crate::purchase::machine::due::RESENDS_MAX;
use crate::purchase::schedule;
use crate::purchase::state::{DrawnUser, Phase, Purchase, Undo, UserType};

/// Takes in what came of an effect.
#[must_use]
pub fn apply(mut purchase: Purchase, event: Event, now: Timestamp, timing: &super::Timing) -> Purchase {
    match event {
        Event::Reserved { router, opening, next_draw } => {
            after_reserve(&mut purchase, router, opening, next_draw, now);
        }
        Event::Opened(opening) => after_opening(&mut purchase, opening, now),
        Event::Charged(charging) if purchase.phase == Phase::ChargeSent => {
            after_charge(&mut purchase, charging, now);
        }
        Event::Charged(charging) => after_resend(&mut purchase, charging, now),
        Event::Read { reading, revokes } => view::after_reading(&mut purchase, reading, revokes, now),
        Event::Searched(searching) => view::after_search(&mut purchase, searching, now, timing),
        Event::CancelAsked => {
            purchase.cancel_asked = true;
            purchase.wake_at = now;
        }
        Event::Remade { router, next_draw } => after_remake(&mut purchase, router, next_draw, now),
        Event::Confirmed(end) => after_confirm(&mut purchase, end, now),
        Event::LoggedIn(end) => purchase.login = Some(end),
        Event::Released(end) => after_release(&mut purchase, end, now),
        Event::Revoked(end) => after_revoke(&mut purchase, end, now),
        Event::RefundRead { reading, revokes } => {
            refund::after_reading(&mut purchase, reading, revokes, now, timing);
        }
        Event::Refunded(refunding) => refund::after_sending(&mut purchase, refunding, now),
        Event::Woken => {}
        Event::Overslept { until } => catch_up(&mut purchase, until, now),
    }
    purchase
}

fn after_reserve(
    purchase: &mut Purchase,
    router: RouterEnd,
    opening: Option<Opening>,
    next_draw: Option<DrawnUser>,
    now: Timestamp,
) {
    match router {
        RouterEnd::Done => {
            purchase.phase = Phase::Reserved;
            purchase.reserved_at = Some(now);
        }
        RouterEnd::NameTaken => match next_draw {
            Some(user) if purchase.draws < DRAWS_MAX => draw_anew(purchase, user),
            Some(_) | None => {
                refuse(purchase, Failure::new(Code::UsernameExhausted, FailureKind::Fault), now);
            }
        },
        RouterEnd::Refused(failure) => refuse(purchase, failure, now),
        RouterEnd::Gone | RouterEnd::Stale => {
            refuse(purchase, Failure::new(Code::RouterError, FailureKind::Fault), now);
        }
        RouterEnd::Unclear(failure) => decline(purchase, failure, now),
    }
    if let Some(opening) = opening {
        after_opening(purchase, opening, now);
    }
}

fn draw_anew(purchase: &mut Purchase, user: DrawnUser) {
    purchase.user = user;
    purchase.draws += 1;
    purchase.command_version += 1;
}

fn after_opening(purchase: &mut Purchase, opening: Opening, now: Timestamp) {
    let wanted = purchase.phase == Phase::Reserved || purchase.phase == Phase::Requested;
    match opening {
        Opening::Opened(payment) => purchase.payment = Some(payment),
        Opening::Refused(failure) => {
            if wanted {
                decline(purchase, failure, now);
            }
        }
        Opening::Unknown => {
            purchase.opening_attempts += 1;
            if wanted && purchase.opening_attempts >= OPENINGS_MAX {
                decline(purchase, Failure::new(Code::GatewayError, FailureKind::Gateway), now);
            }
        }
    }
}

/// The answer to the first sending.
fn after_charge(purchase: &mut Purchase, charging: Charging, now: Timestamp) {
    if !purchase.terms.gateway.repeats_by_key() {
        purchase.charge_sealed = None;
    }
    match charging {
        Charging::Accepted(payment) => accept(purchase, payment, now),
        Charging::Refused(failure) => {
            remember_refusal(purchase, failure);
            verify(purchase, now);
        }
        Charging::Unknown => ask_later(purchase, now),
        Charging::NotCharged(failure) => decline(purchase, failure, now),
        Charging::NotSent(failure) => {
            purchase.charge = None;
            decline(purchase, failure, now);
        }
    }
}

/// The answer to the same charge sent again: a refusal says nothing of the first sending, so it is searched for.
fn after_resend(purchase: &mut Purchase, charging: Charging, now: Timestamp) {
    if let Some(charge) = &mut purchase.charge {
        charge.resends += 1;
        charge.sent_at = now;
        if charge.resends >= RESENDS_MAX {
            purchase.charge_sealed = None;
        }
    }
    match charging {
        Charging::Accepted(payment) => accept(purchase, payment, now),
        Charging::Refused(failure) | Charging::NotCharged(failure) => {
            if is_about_this_charge(failure.kind) {
                remember_refusal(purchase, failure);
                purchase.charge_sealed = None;
            }
            ask_later(purchase, now);
        }
        Charging::Unknown | Charging::NotSent(_) => ask_later(purchase, now),
    }
}

/// Whether a refusal is about the charge itself, and not about our key or how much is asked.
const fn is_about_this_charge(kind: FailureKind) -> bool {
    match kind {
        FailureKind::Request | FailureKind::Values | FailureKind::Payment => true,
        FailureKind::Throttled | FailureKind::Gateway | FailureKind::Unavailable | FailureKind::Fault => {
            false
        }
    }
}

fn remember_refusal(purchase: &mut Purchase, failure: Failure) {
    if let Some(charge) = &mut purchase.charge {
        charge.refusal = Some(failure);
    }
}

fn accept(purchase: &mut Purchase, payment: Option<Payment>, now: Timestamp) {
    if payment.is_some() {
        purchase.payment = payment;
        purchase.charge_sealed = None;
    }
    verify(purchase, now);
}

fn verify(purchase: &mut Purchase, now: Timestamp) {
    if purchase.payment.is_some() {
        purchase.phase = Phase::Verifying;
        purchase.wake_at = now;
    } else {
        ask_later(purchase, now);
    }
}

fn after_confirm(purchase: &mut Purchase, end: RouterEnd, now: Timestamp) {
    match end {
        RouterEnd::Done => {
            purchase.confirmed = true;
            purchase.shown = true;
            purchase.router_attempts = 0;
        }
        RouterEnd::Gone => {
            purchase.remake = true;
            purchase.command_version += 1;
            // Something at the site may be removing what we make: the first time at once, then with growing pauses.
            if purchase.router_attempts > 0 {
                retry_router(purchase, now);
            } else {
                purchase.router_attempts = 1;
            }
        }
        RouterEnd::Stale => outrun(purchase, retry_router, now),
        RouterEnd::NameTaken | RouterEnd::Refused(_) | RouterEnd::Unclear(_) => retry_router(purchase, now),
    }
}

/// What the agent knows is newer than what we remember: the decision is told again as a newer one.
fn outrun(purchase: &mut Purchase, retry: fn(&mut Purchase, Timestamp), now: Timestamp) {
    purchase.command_version += 1;
    retry(purchase, now);
}

fn after_remake(purchase: &mut Purchase, end: RouterEnd, next_draw: Option<DrawnUser>, now: Timestamp) {
    // The agent remembers what it refused; whatever comes next is a new decision.
    purchase.command_version += 1;
    match end {
        RouterEnd::Done => {
            purchase.remake = false;
            purchase.released = false;
            purchase.shown |= purchase.terms.user_type == UserType::Password;
            purchase.reserved_at = purchase.reserved_at.or(Some(now));
        }
        RouterEnd::NameTaken => match next_draw {
            Some(user) if !purchase.shown && purchase.draws < DRAWS_MAX => {
                purchase.user = user;
                purchase.draws += 1;
            }
            // Somebody else's user has the sold name: only a person can tell whose it is.
            Some(_) | None => {
                purchase.phase = Phase::Stuck;
                retry_router(purchase, now);
            }
        },
        RouterEnd::Gone | RouterEnd::Stale | RouterEnd::Refused(_) | RouterEnd::Unclear(_) => {
            retry_router(purchase, now);
        }
    }
}

fn after_release(purchase: &mut Purchase, end: RouterEnd, now: Timestamp) {
    let by_phase = purchase.phase == Phase::Declined;
    match end {
        RouterEnd::Done | RouterEnd::Gone if by_phase => {
            purchase.phase = Phase::RolledBack;
            purchase.router_attempts = 0;
            purchase.wake_at = now;
        }
        RouterEnd::Done | RouterEnd::Gone => {
            purchase.undo = None;
            purchase.undo_attempts = 0;
            purchase.confirmed = false;
            purchase.remake |= purchase.paid_at.is_some();
            if purchase.paid_at.is_none() {
                purchase.released = true;
                purchase.command_version += 1;
            }
        }
        RouterEnd::Stale if by_phase => outrun(purchase, retry_router, now),
        RouterEnd::Stale => outrun(purchase, retry_undo, now),
        RouterEnd::NameTaken | RouterEnd::Refused(_) | RouterEnd::Unclear(_) if by_phase => {
            retry_router(purchase, now);
        }
        RouterEnd::NameTaken | RouterEnd::Refused(_) | RouterEnd::Unclear(_) => retry_undo(purchase, now),
    }
}

fn after_revoke(purchase: &mut Purchase, end: RouterEnd, now: Timestamp) {
    match end {
        RouterEnd::Done | RouterEnd::Gone => {
            purchase.undo = None;
            purchase.undo_attempts = 0;
            purchase.revoked = true;
        }
        RouterEnd::Stale => outrun(purchase, retry_undo, now),
        RouterEnd::NameTaken | RouterEnd::Refused(_) | RouterEnd::Unclear(_) => retry_undo(purchase, now),
    }
}

/// What should have happened by `until` happens now.
fn catch_up(purchase: &mut Purchase, until: Timestamp, now: Timestamp) {
    let times = [&mut purchase.wake_at, &mut purchase.recheck_at, &mut purchase.undo_at];
    for at in times.into_iter().filter(|at| **at <= until) {
        *at = (*at).min(now);
    }
    if let Some(refund) = purchase.refund_under_way_mut().filter(|refund| refund.wake_at <= until) {
        refund.wake_at = refund.wake_at.min(now);
    }
}

/// Money has moved: from here the only way is forward, or the money back.
pub(super) fn pay(purchase: &mut Purchase, paid_at: Timestamp, now: Timestamp) {
    // What was to be removed is to be kept now; how far removing it came is not known.
    let undone = purchase.undo.take() == Some(Undo::Release);
    purchase.undo_attempts = 0;
    purchase.remake |= undone || purchase.released || was_removed(purchase.phase);
    purchase.phase = Phase::Paid;
    purchase.paid_at = Some(paid_at);
    purchase.failure = None;
    purchase.charge_sealed = None;
    purchase.recheck = false;
    purchase.asks = 0;
    purchase.router_attempts = 0;
    purchase.command_version += 1;
    purchase.wake_at = now;
    purchase.shown |= super::is_usable(purchase);
}

/// Whether the user of a purchase in this phase was removed, or never stood.
pub(super) const fn was_removed(phase: Phase) -> bool {
    match phase {
        Phase::RolledBack | Phase::Failed | Phase::Declined | Phase::Refunding | Phase::Reversed => true,
        Phase::Requested
        | Phase::Reserved
        | Phase::ChargeSent
        | Phase::Verifying
        | Phase::Unknown
        | Phase::ActionRequired
        | Phase::PendingAsync
        | Phase::Paid
        | Phase::Completed
        | Phase::Mismatch
        | Phase::Stuck => false,
    }
}

/// No money moved and the router may hold the user.
pub(super) fn decline(purchase: &mut Purchase, failure: Failure, now: Timestamp) {
    purchase.phase = Phase::Declined;
    purchase.command_version += 1;
    end_unpaid(purchase, failure, now);
}

/// The router took no user this time. Whether it holds one from before decides if there is something to remove.
fn refuse(purchase: &mut Purchase, failure: Failure, now: Timestamp) {
    if purchase.maybe_reserved {
        decline(purchase, failure, now);
    } else {
        purchase.phase = Phase::Failed;
        end_unpaid(purchase, failure, now);
    }
}

fn end_unpaid(purchase: &mut Purchase, failure: Failure, now: Timestamp) {
    purchase.failure = Some(failure);
    purchase.charge_sealed = None;
    purchase.undo = None;
    purchase.undo_attempts = 0;
    purchase.recheck = false;
    purchase.asks = 0;
    purchase.router_attempts = 0;
    purchase.wake_at = now;
}

/// The gateway did not settle it; a payment that should have been closed is to be closed again.
pub(super) fn ask_later(purchase: &mut Purchase, now: Timestamp) {
    purchase.cancel_asked = false;
    purchase.phase = Phase::Unknown;
    wait_for_gateway(purchase, schedule::ask_pause_ms(purchase.terms.gateway, purchase.asks), now);
}

/// Waits before the gateway is asked again; when it was asked often enough, a person is called.
pub(super) fn wait_for_gateway(purchase: &mut Purchase, pause_ms: Option<i64>, now: Timestamp) {
    match pause_ms {
        Some(pause) => {
            purchase.asks += 1;
            purchase.wake_at = now.plus(pause);
        }
        None => {
            purchase.phase = Phase::Stuck;
            purchase.charge_sealed = None;
        }
    }
}

fn retry_undo(purchase: &mut Purchase, now: Timestamp) {
    purchase.undo_attempts = purchase.undo_attempts.saturating_add(1);
    purchase.undo_at = now.plus(schedule::router_pause_ms(purchase.undo_attempts));
}

fn retry_router(purchase: &mut Purchase, now: Timestamp) {
    purchase.router_attempts = purchase.router_attempts.saturating_add(1);
    purchase.wake_at = now.plus(schedule::router_pause_ms(purchase.router_attempts));
}
