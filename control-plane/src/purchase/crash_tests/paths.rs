//! The paths of a purchase that are proven: how the outside behaves, and what people do meanwhile.

use super::bank::Card;
use super::site::Mood;
use crate::domain::code::Code;
use crate::domain::failure::{Failure, FailureKind};
use crate::gateway::GatewayName;
use crate::purchase::state::{Phase, UserType};

/// What somebody outside does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// The gateway approves what waits, or takes money late; and notifies.
    Approve,
    /// The buyer's bank takes the money back; the gateway notifies.
    Dispute,
    /// An admin gives all the money back.
    RefundAll,
    /// An admin gives a part back.
    RefundPart,
}

/// When it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// As soon as the purchase is seen in this phase.
    In(Phase),
    /// When nothing is left to do.
    AtRest,
}

/// One path.
#[derive(Debug, Clone, Copy)]
pub(super) struct Path {
    pub(super) name: &'static str,
    pub(super) card: Card,
    pub(super) mood: Mood,
    pub(super) user_type: UserType,
    pub(super) auto_connect: bool,
    pub(super) acts: &'static [(When, Act)],
    /// Whether it may end with a person being called, whatever strikes.
    pub(super) calls_person: bool,
    /// At which gateways.
    pub(super) gateways: &'static [GatewayName],
}

const PAID: Path = Path {
    name: "paid",
    card: Card::Pays,
    mood: Mood::Well,
    user_type: UserType::Password,
    auto_connect: false,
    acts: &[],
    calls_person: false,
    gateways: &GatewayName::ALL,
};

const fn refused(code: Code, kind: FailureKind) -> Card {
    Card::IsRefused(Failure::new(code, kind))
}

/// Every path.
pub(super) const PATHS: &[Path] = &[
    PAID,
    Path { name: "paid, PIN", user_type: UserType::Pin, ..PAID },
    Path { name: "paid, device logged in", auto_connect: true, ..PAID },
    Path { name: "paid, name taken", mood: Mood::NameTaken, ..PAID },
    Path { name: "declined", card: Card::IsDeclined, ..PAID },
    Path {
        name: "declined, router away at the removal",
        card: Card::IsDeclined,
        mood: Mood::AwayAtRemoval,
        ..PAID
    },
    Path { name: "400 to the charge", card: refused(Code::RequestInvalid, FailureKind::Request), ..PAID },
    Path {
        name: "401 to the charge",
        card: refused(Code::GatewayAuthFailed, FailureKind::Gateway),
        calls_person: true,
        ..PAID
    },
    Path { name: "422 to the charge", card: refused(Code::TokenInvalid, FailureKind::Payment), ..PAID },
    Path {
        name: "429 to the charge",
        card: refused(Code::RateLimited, FailureKind::Throttled),
        calls_person: true,
        ..PAID
    },
    Path { name: "unknown, then paid", card: Card::PaysUnheard, ..PAID },
    Path { name: "lost, then sent again or closed", card: Card::IsLost, ..PAID },
    Path {
        name: "lost for good",
        card: Card::NeverArrives,
        calls_person: true,
        gateways: &[GatewayName::MercadoPago],
        ..PAID
    },
    Path {
        name: "in review, then paid",
        card: Card::IsReviewed,
        acts: &[(When::In(Phase::PendingAsync), Act::Approve)],
        ..PAID
    },
    Path {
        name: "3DS, then paid",
        card: Card::NeedsAction,
        acts: &[(When::In(Phase::ActionRequired), Act::Approve)],
        ..PAID
    },
    Path { name: "3DS, abandoned", card: Card::NeedsAction, ..PAID },
    Path { name: "refund of all, by an admin", acts: &[(When::AtRest, Act::RefundAll)], ..PAID },
    Path { name: "refund of a part, by an admin", acts: &[(When::AtRest, Act::RefundPart)], ..PAID },
    Path {
        name: "refund, access cannot be given",
        user_type: UserType::Pin,
        mood: Mood::LostAfterCharge,
        ..PAID
    },
    Path {
        name: "money after the roll-back",
        card: Card::IsDeclined,
        acts: &[(When::AtRest, Act::Approve)],
        ..PAID
    },
    Path { name: "chargeback", acts: &[(When::AtRest, Act::Dispute)], ..PAID },
    Path { name: "router refuses the user", mood: Mood::NoProfile, ..PAID },
    Path { name: "agent not connected", mood: Mood::Offline, ..PAID },
];

/// Names for who reads the table.
pub(super) const fn gateway_name(gateway: GatewayName) -> &'static str {
    match gateway {
        GatewayName::Conekta => "Conekta",
        GatewayName::MercadoPago => "Mercado Pago",
    }
}
