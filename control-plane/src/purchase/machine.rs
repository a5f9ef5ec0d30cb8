//! The purchase as a pure state machine: no IO, no clock, no chance.
//!
//! The runner goes round: [`advance`] lets time pass, [`next`] tells the one effect that is due, the runner performs
//! it and [`apply()`] takes in what came of it. After a crash the stored state goes through [`resume`] and round again:
//! every effect may be performed twice.
//!
//! What must hold, whatever the order of events:
//! - a charge is due only when the router has confirmed the user and an order is open, and it is due once;
//! - after a charge may have been sent, only the gateway's own word ends the purchase;
//! - a reservation is removed only when it is sure that no money moved.

mod apply;

use super::state::{Charge, DrawnUser, LoginEnd, Phase, Purchase, UserType};
use crate::domain::code::Code;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::time::Timestamp;
use crate::gateway::{Charging, Opening, Reading};

pub use apply::apply;
use apply::decline;

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
