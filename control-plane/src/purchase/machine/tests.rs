//! The machine, run through every order of events to a stated depth, with crashes, messages and leaps of the clock at
//! every step.
//!
//! | module | holds |
//! |---|---|
//! | [`truth`] | the world outside, which the machine only hears of |
//! | [`answers`] | what may come of an effect, as far as the truth allows it |
//! | [`explorer`] | every order of events |
//! | [`judge`] | what must hold in every state |
//! | [`mutants`] | machines that were broken on purpose, and must be found out |
//! | [`behaviour`] | single rules by name |
//! | [`refunds`] | the same of one refund, from asking to its end |

#![expect(clippy::wildcard_enum_match_arm, reason = "a test names what it looks for")]

mod answers;
mod behaviour;
mod explorer;
mod judge;
mod mutants;
mod refunds;
mod truth;

use super::{Effect, Event, Message, Refusal, Timing};
use crate::domain::code::Code;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::id::{ApiKeyId, CompanyId, PurchaseId, RouterId};
use crate::domain::money::{Currency, Money};
use crate::domain::time::Timestamp;
use crate::gateway::{GatewayName, Payment};
use crate::purchase::state::{Buyer, CardChoice, Device, DrawnUser, Product, Purchase, Terms, UserType};

/// The limits that the documentation names.
const TIMING: Timing = Timing {
    answer_deadline_ms: 25_000,
    charge_start_max_ms: 20_000,
    charge_timeout_ms: 60_000,
    quiet_period_ms: 60_000,
    pending_max_ms: 900_000,
    reserve_lease_ms: 900_000,
    key_life_ms: 900_000,
    delivery_limit_ms: 86_400_000,
};
/// What the product costs, in minor units.
const PRICE_MINOR: i64 = 2_000;

/// The machine under test: the real one, or one with a broken rule.
#[derive(Clone, Copy)]
struct Machine {
    next: fn(&Purchase, Timestamp, &Timing) -> Effect,
    apply: fn(Purchase, Event, Timestamp, &Timing) -> Purchase,
    advance: fn(Purchase, Timestamp, &Timing) -> Purchase,
    resume: fn(Purchase, Timestamp) -> Purchase,
    hear: fn(Purchase, &Message, Timestamp) -> Result<Purchase, Refusal>,
}

/// The machine as it is.
const REAL: Machine = Machine {
    next: super::next,
    apply: super::apply,
    advance: super::advance,
    resume: super::resume,
    hear: super::hear,
};

/// What is sold, to whom: the ways in which purchases differ for the machine.
#[derive(Debug, Clone, Copy)]
struct Kind {
    gateway: GatewayName,
    user_type: UserType,
    auto_connect: bool,
}

fn purchase(kind: Kind) -> Purchase {
    let terms = Terms {
        id: PurchaseId::new("TRX_1"),
        company: CompanyId::new("EMP_1"),
        router: RouterId::new("RTR_1"),
        api_key: ApiKeyId::new("key_1"),
        created_at: Timestamp(0),
        product: Product {
            id: 1,
            name: "1h".into(),
            profile: "1h".into(),
            price: Money { minor: PRICE_MINOR, currency: Currency::Mxn },
        },
        buyer: Buyer { name: "Ana".into(), email: "a@b.mx".into(), phone: None, phone_typed: None },
        user_type: kind.user_type,
        device: Device { mac: Some("A0:B1:C2:D3:E4:F5".into()), ip: None, auto_connect: kind.auto_connect },
        gateway: kind.gateway,
        credentials_version: 1,
        live_only: false,
        idempotency_key: "k".into(),
        card: CardChoice::default(),
    };
    Purchase::new(terms, user("PT-1"), "sealed".into())
}

fn user(name: &str) -> DrawnUser {
    DrawnUser { name: name.into(), password_sealed: "s".into() }
}

fn payment() -> Payment {
    Payment { id: "pay_1".into(), live: false }
}

const fn refused() -> Failure {
    Failure::new(Code::CardDeclined, FailureKind::Payment)
}

const fn away() -> Failure {
    Failure::new(Code::RouterUnreachable, FailureKind::Unavailable)
}
