//! What came of an effect, taken into the state.

use super::{DRAWS_MAX, Event, ORDER_ATTEMPTS_MAX, RouterEnd};
use crate::domain::code::Code;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::time::Timestamp;
use crate::gateway::{Charging, Opening, OrderStatus, OrderView, Reading};
use crate::purchase::schedule;
use crate::purchase::state::{DrawnUser, Phase, Purchase};

/// Takes in what came of an effect.
#[must_use]
pub fn apply(mut purchase: Purchase, event: Event, now: Timestamp) -> Purchase {
    match event {
        Event::Reserved { router, opening, next_draw } => {
            after_reserve(&mut purchase, router, opening, next_draw, now);
        }
        Event::Opened(opening) => after_opening(&mut purchase, opening, now),
        Event::Charged(charging) => after_charge(&mut purchase, charging, now),
        Event::Read(reading) => after_reading(&mut purchase, reading, now),
        Event::CancelAsked => {
            purchase.order_cancelled = true;
            purchase.wake_at = now;
        }
        Event::Remade(end) => after_remake(&mut purchase, end, now),
        Event::Confirmed(end) => after_confirm(&mut purchase, end, now),
        Event::LoggedIn(end) => purchase.login = Some(end),
        Event::Released(RouterEnd::Done | RouterEnd::Gone) => purchase.phase = Phase::RolledBack,
        Event::Released(RouterEnd::NameTaken | RouterEnd::Refused(_) | RouterEnd::Unclear(_)) => {
            retry_router(&mut purchase, now);
        }
        Event::Woken { early } => {
            if early {
                purchase.wake_at = now;
            }
        }
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
            Some(user) if purchase.draws < DRAWS_MAX => {
                purchase.user = user;
                purchase.draws += 1;
                purchase.command_version += 1;
            }
            Some(_) | None => {
                refuse(purchase, Failure::new(Code::UsernameExhausted, FailureKind::Fault), now);
            }
        },
        RouterEnd::Refused(failure) => refuse(purchase, failure, now),
        RouterEnd::Gone => refuse(purchase, Failure::new(Code::RouterError, FailureKind::Fault), now),
        RouterEnd::Unclear(failure) => decline(purchase, failure, now),
    }
    if let Some(opening) = opening {
        after_opening(purchase, opening, now);
    }
}

fn after_opening(purchase: &mut Purchase, opening: Opening, now: Timestamp) {
    match opening {
        Opening::Opened(order) => purchase.order = Some(order),
        Opening::Refused(failure) => {
            if purchase.phase == Phase::Reserved || purchase.phase == Phase::Requested {
                decline(purchase, failure, now);
            }
        }
        Opening::Unknown => {
            purchase.order_attempts += 1;
            let again = purchase.order_attempts < ORDER_ATTEMPTS_MAX;
            if !again && (purchase.phase == Phase::Reserved || purchase.phase == Phase::Requested) {
                decline(purchase, Failure::new(Code::GatewayError, FailureKind::Gateway), now);
            }
        }
    }
}

