//! The purchase as a pure state machine: no IO, no clock, no chance.
//!
//! The runner goes round: [`advance`] lets time pass, [`next`] tells the one effect that is due, the runner performs
//! it and [`apply()`] takes in what came of it. What people and gateways say meanwhile goes through [`hear()`]. After a
//! crash the stored state goes through [`resume`] and round again: every effect may be performed twice.
//!
//! | module | holds |
//! |---|---|
//! | [`due`] | which effect is due |
//! | [`apply`](mod@apply) | what came of an effect at the router, of opening and of charging |
//! | [`view`] | what the gateway shows of the payment |
//! | [`refund`] | money on its way back |
//! | [`hear`](mod@hear) | what is told from outside |
//!
//! What must hold, whatever the order of events:
//! - a charge is due only when the router has confirmed the user, and it is sent again only under its own key;
//! - after a charge may have been sent, only the gateway's own word or a person ends the purchase;
//! - a user that was paid for is removed only when the money goes back.

mod apply;
mod due;
mod hear;
mod refund;
mod view;

use super::state::{Charge, DrawnUser, LoginEnd, Phase, Purchase, Refund, RefundState, Undo, UserType};
use crate::domain::code::Code;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::time::Timestamp;
use crate::gateway::{Charging, Opening, Reading, RefundReason, Refunding, Searching};

pub use apply::apply;
pub use due::next;
pub use hear::{Choice, Message, Refusal, choices, hear, refundable};

use apply::decline;

/// Most users drawn for one purchase.
pub const DRAWS_MAX: u32 = 8;
/// After a restart a purchase waits so long for its agent, in milliseconds; the agent's arrival ends it early.
const RESUME_WAIT_MS: i64 = 5_000;
/// Most tries to open a payment.
const OPENINGS_MAX: u32 = 2;

/// Limits in time, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// The portal is answered by then.
    pub answer_deadline_ms: i64,
    /// A charge that was not sent by then is never sent.
    pub charge_start_max_ms: i64,
    /// Longest wait for the answer to a charge.
    pub charge_timeout_ms: i64,
    /// After a charge timed out, so long a payment without a charge is left alone before it is closed; and so long a
    /// refund of which nothing shows is left alone before it is sent again.
    pub quiet_period_ms: i64,
    /// A payment that waits for the buyer is closed after this.
    pub pending_max_ms: i64,
    /// So long after the charge an unpaid user is kept for a payment that may take days.
    pub reserve_lease_ms: i64,
    /// So long a gateway is trusted to remember the key of a charge; and so long a search that finds nothing is no
    /// proof that nothing is there.
    pub key_life_ms: i64,
    /// Who paid gets the access by then, or the money back.
    pub delivery_limit_ms: i64,
}

/// The one thing to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Create the user at the router; open the payment meanwhile if that is to be done.
    Reserve {
        /// Whether the payment has to be opened too.
        open: bool,
    },
    /// Open the payment.
    Open,
    /// Send the charge, or send it again under its key.
    Charge,
    /// Read the payment.
    Read,
    /// Search the payment by our reference.
    Search,
    /// Close the unpaid payment.
    Cancel,
    /// Make the paid user anew.
    Remake,
    /// Tell the agent that the user is paid.
    Confirm,
    /// Log the device in.
    Login,
    /// Remove the user.
    Release,
    /// Disable the user and end its sessions.
    Revoke,
    /// Read how much of the money has gone back.
    ReadRefund,
    /// Give money back.
    Refund,
    /// Nothing before this time.
    Wait(Timestamp),
    /// Nothing ever, unless something is told.
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
            | Self::Cancel
            | Self::Remake
            | Self::Confirm
            | Self::Release
            | Self::Revoke
            | Self::Refund
            | Self::Wait(_)
            | Self::End => true,
            // These may be done again after a crash without anybody noticing.
            Self::Open | Self::Read | Self::Search | Self::Login | Self::ReadRefund => false,
        }
    }

    /// The word in timelines.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reserve { .. } => "reserve",
            Self::Open => "open",
            Self::Charge => "charge",
            Self::Read => "read",
            Self::Search => "search",
            Self::Cancel => "cancel",
            Self::Remake => "remake",
            Self::Confirm => "confirm",
            Self::Login => "login",
            Self::Release => "release",
            Self::Revoke => "revoke",
            Self::ReadRefund => "read_refund",
            Self::Refund => "refund",
            Self::Wait(_) => "wait",
            Self::End => "end",
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
    /// Not done: the agent knows a newer decision. It was told by us, and our database was restored since.
    Stale,
    /// It cannot be told what is on the router.
    Unclear(Failure),
}

