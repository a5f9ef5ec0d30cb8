//! The purchase as a pure state machine: no IO, no clock, no chance.
//!
//! The runner goes round: [`advance`] lets time pass, [`next`] tells the one effect that is due, the runner performs
//! it and [`apply`] takes in what came of it. After a crash the stored state goes through [`resume`] and round again:
//! every effect may be performed twice.
//!
//! What must hold, whatever the order of events:
//! - a charge is due only when the router has confirmed the user and an order is open, and it is due once;
//! - after a charge may have been sent, only the gateway's own word ends the purchase;
//! - a reservation is removed only when it is sure that no money moved.

use super::schedule;
use super::state::{Charge, DrawnUser, LoginEnd, Phase, Purchase, UserType};
use crate::domain::code::Code;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::time::Timestamp;
use crate::gateway::{Charging, Opening, OrderStatus, OrderView, Reading};

/// Most users drawn for one purchase.
pub const DRAWS_MAX: u32 = 8;
/// After a restart a purchase waits so long for its agent, in milliseconds; the agent's arrival ends it early.
const RESUME_WAIT_MS: i64 = 5_000;
/// Most tries to open an order.
const ORDER_ATTEMPTS_MAX: u32 = 2;

/// Limits in time, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// The portal is answered by then.
    pub answer_deadline_ms: i64,
    /// A charge that was not sent by then is never sent.
    pub charge_start_max_ms: i64,
    /// Longest wait for the answer to a charge.
    pub charge_timeout_ms: i64,
    /// After a charge timed out, so long an order without a charge is left alone before it is closed.
    pub quiet_period_ms: i64,
    /// A payment that waits for the buyer or a review is closed after this.
    pub pending_max_ms: i64,
    /// Who paid gets the access by then, or a person is called.
    pub delivery_limit_ms: i64,
}

/// The one thing to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Create the user at the router; open the order meanwhile if it is not open.
    Reserve {
        /// Whether the order has to be opened too.
        open_order: bool,
    },
    /// Open the order.
    OpenOrder,
    /// Send the charge.
    Charge,
    /// Read the order.
    ReadOrder,
    /// Close the unpaid order.
    CancelOrder,
    /// Make the paid user anew, with the same name and password.
    Remake,
    /// Tell the agent that the user is paid.
    Confirm,
    /// Log the device in.
    Login,
    /// Remove the user.
    Release,
    /// Nothing before this time.
    Wait(Timestamp),
    /// Nothing ever.
    End,
}

impl Effect {
    /// Whether the state must be on disk before the effect is performed.
    #[must_use]
    pub const fn needs_commit(self) -> bool {
        match self {
            // The first reservation is stored with the request; a new draw must be stored before it is used.
            Self::Reserve { .. }
            | Self::Charge
            | Self::CancelOrder
            | Self::Remake
            | Self::Confirm
            | Self::Release
            | Self::Wait(_)
            | Self::End => true,
            // These may be done again after a crash without anybody noticing.
            Self::OpenOrder | Self::ReadOrder | Self::Login => false,
        }
    }
}

/// How a router act ended, as far as the purchase cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RouterEnd {
    /// Done.
    Done,
    /// Another user has the name.
    NameTaken,
    /// The paid user is not there.
    Gone,
    /// Not done, and nothing on the router was changed.
    Refused(Failure),
    /// It cannot be told what is on the router.
    Unclear(Failure),
}

/// What came of an effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The reservation ended; beside it, how opening the order ended if it was tried. Carries the user to try next.
    Reserved {
        /// The router's part.
        router: RouterEnd,
        /// The gateway's part.
        opening: Option<Opening>,
        /// Used when the name was taken.
        next_draw: Option<DrawnUser>,
    },
    /// Opening the order ended.
    Opened(Opening),
    /// The charge ended.
    Charged(Charging),
    /// Reading the order ended.
    Read(Reading),
    /// Cancelling was asked for.
    CancelAsked,
    /// Making the user anew ended.
    Remade(RouterEnd),
    /// Confirming ended.
    Confirmed(RouterEnd),
    /// The login ended.
    LoggedIn(LoginEnd),
    /// Removing ended.
    Released(RouterEnd),
    /// A wait ended, by time or because something woke the purchase.
    Woken {
        /// Whether it was woken early.
        early: bool,
    },
}

/// A stored state as a new runner must take it: what was about to be sent may have been sent.
#[must_use]
pub fn resume(mut purchase: Purchase, now: Timestamp) -> Purchase {
    match purchase.phase {
        Phase::Requested | Phase::Reserved => {
            purchase.maybe_reserved = true;
            purchase.wake_at = now.plus(RESUME_WAIT_MS);
        }
        Phase::ChargeSent | Phase::Verifying => {
            purchase.phase = Phase::Unknown;
            purchase.token_sealed = None;
            purchase.wake_at = now;
        }
        Phase::Unknown
        | Phase::Paid
        | Phase::Declined
        | Phase::Completed
        | Phase::RolledBack
        | Phase::Failed
        | Phase::Mismatch
        | Phase::Stuck => {}
    }
    purchase
}

