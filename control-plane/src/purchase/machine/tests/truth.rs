//! The world outside, which the machine only hears of: the gateway's books and the router's users.

use crate::domain::code::Code;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::time::Timestamp;
use crate::gateway::{PaymentStatus, PaymentView, Words};
use crate::purchase::state::Purchase;

use super::{PRICE_MINOR, payment, refused};

/// What became of the charge at the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Fate {
    /// The gateway knows of none.
    Nothing,
    /// It is on its way and may still arrive.
    InFlight,
    /// Waits for the buyer's bank.
    Action,
    /// Waits for a review.
    Review,
    /// Refused; `twin` when the gateway calls it a duplicate.
    Declined {
        /// Whether the gateway calls it a duplicate.
        twin: bool,
    },
    /// Closed unpaid.
    Closed,
    /// Money has moved.
    Money,
}

/// A user on the router.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Standing {
    /// Which of the drawn names, by its last digit.
    pub(super) name: u8,
    /// Whether it opens the door to who knows it.
    pub(super) enabled: bool,
    /// Whether its mark was taken away.
    pub(super) confirmed: bool,
}

/// A person's word that the access is to be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Delivery {
    /// When it was given.
    pub(super) at: Timestamp,
    /// How many refunds there were.
    pub(super) refunds: usize,
}

/// The truth, and what of it the judges need to remember.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Truth {
    /// The charge.
    pub(super) fate: Fate,
    /// How much was taken: less than the price when the gateway is confused.
    pub(super) taken: i64,
    /// How much went back.
    pub(super) back: i64,
    /// How much is on its way back: taken by the gateway, shown as pending, not in the sum.
    pub(super) pending: i64,
    /// Refund number that went back under its key.
    pub(super) back_key: u8,
    /// The bank took the money from the company.
    pub(super) disputed: bool,
    /// How often the bytes of the charge left, at most 2 counted.
    pub(super) sent: u8,
    /// Money has moved at some time.
    pub(super) ever_money: bool,
    /// The user.
    pub(super) user: Option<Standing>,
    /// The decision that the agent called old last.
    pub(super) outdated: Option<u64>,
    /// Somebody deleted the user by hand.
    pub(super) meddled: bool,
    /// The company wants users disabled whose money went back.
    pub(super) revokes: bool,
    /// The gateway shows another amount than was asked for.
    pub(super) lies: bool,
    /// A person said last that the access is to be given.
    pub(super) person_delivers: Option<Delivery>,
    /// A person said that no money moved.
    pub(super) person_closes: bool,
    /// Money came after the gateway's last word that none would, and nobody told.
    pub(super) unheard: bool,
}

impl Truth {
    /// Before anything happened.
    pub(super) const fn new(revokes: bool, lies: bool) -> Self {
        Self {
            fate: Fate::Nothing,
            taken: 0,
            back: 0,
            pending: 0,
            back_key: 0,
            disputed: false,
            sent: 0,
            ever_money: false,
            user: None,
            outdated: None,
            meddled: false,
            revokes,
            lies,
            person_delivers: None,
            person_closes: false,
            unheard: false,
        }
    }

    /// Whether the company holds money of the buyer.
    pub(super) fn money_stands(&self) -> bool {
        self.fate == Fate::Money && !self.disputed && self.back < self.taken
    }

    /// The money moves.
    pub(super) fn pay(mut self) -> Self {
        self.fate = Fate::Money;
        self.taken = if self.lies { PRICE_MINOR / 2 } else { PRICE_MINOR };
        self.ever_money = true;
        self
    }

    /// The charge ends or waits without money.
    pub(super) const fn with(mut self, fate: Fate) -> Self {
        self.fate = fate;
        self
    }

    /// Whether the user of the purchase stands on the router.
    pub(super) fn holds(&self, purchase: &Purchase) -> bool {
        self.user.is_some_and(|standing| standing.name == number(&purchase.user.name))
    }

    /// The payment as the gateway shows it; none when there is none to be shown.
    pub(super) fn view(&self, purchase: &Purchase) -> Option<PaymentView> {
        let opens_first = purchase.terms.gateway.opens_first();
        let status = match self.fate {
            Fate::Nothing | Fate::InFlight if !opens_first => return None,
            Fate::Nothing | Fate::InFlight => PaymentStatus::NoCharge,
            Fate::Action => PaymentStatus::ActionRequired { redirect: Some("https://bank".into()) },
            Fate::Review => PaymentStatus::PendingAsync { review: true },
            Fate::Declined { twin: true } => {
                PaymentStatus::Declined(Failure::new(Code::DuplicatePayment, FailureKind::Payment))
            }
            Fate::Declined { twin: false } => PaymentStatus::Declined(refused()),
            Fate::Closed => PaymentStatus::Closed(refused()),
            Fate::Money if self.disputed || self.back >= self.taken => PaymentStatus::Reversed(refused()),
            Fate::Money if self.back > 0 => PaymentStatus::PartlyRefunded,
            Fate::Money => PaymentStatus::Paid,
        };
        Some(PaymentView {
            id: payment().id,
            status,
            amount_minor: if self.taken > 0 { self.taken } else { PRICE_MINOR },
            currency: "MXN".into(),
            reference: Some(purchase.terms.reference()),
            live: false,
            refunded_minor: self.back,
            refund_pending_minor: self.pending,
            card: None,
            words: Words::default(),
        })
    }
}

/// The last digit of a drawn name or of a refund's id.
pub(super) fn number(text: &str) -> u8 {
    text.bytes().last().unwrap_or_default()
}