/// What came of an effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The reservation ended; beside it, how opening the payment ended if it was tried. Carries the user to try next.
    Reserved {
        /// The router's part.
        router: RouterEnd,
        /// The gateway's part.
        opening: Option<Opening>,
        /// Used when the name was taken.
        next_draw: Option<DrawnUser>,
    },
    /// Opening the payment ended.
    Opened(Opening),
    /// The charge ended.
    Charged(Charging),
    /// Reading the payment ended.
    Read {
        /// What it shows.
        reading: Reading,
        /// Whether the company wants users disabled whose money went back.
        revokes: bool,
    },
    /// The search ended.
    Searched(Searching),
    /// Closing was asked for.
    CancelAsked,
    /// Making the user anew ended.
    Remade {
        /// The router's part.
        router: RouterEnd,
        /// Used when the name was taken and the buyer was not shown it.
        next_draw: Option<DrawnUser>,
    },
    /// Confirming ended.
    Confirmed(RouterEnd),
    /// The login ended.
    LoggedIn(LoginEnd),
    /// Removing ended.
    Released(RouterEnd),
    /// Disabling ended.
    Revoked(RouterEnd),
    /// Reading how much has gone back ended.
    RefundRead {
        /// What the payment shows.
        reading: Reading,
        /// As in [`Event::Read`].
        revokes: bool,
    },
    /// Giving money back was asked for.
    Refunded(Refunding),
    /// A wait ended.
    Woken,
    /// A wait until `until` ended by its length, whatever the clock shows: it may have been set back.
    Overslept {
        /// Until when it was to last.
        until: Timestamp,
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
            if !purchase.terms.gateway.repeats_by_key() {
                purchase.charge_sealed = None;
            }
            purchase.wake_at = now;
        }
        Phase::Unknown
        | Phase::ActionRequired
        | Phase::PendingAsync
        | Phase::Paid
        | Phase::Declined
        | Phase::Refunding
        | Phase::Completed
        | Phase::RolledBack
        | Phase::Failed
        | Phase::Reversed
        | Phase::Mismatch
        | Phase::Stuck => {}
    }
    if let Some(refund) =
        purchase.refund_under_way_mut().filter(|refund| refund.state == RefundState::Sending)
    {
        refund.state = RefundState::Sent;
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
        Phase::Reserved if purchase.payment.is_some() || !purchase.terms.gateway.opens_first() => {
            purchase.phase = Phase::ChargeSent;
            purchase.charge = Some(Charge {
                started_at: now,
                sent_at: now,
                resends: 0,
                refusal: None,
                search: false,
                redirect: None,
                review: false,
            });
        }
        Phase::Paid | Phase::Stuck if purchase.confirmed => {
            if purchase.login_due() && age >= timing.answer_deadline_ms {
                purchase.login = Some(LoginEnd::TimedOut);
            }
            if !purchase.login_due() {
                purchase.phase = Phase::Completed;
            }
        }
        Phase::PendingAsync if purchase.undo.is_none() && due::lease_is_over(&purchase, now, timing) => {
            purchase.undo = Some(Undo::Release);
            purchase.undo_at = now;
            purchase.undo_attempts = 0;
            purchase.command_version += 1;
        }
        Phase::Paid | Phase::Stuck if is_overdue(&purchase, now, timing) => overdue(&mut purchase, now),
        Phase::Requested
        | Phase::Reserved
        | Phase::ChargeSent
        | Phase::Verifying
        | Phase::Unknown
        | Phase::ActionRequired
        | Phase::PendingAsync
        | Phase::Paid
        | Phase::Declined
        | Phase::Refunding
        | Phase::Completed
        | Phase::RolledBack
        | Phase::Failed
        | Phase::Reversed
        | Phase::Mismatch
        | Phase::Stuck => {}
    }
    if !is_sendable(&purchase, now, timing) {
        purchase.charge_sealed = None;
    }
    refund::advance(&mut purchase, now);
    purchase
}

/// Whether the charge may still be sent, for the first time or under its key: only then are its bytes kept.
fn is_sendable(purchase: &Purchase, now: Timestamp, timing: &Timing) -> bool {
    match purchase.phase {
        Phase::Requested | Phase::Reserved | Phase::ChargeSent => true,
        Phase::Unknown => {
            let repeats = purchase.terms.gateway.repeats_by_key() && purchase.payment.is_none();
            repeats && purchase.charge.as_ref().is_some_and(|charge| due::may_repeat(charge, now, timing))
        }
        Phase::Verifying
        | Phase::ActionRequired
        | Phase::PendingAsync
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

/// Whether who paid has waited longer for the access than the company allows, since the payment or since a person
/// decided that it be given.
fn is_overdue(purchase: &Purchase, now: Timestamp, timing: &Timing) -> bool {
    let since = purchase.deliver_since.or(purchase.paid_at);
    since.is_some_and(|since| now.since(since) >= timing.delivery_limit_ms)
}

/// Who has no access gets the money back, once; who has it and could only not be confirmed is left to a person, and so
/// is whose money may be on its way back already. A refund that is under way is waited for: it changes how much is left.
fn overdue(purchase: &mut Purchase, now: Timestamp) {
    if purchase.refund_under_way().is_some() {
        return;
    }
    let without_access = purchase.remake || purchase.terms.user_type == UserType::Pin;
    let tells = |refund: &Refund| refund.reason == RefundReason::NotDelivered || refund.may_still_come();
    let tried = purchase.refunds.iter().any(|refund| refund.payment.is_none() && tells(refund));
    if without_access && !tried {
        let amount = hear::refundable(purchase);
        refund::give_back(purchase, RefundReason::NotDelivered, amount, now);
    } else {
        purchase.phase = Phase::Stuck;
    }
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
        | Phase::ActionRequired
        | Phase::PendingAsync
        | Phase::Declined
        | Phase::Refunding
        | Phase::RolledBack
        | Phase::Failed
        | Phase::Reversed
        | Phase::Mismatch
        | Phase::Stuck => false,
    }
}

#[cfg(test)]
mod tests;
