//! What is known of one purchase. Stored whole at every commit; everything the machine decides, it decides from this.

mod phase;
mod refund;
mod terms;

use serde::{Deserialize, Serialize};

use crate::domain::failure::Failure;
use crate::domain::time::Timestamp;
use crate::gateway::{Card, Payment, Words};
use crate::purchase::schedule;

pub use phase::Phase;
pub use refund::{Refund, RefundState};
pub use terms::{Buyer, CardChoice, Device, Product, Terms, UserType};

/// A router act that failed so often is shown to a person; it goes on being tried. Tries are a minute apart.
const ATTENTION_ATTEMPTS: u32 = 60;

/// One purchase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purchase {
    /// What was asked for; never changes.
    pub terms: Terms,
    /// Where the purchase stands.
    pub phase: Phase,
    /// The hotspot user as drawn last.
    pub user: DrawnUser,
    /// How many users were drawn.
    pub draws: u32,
    /// Version of the newest decision that the agent was or will be told.
    pub command_version: u64,
    /// The bytes of the charge, sealed: they hold the card token. Dropped as soon as they will not be sent any more.
    pub charge_sealed: Option<String>,
    /// What the gateway knows the payment by, once it told: before the charge where it opens first, else after it.
    pub payment: Option<Payment>,
    /// How often opening the payment had no answer.
    pub opening_attempts: u32,
    /// Whether closing the unpaid payment was asked for since it was last seen open.
    pub cancel_asked: bool,
    /// The charge, once we were about to send it.
    pub charge: Option<Charge>,
    /// How often the gateway was asked since the charge.
    pub asks: u32,
    /// Tries of the router act of this phase that did not succeed.
    pub router_attempts: u32,
    /// Nothing of the phase itself is to be done before this.
    pub wake_at: Timestamp,
    /// Why it ended without access.
    pub failure: Option<Failure>,
    /// When the payment was confirmed.
    pub paid_at: Option<Timestamp>,
    /// When a person said last that the access is to be given; who paid before has waited since then only.
    #[serde(default)]
    pub deliver_since: Option<Timestamp>,
    /// An earlier process may have had the user made.
    pub maybe_reserved: bool,
    /// When the user first stood on the router.
    pub reserved_at: Option<Timestamp>,
    /// The unpaid user was removed while the payment may still come.
    pub released: bool,
    /// The paid user is not on the router and must be made again.
    pub remake: bool,
    /// The buyer may have been shown the user, so that its name and password must stay.
    pub shown: bool,
    /// The agent confirmed the paid user.
    pub confirmed: bool,
    /// How the login of the device ended.
    pub login: Option<LoginEnd>,
    /// Card details that may be kept.
    pub card: Option<Card>,
    /// The gateway's own words for the payment's state, as read last.
    pub words: Option<Words>,
    /// How much of the money went back, in minor units, as read last.
    pub refunded_minor: i64,
    /// How much the gateway shows as paid, in minor units, where it is not what was asked for.
    pub seen_minor: Option<i64>,
    /// Refunds asked for, oldest first.
    pub refunds: Vec<Refund>,
    /// What is left to be undone at the router, beside what the phase does.
    pub undo: Option<Undo>,
    /// Not before this.
    pub undo_at: Timestamp,
    /// Tries of it that did not succeed.
    pub undo_attempts: u32,
    /// The user was disabled because the money went back.
    pub revoked: bool,
    /// Something outside said that the gateway has news about a purchase that nothing waits for.
    pub recheck: bool,
    /// The gateway is not asked about them before this.
    pub recheck_at: Timestamp,
    /// How often it could not be asked.
    pub recheck_asks: u32,
    /// How often a completed purchase was looked at again of itself.
    #[serde(default)]
    pub looked_back: u8,
    /// What a person should know although nothing is left to do.
    pub notice: Option<Notice>,
    /// A person took notice that the user is missing; who tells it again tells nothing new.
    #[serde(default)]
    pub missing_seen: bool,
    /// A payment that something outside named as ours; counts only once the gateway shows our reference on it.
    pub hinted: Option<String>,
    /// How long each step took.
    pub steps: Vec<Step>,
}