fn after_charge(purchase: &mut Purchase, charging: Charging, now: Timestamp) {
    purchase.token_sealed = None;
    match charging {
        Charging::Accepted => verify(purchase, now),
        Charging::Refused(failure) => {
            if let Some(charge) = &mut purchase.charge {
                charge.refusal = Some(failure);
            }
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

fn after_reading(purchase: &mut Purchase, reading: Reading, now: Timestamp) {
    match reading {
        Reading::Found(view) => after_view(purchase, view, now),
        Reading::Denied | Reading::Unknown => ask_later(purchase, now),
    }
}

fn after_view(purchase: &mut Purchase, view: OrderView, now: Timestamp) {
    let refusal = purchase.charge.as_ref().and_then(|charge| charge.refusal);
    let as_asked = is_as_asked(purchase, &view);
    match view.status {
        OrderStatus::Paid if as_asked && view.refunded_minor == 0 => {
            purchase.card = view.card;
            pay(purchase, now);
        }
        OrderStatus::Paid => purchase.phase = Phase::Mismatch,
        OrderStatus::NoCharge => match refusal {
            Some(failure) => decline(purchase, failure, now),
            None => ask_later(purchase, now),
        },
        OrderStatus::Declined(failure) => decline(purchase, refusal.unwrap_or(failure), now),
        OrderStatus::Closed(failure) | OrderStatus::Reversed(failure) => decline(purchase, failure, now),
        OrderStatus::Pending { redirect, review } => {
            if let Some(charge) = &mut purchase.charge {
                charge.redirect = redirect;
                charge.review = review;
            }
            ask_later(purchase, now);
        }
        OrderStatus::Other(_) => ask_later(purchase, now),
    }
}

/// Whether the gateway shows the order that was asked for.
fn is_as_asked(purchase: &Purchase, view: &OrderView) -> bool {
    let price = purchase.terms.product.price;
    view.amount_minor == price.minor
        && view.currency.eq_ignore_ascii_case(price.currency.code())
        && view.reference.as_deref() == Some(purchase.terms.id.as_str())
        && purchase.order.as_ref().is_some_and(|order| order.live == view.live)
}

fn after_confirm(purchase: &mut Purchase, end: RouterEnd, now: Timestamp) {
    match end {
        RouterEnd::Done => {
            purchase.confirmed = true;
            purchase.router_attempts = 0;
        }
        RouterEnd::Gone => {
            purchase.remake = true;
            purchase.command_version += 1;
        }
        RouterEnd::NameTaken | RouterEnd::Refused(_) | RouterEnd::Unclear(_) => retry_router(purchase, now),
    }
}

fn after_remake(purchase: &mut Purchase, end: RouterEnd, now: Timestamp) {
    match end {
        RouterEnd::Done => {
            purchase.remake = false;
            purchase.command_version += 1;
        }
        // Somebody else's user has the sold name: only a person can tell whose it is.
        RouterEnd::NameTaken => {
            purchase.phase = Phase::Stuck;
            purchase.command_version += 1;
            retry_router(purchase, now);
        }
        RouterEnd::Gone | RouterEnd::Refused(_) | RouterEnd::Unclear(_) => {
            // The agent remembers what it refused; a new decision is asked for anew.
            purchase.command_version += 1;
            retry_router(purchase, now);
        }
    }
}

/// Money has moved: from here the only way is forward.
fn pay(purchase: &mut Purchase, now: Timestamp) {
    purchase.phase = Phase::Paid;
    purchase.paid_at = Some(now);
    purchase.token_sealed = None;
    purchase.command_version += 1;
    purchase.wake_at = now;
}

/// No money moved and the router may hold the user.
pub(super) fn decline(purchase: &mut Purchase, failure: Failure, now: Timestamp) {
    purchase.phase = Phase::Declined;
    purchase.failure = Some(failure);
    purchase.token_sealed = None;
    purchase.command_version += 1;
    purchase.router_attempts = 0;
    purchase.wake_at = now;
}

/// The router took no user this time. Whether it holds one from before decides if there is something to remove.
fn refuse(purchase: &mut Purchase, failure: Failure, now: Timestamp) {
    if purchase.maybe_reserved {
        decline(purchase, failure, now);
    } else {
        fail(purchase, failure, now);
    }
}

/// No money moved and the router holds nothing.
fn fail(purchase: &mut Purchase, failure: Failure, now: Timestamp) {
    purchase.phase = Phase::Failed;
    purchase.failure = Some(failure);
    purchase.token_sealed = None;
    purchase.wake_at = now;
}

fn verify(purchase: &mut Purchase, now: Timestamp) {
    purchase.phase = Phase::Verifying;
    purchase.wake_at = now;
}

/// The gateway did not settle it; an order that should have been closed is to be closed again.
fn ask_later(purchase: &mut Purchase, now: Timestamp) {
    purchase.order_cancelled = false;
    match schedule::ask_pause_ms(purchase.asks) {
        Some(pause) => {
            purchase.phase = Phase::Unknown;
            purchase.asks += 1;
            purchase.wake_at = now.plus(pause);
        }
        None => purchase.phase = Phase::Stuck,
    }
}

fn retry_router(purchase: &mut Purchase, now: Timestamp) {
    purchase.router_attempts = purchase.router_attempts.saturating_add(1);
    purchase.wake_at = now.plus(schedule::router_pause_ms(purchase.router_attempts));
}
