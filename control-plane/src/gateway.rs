//! The gateway port: what the purchase needs of a payment gateway, whichever it is.
//!
//! Adapters are stateless. They know neither the store nor the purchase, and they never decide what becomes of a
//! purchase: they report what the gateway said, or that it cannot be told.

pub mod conekta;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::domain::failure::Failure;
use crate::domain::money::Money;

/// A company's secret key at the gateway. No `Debug`: it must not show.
#[derive(Clone)]
pub struct Key(pub Zeroizing<String>);

/// A card token made by the gateway's page script. Single use; a secret.
#[derive(Clone)]
pub struct CardToken(pub Zeroizing<String>);

/// What is sold, to whom, and by which purchase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderRequest {
    /// Our purchase id; the gateway keeps it as the order's reference.
    pub purchase_id: String,
    /// Price.
    pub price: Money,
    /// What the buyer reads on the receipt.
    pub item: String,
    /// Our product id.
    pub product_id: i64,
    /// Who buys.
    pub buyer: Buyer,
    /// More of our ids for whoever looks at the order: names and values.
    pub labels: Vec<(&'static str, String)>,
}

/// Who buys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buyer {
    /// Full name.
    pub name: String,
    /// E-mail address.
    pub email: String,
    /// Phone as the gateway wants it.
    pub phone: String,
}

/// An order that was opened. No money has moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The gateway's id.
    pub id: String,
    /// Whether it is for real money.
    pub live: bool,
}

/// How opening an order ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opening {
    /// It is open.
    Opened(Order),
    /// The gateway will not open it.
    Refused(Failure),
    /// No answer that can be trusted. A spare order that nobody charges is harmless.
    Unknown,
}

/// How sending a charge ended. Only the last two are the last word; after the others the order is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charging {
    /// The gateway took it.
    Accepted,
    /// The gateway said no, and the order tells whether an earlier charge stands.
    Refused(Failure),
    /// No answer that can be trusted.
    Unknown,
    /// The gateway said no in a way that excludes that money moved.
    NotCharged(Failure),
    /// It was never sent.
    NotSent(Failure),
}

/// How reading an order ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// The order as it is now.
    Found(OrderView),
    /// The gateway does not let us see it (401, 403, 404). Says nothing about money.
    Denied,
    /// No answer that can be trusted.
    Unknown,
}

/// An order as the gateway shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderView {
    /// What became of it.
    pub status: OrderStatus,
    /// Amount in minor units.
    pub amount_minor: i64,
    /// Currency code.
    pub currency: String,
    /// Our purchase id as the gateway kept it.
    pub reference: Option<String>,
    /// Whether it is for real money.
    pub live: bool,
    /// How much of it was given back, in minor units.
    pub refunded_minor: i64,
    /// Card details that may be kept.
    pub card: Option<Card>,
}

/// Card details that may be kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Card {
    /// `visa`, `mastercard`, …
    pub brand: Option<String>,
    /// Last four digits.
    pub last4: Option<String>,
    /// Issuing bank.
    pub issuer: Option<String>,
    /// Authorization code.
    pub auth_code: Option<String>,
}

/// What became of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderStatus {
    /// No charge on it, or none that shows yet.
    NoCharge,
    /// Money has moved to the company.
    Paid,
    /// Undecided: the buyer, the bank or the gateway's review must act.
    Pending {
        /// Page the buyer must open.
        redirect: Option<String>,
        /// Whether the gateway itself reviews it.
        review: bool,
    },
    /// The charge was refused.
    Declined(Failure),
    /// It ended without a payment.
    Closed(Failure),
    /// It was paid once and the money went back, or is disputed.
    Reversed(Failure),
    /// A word that we do not know; undecided.
    Other(String),
}

/// What the purchase asks of a gateway. Every call ends by itself within the adapter's configured time.
pub trait GatewayPort: Send + Sync {
    /// Opens an order; moves no money.
    fn open(&self, key: Key, request: OrderRequest) -> BoxFuture<'static, Opening>;
    /// Charges an order. The caller has stored that it is about to do so.
    fn charge(
        &self,
        key: Key,
        order: String,
        token: CardToken,
        attempt: String,
    ) -> BoxFuture<'static, Charging>;
    /// Reads an order.
    fn read(&self, key: Key, order: String) -> BoxFuture<'static, Reading>;
    /// Closes an order that nobody paid; what came of it shows at the next read.
    fn cancel(&self, key: Key, order: String) -> BoxFuture<'static, ()>;
}
