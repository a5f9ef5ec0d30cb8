//! Where a purchase stands.

use serde::{Deserialize, Serialize};

/// Where a purchase stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Stored; the router is being asked, and the payment may be opened.
    Requested,
    /// The user stands on the router; the payment may still have to be opened.
    Reserved,
    /// The charge is about to be sent, or was sent and not answered yet.
    ChargeSent,
    /// The gateway answered the charge; the payment is read to be sure.
    Verifying,
    /// It cannot be told whether money moved; the gateway is asked again and again.
    Unknown,
    /// The buyer must act at the bank, by a deadline of ours.
    ActionRequired,
    /// Waits for a transfer or a review, maybe for days; the user is removed meanwhile.
    PendingAsync,
    /// Paid and recorded; the user is being confirmed at the router.
    Paid,
    /// No money moved; the user is being removed.
    Declined,
    /// Paid, and the access could not be given or shall not be: the money is going back.
    Refunding,
    /// Paid and delivered.
    Completed,
    /// No money moved and nothing is left on the router.
    RolledBack,
    /// Ended before anything stood on the router.
    Failed,
    /// Paid once, and all the money went back or is disputed.
    Reversed,
    /// The gateway shows something else than was asked for; a person decides.
    Mismatch,
    /// Cannot be settled by the machine; a person decides.
    Stuck,
}

impl Phase {
    /// Every phase.
    pub const ALL: [Self; 16] = [
        Self::Requested,
        Self::Reserved,
        Self::ChargeSent,
        Self::Verifying,
        Self::Unknown,
        Self::ActionRequired,
        Self::PendingAsync,
        Self::Paid,
        Self::Declined,
        Self::Refunding,
        Self::Completed,
        Self::RolledBack,
        Self::Failed,
        Self::Reversed,
        Self::Mismatch,
        Self::Stuck,
    ];

    /// The word in the `phase` column, in metrics and in timelines.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Reserved => "reserved",
            Self::ChargeSent => "charge_sent",
            Self::Verifying => "verifying",
            Self::Unknown => "unknown",
            Self::ActionRequired => "action_required",
            Self::PendingAsync => "pending_async",
            Self::Paid => "paid",
            Self::Declined => "declined",
            Self::Refunding => "refunding",
            Self::Completed => "completed",
            Self::RolledBack => "rolled_back",
            Self::Failed => "failed",
            Self::Reversed => "reversed",
            Self::Mismatch => "mismatch",
            Self::Stuck => "stuck",
        }
    }

    /// Whether the machine has something left to do, whatever else is known.
    #[must_use]
    pub(super) const fn is_under_way(self) -> bool {
        match self {
            Self::Requested
            | Self::Reserved
            | Self::ChargeSent
            | Self::Verifying
            | Self::Unknown
            | Self::ActionRequired
            | Self::PendingAsync
            | Self::Paid
            | Self::Declined => true,
            // What is left to do about it are its refund and its undoing.
            Self::Refunding
            | Self::Completed
            | Self::RolledBack
            | Self::Failed
            | Self::Reversed
            | Self::Mismatch
            | Self::Stuck => false,
        }
    }

    /// Whether an unpaid user may stand on the router.
    #[must_use]
    pub const fn holds_reservation(self) -> bool {
        match self {
            Self::Requested
            | Self::Reserved
            | Self::ChargeSent
            | Self::Verifying
            | Self::Unknown
            | Self::ActionRequired
            | Self::Declined => true,
            Self::PendingAsync
            | Self::Paid
            | Self::Refunding
            | Self::Completed
            | Self::RolledBack
            | Self::Failed
            | Self::Reversed
            | Self::Mismatch
            | Self::Stuck => false,
        }
    }
}
