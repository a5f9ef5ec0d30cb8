//! What is told from outside: by gateways, by agents and by people.

use super::apply::{decline, pay};
use super::refund;
use crate::domain::code::Code;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::time::Timestamp;
use crate::gateway::RefundReason;
use crate::purchase::state::{Notice, Phase, Purchase, Refund, Undo};

/// So long after the payment a user that is gone from its router is made again without asking anybody, in
/// milliseconds. Later it may have been removed because its time was used up.
const REMAKE_MAX_MS: i64 = 900_000;
/// Later than that a person is told, until so long after the payment, in milliseconds; then it is taken as used up.
const NOTICE_MAX_MS: i64 = 86_400_000;

/// Most refunds of one purchase that people can ask for: each is kept, and read with the purchase.
const REFUNDS_MAX: usize = 50;

/// What somebody outside tells a purchase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// The gateway has news. Carries the payment where it was named.
    Hint {
        /// The gateway's id.
        payment: Option<String>,
    },
    /// An admin wants money back for the buyer.
    Refund {
        /// What the admin repeats the request by.
        id: String,
        /// How much, in minor units; none for all that is left.
        amount_minor: Option<i64>,
        /// The admin.
        by: i64,
    },
    /// A person decides what the machine could not.
    Decide {
        /// What.
        choice: Choice,
        /// The admin.
        by: i64,
    },
    /// The paid user is not on its router any more.
    UserMissing,
    /// A user stands on its router that must not.
    UserStanding,
    /// It may be time to look at a completed purchase again.
    LookBack,
    /// The buyer's page asks how it stands.
    Asked,
    /// Something happened at the site; what waits for it is tried at once.
    SiteMoved,
}

/// What a person can decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Choice {
    /// The money is there: give the access.
    Deliver,
    /// Give the money back.
    Refund,
    /// No money moved: remove the user.
    Close,
    /// Ask the gateway, or the router, again.
    Retry,
    /// A refused refund was taken notice of.
    Acknowledge,
}

impl Choice {
    /// Every choice.
    pub const ALL: [Self; 5] = [Self::Deliver, Self::Refund, Self::Close, Self::Retry, Self::Acknowledge];

    /// The word in requests and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deliver => "entregar",
            Self::Refund => "reembolsar",
            Self::Close => "cerrar",
            Self::Retry => "reintentar",
            Self::Acknowledge => "enterado",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.as_str() == text)
    }
}

/// Why a message is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No money is there that could go back.
    #[error("purchase is not paid")]
    NotPaid,
    /// More than is left.
    #[error("amount is more than is left, or nothing")]
    Amount,
    /// Another refund is being worked on.
    #[error("another refund is under way")]
    RefundUnderWay,
    /// So many were asked for that no more are taken.
    #[error("too many refunds were asked for")]
    TooManyRefunds,
    /// This cannot be decided in this state.
    #[error("choice is not open in this state")]
    NotOpen,
}

/// Takes a message in.
///
/// # Errors
/// [`Refusal`] when it does not fit; the purchase is as before.
pub fn hear(mut purchase: Purchase, message: &Message, now: Timestamp) -> Result<Purchase, Refusal> {
    match message {
        Message::Hint { payment } => hint(&mut purchase, payment.as_deref(), now),
        Message::Refund { id, amount_minor, by } => {
            give_back(&mut purchase, id, *amount_minor, *by, now)?;
        }
        Message::Decide { choice, by } => decide(&mut purchase, *choice, *by, now)?,
        Message::UserMissing => user_missing(&mut purchase, now),
        Message::UserStanding => user_standing(&mut purchase, now),
        Message::LookBack => look_back(&mut purchase, now),
        Message::Asked => ask_sooner(&mut purchase, now),
        Message::SiteMoved => {
            if waits_for_router(&purchase) {
                purchase.wake_at = now;
            }
            purchase.undo_at = purchase.undo_at.min(now);
        }
    }
    Ok(purchase)
}

