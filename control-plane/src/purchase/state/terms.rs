//! What was asked for.

use serde::{Deserialize, Serialize};

use crate::domain::id::{ApiKeyId, CompanyId, PurchaseId, RouterId};
use crate::domain::money::Money;
use crate::domain::time::Timestamp;
use crate::gateway::GatewayName;

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
    /// Who moves the money.
    pub gateway: GatewayName,
    /// Version of the gateway key in force when it was asked for; the attempt and all questions about it use that one.
    pub credentials_version: i64,
    /// Whether only real money counts: the company says that it is live at a gateway whose keys do not tell.
    pub live_only: bool,
    /// Under which a repeat of the charge is recognised, where the gateway does that.
    pub idempotency_key: String,
    /// What was said about the card.
    pub card: CardChoice,
}

impl Terms {
    /// Our name for the attempt at the gateway; unique there.
    #[must_use]
    pub fn attempt(&self) -> String {
        format!("{}-1", self.id)
    }

    /// What the gateway shows as our reference.
    #[must_use]
    pub fn reference(&self) -> String {
        match self.gateway {
            GatewayName::Conekta => self.id.to_string(),
            GatewayName::MercadoPago => self.attempt(),
        }
    }
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
    /// Phone as the gateway wants it, if it wants one or one was given.
    pub phone: Option<String>,
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

/// What was said about the card, besides the token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardChoice {
    /// Card kind as the page's script named it.
    pub method: Option<String>,
    /// Issuer as the page's script named it.
    pub issuer: Option<String>,
    /// Number of monthly payments.
    pub installments: u32,
    /// Device id made by the page's script.
    pub device_session: Option<String>,
}

impl Default for CardChoice {
    fn default() -> Self {
        Self { method: None, issuer: None, installments: 1, device_session: None }
    }
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