/// A hotspot user that was drawn, its password sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrawnUser {
    /// Name.
    pub name: String,
    /// Sealed password; seals the empty text for a PIN user.
    pub password_sealed: String,
}

/// A charge that may have been sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// When we were about to send it first.
    pub started_at: Timestamp,
    /// When we were about to send it last.
    pub sent_at: Timestamp,
    /// How often it was sent again under its key.
    pub resends: u32,
    /// What the gateway said when it refused it.
    pub refusal: Option<Failure>,
    /// Whether other payments under our reference are to be looked for before the refusal counts.
    pub search: bool,
    /// Page that the buyer must open.
    pub redirect: Option<String>,
    /// Whether the gateway reviews it.
    pub review: bool,
}

/// How the login of the device ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoginEnd {
    /// A session was seen.
    Connected,
    /// No MAC was given.
    NoMac,
    /// The answer deadline came first, or the router was too slow.
    TimedOut,
    /// It was refused.
    Failed,
    /// It was accepted but no session was seen.
    Unverified,
    /// The device was not on the hotspot's network.
    DeviceNotSeen,
    /// The user had as many devices online as it may.
    DeviceLimit,
    /// The licence of the router allowed no more sessions.
    LicenseLimit,
    /// The device mode of the router forbids the hotspot.
    DeviceMode,
    /// The RADIUS server of the router said no, or nothing.
    Radius,
}

impl LoginEnd {
    /// The word that counters and the record have for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::NoMac => "no_mac",
            Self::TimedOut => "timed_out",
            Self::Failed => "failed",
            Self::Unverified => "unverified",
            Self::DeviceNotSeen => "failed:device_not_seen",
            Self::DeviceLimit => "failed:device_limit_reached",
            Self::LicenseLimit => "failed:license_limit_reached",
            Self::DeviceMode => "failed:device_mode_forbids",
            Self::Radius => "failed:radius_failed",
        }
    }
}

/// What is to be undone at the router after money went back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Undo {
    /// Remove the user: the access was never given.
    Release,
    /// Disable the user and end its sessions: the access had been given.
    Revoke,
}

/// What a person should know although nothing is left to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// The paid user is not on its router any more, and it cannot be told whether its time was used up.
    UserMissing,
    /// Money that had gone back, or was disputed, is with the company again.
    MoneyReturned,
    /// The gateway has news, or may have, and does not let us read the payment.
    NewsUnread,
}

/// How long one step took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// `accept`, `reserve`, `order`, `charge`, `verify`, `record`, `deliver`, `login`, `release`, `cancel` or `wait`.
    pub name: String,
    /// Microseconds.
    pub micros: u64,
}

impl Purchase {
    /// A purchase that was just asked for.
    #[must_use]
    pub fn new(terms: Terms, user: DrawnUser, charge_sealed: String) -> Self {
        let login = match (terms.device.auto_connect, &terms.device.mac) {
            (true, None) => Some(LoginEnd::NoMac),
            (true, Some(_)) | (false, _) => None,
        };
        Self {
            wake_at: terms.created_at,
            undo_at: terms.created_at,
            recheck_at: terms.created_at,
            terms,
            phase: Phase::Requested,
            user,
            draws: 1,
            command_version: 1,
            charge_sealed: Some(charge_sealed),
            payment: None,
            opening_attempts: 0,
            cancel_asked: false,
            charge: None,
            asks: 0,
            router_attempts: 0,
            failure: None,
            paid_at: None,
            deliver_since: None,
            maybe_reserved: false,
            reserved_at: None,
            released: false,
            remake: false,
            shown: false,
            confirmed: false,
            login,
            card: None,
            words: None,
            refunded_minor: 0,
            seen_minor: None,
            refunds: Vec::new(),
            undo: None,
            undo_attempts: 0,
            revoked: false,
            recheck: false,
            recheck_asks: 0,
            looked_back: 0,
            notice: None,
            missing_seen: false,
            hinted: None,
            steps: Vec::new(),
        }
    }

