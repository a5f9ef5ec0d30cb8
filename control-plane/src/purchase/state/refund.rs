//! Money on its way back.

use serde::{Deserialize, Serialize};

use crate::domain::failure::Failure;
use crate::domain::time::Timestamp;
use crate::gateway::RefundReason;

/// One refund. A gateway only tells the sum of all refunds, so its end is read off the sum before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// What an admin repeats the request by.
    pub id: String,
    /// The gateway recognises a repeat by it where it can.
    pub key: String,
    /// The payment, where it is not the purchase's own: a second one that must not have been.
    pub payment: Option<String>,
    /// How much, in minor units of the purchase's currency.
    pub amount_minor: i64,
    /// Why.
    pub reason: RefundReason,
    /// Who asked: an admin's user number, or nobody when the machine decided.
    pub asked_by: Option<i64>,
    /// When.
    pub asked_at: Timestamp,
    /// Where it stands.
    pub state: RefundState,
    /// How much had gone back before, in minor units; read before it is sent.
    pub before_minor: Option<i64>,
    /// How often it was sent.
    pub sendings: u32,
    /// Whether the gateway took it, so that it must not be sent again.
    pub accepted: bool,
    /// When we were about to send it last.
    pub sent_at: Option<Timestamp>,
    /// How often the gateway was asked about it.
    pub asks: u32,
    /// Nothing is to be done about it before this.
    pub wake_at: Timestamp,
    /// What the gateway said when it refused it.
    pub refusal: Option<Failure>,
    /// A person took notice that it failed.
    #[serde(default)]
    pub seen: bool,
}

/// Where a refund stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundState {
    /// Stored; not sent yet.
    Asked,
    /// About to be sent, or sent and not answered yet.
    Sending,
    /// It may have been sent; the gateway is asked what came of it.
    Sent,
    /// The gateway shows the money as gone back.
    Done,
    /// The gateway refused it, and shows that nothing went back.
    Refused,
}

impl Refund {
    /// Whether it was given up although the gateway may have taken it, so that the money may still go back.
    #[must_use]
    pub fn may_still_come(&self) -> bool {
        self.state == RefundState::Refused && (self.accepted || self.sendings > 1)
    }

    /// Whether it failed and no person took notice yet.
    #[must_use]
    pub fn is_refused_unseen(&self) -> bool {
        self.state == RefundState::Refused && !self.seen
    }
}

impl RefundState {
    /// Whether something is left to do.
    #[must_use]
    pub const fn is_under_way(self) -> bool {
        match self {
            Self::Asked | Self::Sending | Self::Sent => true,
            Self::Done | Self::Refused => false,
        }
    }

    /// The word in answers and timelines.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }
}