/// Whether the router is what the purchase waits for.
fn waits_for_router(purchase: &Purchase) -> bool {
    match purchase.phase {
        Phase::Requested | Phase::Reserved | Phase::Paid | Phase::Declined => true,
        Phase::Stuck => purchase.paid_at.is_some(),
        Phase::ChargeSent
        | Phase::Verifying
        | Phase::Unknown
        | Phase::ActionRequired
        | Phase::PendingAsync
        | Phase::Refunding
        | Phase::Completed
        | Phase::RolledBack
        | Phase::Failed
        | Phase::Reversed
        | Phase::Mismatch => false,
    }
}

fn hint(purchase: &mut Purchase, payment: Option<&str>, now: Timestamp) {
    if purchase.payment.is_none() {
        purchase.hinted = payment.map(str::to_owned);
    }
    match purchase.phase {
        Phase::Unknown | Phase::ActionRequired | Phase::PendingAsync => ask_sooner(purchase, now),
        Phase::Requested | Phase::Reserved | Phase::ChargeSent | Phase::Verifying => {}
        Phase::Declined
        | Phase::Paid
        | Phase::Refunding
        | Phase::Completed
        | Phase::RolledBack
        | Phase::Failed
        | Phase::Reversed
        | Phase::Mismatch
        | Phase::Stuck => {
            purchase.recheck = true;
            purchase.recheck_asks = 0;
            purchase.recheck_at = now;
        }
    }
    if let Some(refund) = purchase.refund_under_way_mut() {
        refund.wake_at = refund.wake_at.min(now);
    }
}

/// Looks again at what was settled, once for all times that have passed.
fn look_back(purchase: &mut Purchase, now: Timestamp) {
    let mut due = false;
    while purchase.look_back_at().is_some_and(|at| at <= now) {
        purchase.looked_back += 1;
        due = true;
    }
    if due {
        hint(purchase, None, now);
    }
}

/// Asks the gateway now, without using up one of the questions of the schedule.
fn ask_sooner(purchase: &mut Purchase, now: Timestamp) {
    let awaited = matches!(purchase.phase, Phase::Unknown | Phase::ActionRequired | Phase::PendingAsync);
    // Sending the charge again keeps to its schedule: there are only so many sendings.
    let resends = purchase.charge_sealed.is_some() && purchase.terms.gateway.repeats_by_key();
    if awaited && !resends && purchase.wake_at > now {
        purchase.wake_at = now;
        purchase.asks = purchase.asks.saturating_sub(1);
    }
}

/// Most that can still go back, in minor units.
#[must_use]
pub fn refundable(purchase: &Purchase) -> i64 {
    purchase.seen_minor.unwrap_or(purchase.terms.product.price.minor) - purchase.refunded_minor
}

fn give_back(
    purchase: &mut Purchase,
    id: &str,
    amount: Option<i64>,
    by: i64,
    now: Timestamp,
) -> Result<(), Refusal> {
    if purchase.refunds.iter().any(|refund| refund.id == id) {
        return Ok(());
    }
    match purchase.phase {
        Phase::Paid | Phase::Completed | Phase::Stuck if purchase.paid_at.is_some() => {}
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
        | Phase::Stuck => return Err(Refusal::NotPaid),
    }
    may_be_asked(purchase)?;
    let left = refundable(purchase);
    let amount = amount.unwrap_or(left);
    if !(1..=left).contains(&amount) {
        return Err(Refusal::Amount);
    }
    let refund = refund::new(purchase, RefundReason::Requested, amount, now);
    purchase.refunds.push(Refund { id: id.to_owned(), asked_by: Some(by), ..refund });
    if amount == left && purchase.phase != Phase::Completed {
        refund::stop_delivery(purchase, now);
    }
    Ok(())
}

/// Whether a person can ask for another refund: one at a time, and not without end.
fn may_be_asked(purchase: &Purchase) -> Result<(), Refusal> {
    if purchase.refund_under_way().is_some() {
        return Err(Refusal::RefundUnderWay);
    }
    if purchase.refunds.len() >= REFUNDS_MAX { Err(Refusal::TooManyRefunds) } else { Ok(()) }
}