/// Lets time pass: transitions that need nothing but the clock.
#[must_use]
pub fn advance(mut purchase: Purchase, now: Timestamp, timing: &Timing) -> Purchase {
    let age = now.since(purchase.terms.created_at);
    match purchase.phase {
        Phase::Requested | Phase::Reserved if age >= timing.charge_start_max_ms => {
            decline(&mut purchase, Failure::new(Code::RouterUnreachable, FailureKind::Unavailable), now);
        }
        Phase::Reserved if purchase.order.is_some() => {
            purchase.phase = Phase::ChargeSent;
            purchase.charge = Some(Charge { started_at: now, refusal: None, redirect: None, review: false });
        }
        Phase::Paid | Phase::Stuck if purchase.confirmed => {
            if purchase.login_due() && age >= timing.answer_deadline_ms {
                purchase.login = Some(LoginEnd::TimedOut);
            }
            if !purchase.login_due() {
                purchase.phase = Phase::Completed;
            }
        }
        Phase::Paid if now.since(purchase.paid_at.unwrap_or(now)) >= timing.delivery_limit_ms => {
            purchase.phase = Phase::Stuck;
        }
        Phase::Requested
        | Phase::Reserved
        | Phase::ChargeSent
        | Phase::Verifying
        | Phase::Unknown
        | Phase::Paid
        | Phase::Declined
        | Phase::Completed
        | Phase::RolledBack
        | Phase::Failed
        | Phase::Mismatch
        | Phase::Stuck => {}
    }
    purchase
}

/// The effect that is due.
#[must_use]
pub fn next(purchase: &Purchase, now: Timestamp, timing: &Timing) -> Effect {
    let due = due(purchase, now, timing);
    if due != Effect::End && purchase.wake_at > now { Effect::Wait(purchase.wake_at) } else { due }
}

/// The effect that is due once the purchase need not wait.
fn due(purchase: &Purchase, now: Timestamp, timing: &Timing) -> Effect {
    match purchase.phase {
        Phase::Requested => Effect::Reserve { open_order: purchase.order.is_none() },
        Phase::Reserved => Effect::OpenOrder,
        Phase::ChargeSent => Effect::Charge,
        Phase::Verifying => Effect::ReadOrder,
        Phase::Unknown if closing_is_due(purchase, now, timing) => Effect::CancelOrder,
        Phase::Unknown => Effect::ReadOrder,
        Phase::Paid | Phase::Stuck if purchase.is_open() && purchase.remake => Effect::Remake,
        Phase::Paid | Phase::Stuck if purchase.is_open() && !purchase.confirmed => Effect::Confirm,
        Phase::Paid | Phase::Stuck if purchase.is_open() => Effect::Login,
        Phase::Declined => Effect::Release,
        Phase::RolledBack | Phase::Failed if spare_order(purchase) => Effect::CancelOrder,
        Phase::RolledBack
        | Phase::Failed
        | Phase::Completed
        | Phase::Mismatch
        | Phase::Paid
        | Phase::Stuck => Effect::End,
    }
}

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
fn decline(purchase: &mut Purchase, failure: Failure, now: Timestamp) {
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

/// Whether the order is to be closed: nobody waits for the charge any more and it shows none, or it waits too long.
fn closing_is_due(purchase: &Purchase, now: Timestamp, timing: &Timing) -> bool {
    let Some(charge) = &purchase.charge else { return false };
    let age = now.since(charge.started_at);
    let waits = charge.review || charge.redirect.is_some();
    let limit = if waits { timing.pending_max_ms } else { timing.charge_timeout_ms + timing.quiet_period_ms };
    !purchase.order_cancelled && age >= limit
}

/// Whether an order was opened that will never be charged.
fn spare_order(purchase: &Purchase) -> bool {
    purchase.order.is_some() && purchase.charge.is_none() && !purchase.order_cancelled
}

/// Whether the buyer may be shown the user.
#[must_use]
pub fn is_usable(purchase: &Purchase) -> bool {
    match purchase.phase {
        Phase::Completed => true,
        Phase::Paid => match purchase.terms.user_type {
            UserType::Password => !purchase.remake,
            UserType::Pin => purchase.confirmed,
        },
        Phase::Requested
        | Phase::Reserved
        | Phase::ChargeSent
        | Phase::Verifying
        | Phase::Unknown
        | Phase::Declined
        | Phase::RolledBack
        | Phase::Failed
        | Phase::Mismatch
        | Phase::Stuck => false,
    }
}

#[cfg(test)]
mod tests;