    /// Whether a runner has something left to do. Who paid is not given up, even when a person was called.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let delivers_still = matches!(self.phase, Phase::Stuck) && self.paid_at.is_some();
        self.phase.is_under_way()
            || delivers_still
            || self.undo.is_some()
            || self.recheck
            || self.refund_under_way().is_some()
    }

    /// Whether a charge may have been sent and it is not known what became of it.
    #[must_use]
    pub const fn is_undecided(&self) -> bool {
        match self.phase {
            Phase::ChargeSent
            | Phase::Verifying
            | Phase::Unknown
            | Phase::ActionRequired
            | Phase::PendingAsync
            | Phase::Mismatch => true,
            Phase::Stuck => self.paid_at.is_none(),
            Phase::Requested
            | Phase::Reserved
            | Phase::Paid
            | Phase::Declined
            | Phase::Refunding
            | Phase::Completed
            | Phase::RolledBack
            | Phase::Failed
            | Phase::Reversed => false,
        }
    }

    /// Whether it may still be charged, or was and it is not known what became of it: meanwhile the same buyer makes no
    /// other purchase of the product. A decided one is in nobody's way.
    #[must_use]
    pub const fn is_in_the_way(&self) -> bool {
        matches!(self.phase, Phase::Requested | Phase::Reserved) || self.is_undecided()
    }

    /// When a completed purchase is to be looked at again; none when it is not, or was often enough.
    #[must_use]
    pub fn look_back_at(&self) -> Option<Timestamp> {
        let paid_at = self.paid_at.filter(|_| self.phase == Phase::Completed)?;
        schedule::look_back_ms(self.looked_back).map(|after| paid_at.plus(after))
    }

    /// Whether a person has to look at it.
    #[must_use]
    pub fn needs_person(&self) -> bool {
        matches!(self.phase, Phase::Mismatch | Phase::Stuck)
            || (self.phase == Phase::Refunding && self.refund_under_way().is_none())
            || self.waits_long_for_router()
            || self.notice.is_some()
            || self.refunds.iter().any(Refund::is_refused_unseen)
    }

    /// Whether the user may have been confirmed at the router, so that it carries no mark there.
    #[must_use]
    pub const fn may_be_confirmed(&self) -> bool {
        self.paid_at.is_some() && !self.remake
    }

    /// Whether the router has not done what is due for long.
    #[must_use]
    pub const fn waits_long_for_router(&self) -> bool {
        self.router_attempts >= ATTENTION_ATTEMPTS || self.undo_attempts >= ATTENTION_ATTEMPTS
    }

    /// The refund that is being worked on: one at a time, because a gateway only tells their sum.
    #[must_use]
    pub fn refund_under_way(&self) -> Option<&Refund> {
        self.refunds.iter().find(|refund| refund.state.is_under_way())
    }

    /// Whether the two differ in more than when something is tried again. The difference is worth a disk sync.
    #[must_use]
    pub fn differs_from(&self, other: &Self) -> bool {
        let mut patient = other.clone();
        patient.wake_at = self.wake_at;
        patient.router_attempts = self.router_attempts;
        patient.undo_at = self.undo_at;
        patient.undo_attempts = self.undo_attempts;
        patient.recheck_at = self.recheck_at;
        patient.recheck_asks = self.recheck_asks;
        patient.steps.clone_from(&self.steps);
        *self != patient || self.needs_person() != other.needs_person()
    }

    /// Nothing is done before `later`, whatever is due.
    pub fn postpone(&mut self, later: Timestamp) {
        for at in [&mut self.wake_at, &mut self.recheck_at, &mut self.undo_at] {
            *at = (*at).max(later);
        }
        if let Some(refund) = self.refund_under_way_mut() {
            refund.wake_at = refund.wake_at.max(later);
        }
    }

    /// As [`Self::refund_under_way`], to be changed.
    pub fn refund_under_way_mut(&mut self) -> Option<&mut Refund> {
        self.refunds.iter_mut().find(|refund| refund.state.is_under_way())
    }

    /// Whether a device login is wanted and has not ended.
    #[must_use]
    pub const fn login_due(&self) -> bool {
        self.terms.device.auto_connect && self.login.is_none()
    }
}