/// What a person can decide about the purchase as it stands.
#[must_use]
pub fn choices(purchase: &Purchase) -> Vec<Choice> {
    let paid = purchase.paid_at.is_some();
    let mut open = match purchase.phase {
        // Money moved, so that it cannot be closed as unpaid.
        Phase::Mismatch => vec![Choice::Deliver, Choice::Refund, Choice::Retry],
        Phase::Stuck if paid => vec![Choice::Retry, Choice::Refund],
        Phase::Stuck => vec![Choice::Deliver, Choice::Close, Choice::Retry],
        Phase::Refunding if purchase.refund_under_way().is_none() => {
            vec![Choice::Deliver, Choice::Refund, Choice::Retry]
        }
        Phase::Completed if purchase.notice == Some(Notice::UserMissing) => vec![Choice::Deliver],
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
        | Phase::Reversed => vec![],
    };
    if purchase.notice == Some(Notice::NewsUnread) && !open.contains(&Choice::Retry) {
        open.push(Choice::Retry);
    }
    if purchase.notice.is_some() || purchase.refunds.iter().any(Refund::is_refused_unseen) {
        open.push(Choice::Acknowledge);
    }
    open
}

fn decide(purchase: &mut Purchase, choice: Choice, by: i64, now: Timestamp) -> Result<(), Refusal> {
    if !choices(purchase).contains(&choice) {
        return Err(Refusal::NotOpen);
    }
    match choice {
        Choice::Deliver if purchase.refund_under_way().is_some() => return Err(Refusal::RefundUnderWay),
        Choice::Deliver => {
            pay(purchase, purchase.paid_at.unwrap_or(now), now);
            purchase.deliver_since = Some(now);
            purchase.missing_seen = false;
            purchase.confirmed = false;
            purchase.notice = None;
            // What stands on the router is not known any more; making it anew finds what is there.
            purchase.remake = true;
        }
        Choice::Refund => {
            may_be_asked(purchase)?;
            let left = refundable(purchase);
            if left < 1 {
                return Err(Refusal::Amount);
            }
            refund::give_back(purchase, RefundReason::Requested, left, now);
            if let Some(refund) = purchase.refunds.last_mut() {
                refund.asked_by = Some(by);
            }
        }
        Choice::Close => {
            decline(purchase, Failure::new(Code::PaymentCanceled, FailureKind::Payment), now);
        }
        Choice::Retry => {
            purchase.asks = 0;
            purchase.router_attempts = 0;
            purchase.wake_at = now;
            purchase.recheck = true;
            purchase.recheck_asks = 0;
            purchase.recheck_at = now;
        }
        Choice::Acknowledge => {
            purchase.missing_seen |= purchase.notice == Some(Notice::UserMissing);
            purchase.notice = None;
            for refund in purchase.refunds.iter_mut().filter(|refund| refund.is_refused_unseen()) {
                refund.seen = true;
            }
        }
    }
    Ok(())
}

fn user_missing(purchase: &mut Purchase, now: Timestamp) {
    let age = purchase.paid_at.map_or(i64::MAX, |paid_at| now.since(paid_at));
    let noticed = (REMAKE_MAX_MS..NOTICE_MAX_MS).contains(&age) && !purchase.missing_seen;
    if purchase.phase == Phase::Completed && noticed {
        purchase.notice = Some(Notice::UserMissing);
    }
    if purchase.phase == Phase::Completed && age < REMAKE_MAX_MS {
        purchase.phase = Phase::Paid;
        purchase.confirmed = false;
        purchase.remake = true;
        purchase.command_version += 1;
        purchase.router_attempts = 0;
        purchase.wake_at = now;
    }
}

fn user_standing(purchase: &mut Purchase, now: Timestamp) {
    let removed = match purchase.phase {
        Phase::RolledBack | Phase::Failed => true,
        Phase::Reversed => !purchase.confirmed,
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
        | Phase::Mismatch
        | Phase::Stuck => false,
    };
    if removed && purchase.undo.is_none() {
        purchase.undo = Some(Undo::Release);
        purchase.undo_at = now;
        purchase.undo_attempts = 0;
        purchase.command_version += 1;
    }
}
