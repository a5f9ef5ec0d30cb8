//! What is known of one purchase. Stored whole at every commit; everything the machine decides, it decides from this.

use serde::{Deserialize, Serialize};

use crate::domain::failure::Failure;
use crate::domain::id::{ApiKeyId, CompanyId, PurchaseId, RouterId};
use crate::domain::money::Money;
use crate::domain::time::Timestamp;
use crate::gateway::{Card, Order};

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
    /// The card token, sealed; dropped as soon as the charge was sent, or will not be.
    pub token_sealed: Option<String>,
    /// The gateway's order, once open.
    pub order: Option<Order>,
    /// How often opening the order had no answer.
    pub order_attempts: u32,
    /// Whether cancelling the unpaid order was asked for since it was last seen open.
    pub order_cancelled: bool,
    /// The charge, once we were about to send it.
    pub charge: Option<Charge>,
    /// How often the gateway was asked since the charge.
    pub asks: u32,
    /// Tries of the router act of this phase that did not succeed.
    pub router_attempts: u32,
    /// Nothing is to be done before this.
    pub wake_at: Timestamp,
    /// Why it ended without access.
    pub failure: Option<Failure>,
    /// When the payment was confirmed.
    pub paid_at: Option<Timestamp>,
    /// An earlier process may have had the user made.
    pub maybe_reserved: bool,
    /// When the user first stood on the router.
    pub reserved_at: Option<Timestamp>,
    /// The paid user is gone from the router and must be made again.
    pub remake: bool,
    /// The agent confirmed the paid user.
    pub confirmed: bool,
    /// How the login of the device ended.
    pub login: Option<LoginEnd>,
    /// Card details that may be kept.
    pub card: Option<Card>,
    /// How long each step took.
    pub steps: Vec<Step>,
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Our id.
    pub id: PurchaseId,
    /// The seller.
    pub company: CompanyId,
    /// Where.
    pub router: RouterId,
    /// The key that asked.
    pub api_key: ApiKeyId,
    /// When.
    pub created_at: Timestamp,
    /// The product.
    pub product: Product,
    /// The buyer.
    pub buyer: Buyer,
    /// Which kind of user.
    pub user_type: UserType,
    /// The device, as far as the portal told.
    pub device: Device,
    /// Version of the gateway key in force when it was asked for; the attempt and all questions about it use that one.
    pub credentials_version: i64,
}

/// The product as it was when it was sold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// Our id.
    pub id: i64,
    /// Name on the receipt.
    pub name: String,
    /// Exact profile name on the router.
    pub profile: String,
    /// Price.
    pub price: Money,
}

/// The buyer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buyer {
    /// Name as typed.
    pub name: String,
    /// E-mail.
    pub email: String,
    /// Phone as the gateway wants it.
    pub phone: String,
    /// Phone as typed.
    pub phone_typed: Option<String>,
}

/// The device that buys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Device {
    /// MAC as sent.
    pub mac: Option<String>,
    /// IPv4 as sent.
    pub ip: Option<String>,
    /// Whether it shall be logged in.
    pub auto_connect: bool,
}

/// Which kind of hotspot user is sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserType {
    /// Name and password.
    #[serde(rename = "usuario_contrasena")]
    Password,
    /// The name alone.
    Pin,
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
    /// When we were about to send it.
    pub started_at: Timestamp,
    /// What the gateway said when it refused it.
    pub refusal: Option<Failure>,
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
}

/// How long one step took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// `accept`, `reserve`, `order`, `charge`, `verify`, `record`, `deliver`, `login`, `release`, `cancel` or `wait`.
    pub name: String,
    /// Microseconds.
    pub micros: u64,
}

/// Where a purchase stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Stored; the router is being asked, and the order may be opened.
    Requested,
    /// The user stands on the router; the order may still have to be opened.
    Reserved,
    /// The charge is about to be sent, or was sent and not answered yet.
    ChargeSent,
    /// The gateway answered the charge; the order is read to be sure.
    Verifying,
    /// It cannot be told whether money moved; the gateway is asked again and again.
    Unknown,
    /// Paid and recorded; the user is being confirmed at the router.
    Paid,
    /// No money moved; the user is being removed.
    Declined,
    /// Paid and delivered.
    Completed,
    /// No money moved and nothing is left on the router.
    RolledBack,
    /// Ended before anything stood on the router.
    Failed,
    /// The gateway shows something else than was asked for; a person decides.
    Mismatch,
    /// Cannot be settled by the machine; a person decides.
    Stuck,
}

impl Phase {
    /// The word in the `phase` column.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Reserved => "reserved",
            Self::ChargeSent => "charge_sent",
            Self::Verifying => "verifying",
            Self::Unknown => "unknown",
            Self::Paid => "paid",
            Self::Declined => "declined",
            Self::Completed => "completed",
            Self::RolledBack => "rolled_back",
            Self::Failed => "failed",
            Self::Mismatch => "mismatch",
            Self::Stuck => "stuck",
        }
    }

    /// Whether the machine has something left to do, whatever else is known.
    #[must_use]
    const fn is_under_way(self) -> bool {
        match self {
            Self::Requested
            | Self::Reserved
            | Self::ChargeSent
            | Self::Verifying
            | Self::Unknown
            | Self::Paid
            | Self::Declined => true,
            Self::Completed | Self::RolledBack | Self::Failed | Self::Mismatch | Self::Stuck => false,
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
            | Self::Declined => true,
            Self::Paid | Self::Completed | Self::RolledBack | Self::Failed | Self::Mismatch | Self::Stuck => {
                false
            }
        }
    }
}

impl Purchase {
    /// A purchase that was just asked for.
    #[must_use]
    pub fn new(terms: Terms, user: DrawnUser, token_sealed: String) -> Self {
        let login = match (terms.device.auto_connect, &terms.device.mac) {
            (true, None) => Some(LoginEnd::NoMac),
            (true, Some(_)) | (false, _) => None,
        };
        Self {
            wake_at: terms.created_at,
            terms,
            phase: Phase::Requested,
            user,
            draws: 1,
            command_version: 1,
            token_sealed: Some(token_sealed),
            order: None,
            order_attempts: 0,
            order_cancelled: false,
            charge: None,
            asks: 0,
            router_attempts: 0,
            failure: None,
            paid_at: None,
            maybe_reserved: false,
            reserved_at: None,
            remake: false,
            confirmed: false,
            login,
            card: None,
            steps: Vec::new(),
        }
    }

    /// Whether a runner has something left to do. Who paid is not given up, even when a person was called.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.phase.is_under_way() || (matches!(self.phase, Phase::Stuck) && self.paid_at.is_some())
    }

    /// Whether a charge may have been sent and it is not known what became of it.
    #[must_use]
    pub const fn is_undecided(&self) -> bool {
        match self.phase {
            Phase::ChargeSent | Phase::Verifying | Phase::Unknown | Phase::Mismatch => true,
            Phase::Stuck => self.paid_at.is_none(),
            Phase::Requested
            | Phase::Reserved
            | Phase::Paid
            | Phase::Declined
            | Phase::Completed
            | Phase::RolledBack
            | Phase::Failed => false,
        }
    }

    /// Whether a device login is wanted and has not ended.
    #[must_use]
    pub const fn login_due(&self) -> bool {
        self.terms.device.auto_connect && self.login.is_none()
    }
}
