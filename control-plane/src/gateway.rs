//! The gateway port: what the purchase needs of a payment gateway, whichever it is.
//!
//! Adapters are stateless. They know neither the store nor the purchase, and they never decide what becomes of a
//! purchase: they report what the gateway said, or that it cannot be told.
//!
//! Two ways of paying hide behind one port. Conekta: a payment (order) is *opened* first, so that its id is known
//! before money can move, and then charged once. Mercado Pago: nothing is opened; the charge carries a key and bytes
//! that were stored before, and may be sent again as long as the gateway remembers the key.

pub mod conekta;
mod exchange;
pub mod measured;
pub mod mercado_pago;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::domain::code::Code;
use crate::domain::failure::Failure;
use crate::domain::money::Money;
use crate::domain::time::Timestamp;

pub use mercado_pago::answer::PaymentFacts;

/// The gateways a purchase can be paid through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GatewayName {
    /// Conekta.
    Conekta,
    /// Mercado Pago.
    MercadoPago,
}

impl GatewayName {
    /// Every gateway.
    pub const ALL: [Self; 2] = [Self::Conekta, Self::MercadoPago];

    /// The word in tables, logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Conekta => "conekta",
            Self::MercadoPago => "mercado_pago",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|name| name.as_str() == text)
    }

    /// Whether a payment is opened before it is charged.
    #[must_use]
    pub const fn opens_first(self) -> bool {
        match self {
            Self::Conekta => true,
            Self::MercadoPago => false,
        }
    }

    /// Whether the charge may be sent again under its key to learn what became of it.
    #[must_use]
    pub const fn repeats_by_key(self) -> bool {
        match self {
            Self::Conekta => false,
            Self::MercadoPago => true,
        }
    }
}

/// A company's secret key at the gateway. No `Debug`: it must not show.
#[derive(Clone)]
pub struct Key(pub Zeroizing<String>);

/// A card token made by the gateway's page script. Single use; a secret.
#[derive(Clone)]
pub struct CardToken(pub Zeroizing<String>);

/// What is sold, to whom, and by which purchase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sale {
    /// Our purchase id.
    pub purchase_id: String,
    /// Our reference of this attempt; unique at the gateway: purchase id, `-`, number.
    pub attempt: String,
    /// Price.
    pub price: Money,
    /// What the buyer reads on the receipt.
    pub item: String,
    /// Our product id.
    pub product_id: i64,
    /// Who buys.
    pub buyer: Buyer,
    /// More of our ids for whoever looks at the payment: names and values.
    pub labels: Vec<(&'static str, String)>,
}

/// Who buys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buyer {
    /// Full name.
    pub name: String,
    /// E-mail address.
    pub email: String,
    /// Phone as the gateway wants it, if it wants one or one was given.
    pub phone: Option<String>,
}

/// How the buyer pays: what the page's script made, and what goes with it.
#[derive(Clone)]
pub struct Means {
    /// The card.
    pub token: CardToken,
    /// Card kind as the script named it (`visa`), where the gateway wants it.
    pub method: Option<String>,
    /// Issuer as the script named it, where the gateway wants it.
    pub issuer: Option<String>,
    /// Number of monthly payments, at least 1.
    pub installments: u32,
    /// Address of the buyer's device as the portal told, for the gateway's fraud rules.
    pub ip: Option<String>,
    /// Where the gateway shall notify us of this payment, if it takes that per payment.
    pub notify_url: Option<String>,
}

/// The exact bytes of a charge. Made once, stored sealed, sent unchanged however often. A secret: holds the token.
#[derive(Clone)]
pub struct ChargeBody(pub Zeroizing<String>);

/// A payment that the gateway knows. For Conekta the order, from its opening on; for Mercado Pago the payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// The gateway's id.
    pub id: String,
    /// Whether it is for real money.
    pub live: bool,
}

/// How opening a payment ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opening {
    /// It is open; no money has moved.
    Opened(Payment),
    /// The gateway will not open it.
    Refused(Failure),
    /// No answer that can be trusted. A spare one that nobody charges is harmless.
    Unknown,
}

/// One sending of a charge. The caller has stored that it is about to send it.
#[derive(Clone)]
pub struct ChargeRequest {
    /// The payment that was opened, where the gateway opens first.
    pub payment: Option<String>,
    /// Under which a repeat of this very charge is recognised, where the gateway does that.
    pub idempotency_key: String,
    /// The bytes.
    pub body: ChargeBody,
    /// Device id made by the page's script, sent along as a header where the gateway takes one.
    pub device_session: Option<String>,
}

/// How sending a charge ended. Only the last two are the last word, and [`Charging::NotCharged`] only of the first
/// sending: after the others the payment is read or searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Charging {
    /// The gateway took it. Carries the payment where the answer named it.
    Accepted(Option<Payment>),
    /// The gateway said no, and the payment tells whether an earlier charge stands.
    Refused(Failure),
    /// No answer that can be trusted.
    Unknown,
    /// The gateway said no in a way that excludes that this sending moved money.
    NotCharged(Failure),
    /// It was never sent.
    NotSent(Failure),
}

/// How reading a payment ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// The payment as it is now.
    Found(Box<PaymentView>),
    /// The gateway does not let us see it (401, 403, 404). Says nothing about money.
    Denied,
    /// No answer that can be trusted.
    Unknown,
}

/// How a search by our reference ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Searching {
    /// All payments with exactly that reference, oldest first. None is no proof: searches lag.
    Found(Vec<PaymentView>),
    /// The gateway does not let us search.
    Denied,
    /// No answer that can be trusted.
    Unknown,
}

/// A payment as the gateway shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentView {
    /// The gateway's id.
    pub id: String,
    /// What became of it.
    pub status: PaymentStatus,
    /// Amount in minor units.
    pub amount_minor: i64,
    /// Currency code.
    pub currency: String,
    /// Our reference as the gateway kept it: Conekta `metadata.sale_id`, Mercado Pago `external_reference`.
    pub reference: Option<String>,
    /// Whether it is for real money.
    pub live: bool,
    /// How much of it was given back, in minor units.
    pub refunded_minor: i64,
    /// How much more is on its way back and may still fail, in minor units.
    pub refund_pending_minor: i64,
    /// Card details that may be kept.
    pub card: Option<Card>,
    /// The gateway's own words for the state.
    pub words: Words,
}

/// The gateway's own words for the state of a payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Words {
    /// `paid`, `approved`, `in_process`, …
    pub status: String,
    /// `accredited`, `pending_review_manual`, …; empty where the gateway has none.
    pub detail: String,
}

/// Card details that may be kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Card {
    /// `visa`, `mastercard`, `master`, … as the gateway writes it.
    pub brand: Option<String>,
    /// `credit`, `debit_card`, … as the gateway writes it.
    pub kind: Option<String>,
    /// Last four digits.
    pub last4: Option<String>,
    /// Issuing bank, or its id.
    pub issuer: Option<String>,
    /// Authorization code.
    pub auth_code: Option<String>,
}

/// What became of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentStatus {
    /// No charge on it, or none that shows yet.
    NoCharge,
    /// Money has moved to the company.
    Paid,
    /// The buyer must act at the bank or at a page of the gateway.
    ActionRequired {
        /// Page the buyer must open, if the gateway gave one that may be shown.
        redirect: Option<String>,
    },
    /// Undecided without the buyer: a transfer, a review, a hold. May become paid days later.
    PendingAsync {
        /// Whether the gateway itself reviews it.
        review: bool,
    },
    /// The charge was refused.
    Declined(Failure),
    /// It ended without a payment.
    Closed(Failure),
    /// It was paid, and part of the money went back.
    PartlyRefunded,
    /// It was paid once and all the money went back, or is disputed.
    Reversed(Failure),
    /// A word that we do not know; undecided.
    Other,
}

/// Money to be given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundRequest {
    /// The payment.
    pub payment: String,
    /// How much.
    pub amount: Money,
    /// Whether that is all there is on the payment.
    pub full: bool,
    /// Why.
    pub reason: RefundReason,
    /// Under which a repeat of this very refund is recognised, where the gateway does that.
    pub idempotency_key: String,
}

/// Why money is given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundReason {
    /// An admin decided it.
    Requested,
    /// The access could not be given.
    NotDelivered,
}

/// How asking for a refund ended. Whether the money went back shows at the next read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refunding {
    /// The gateway took it.
    Accepted,
    /// The gateway said no to this sending.
    Refused(Failure),
    /// No answer that can be trusted.
    Unknown,
}

/// Which paid payments to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListRequest {
    /// Made at or after this.
    pub since: Timestamp,
    /// Made before this.
    pub until: Timestamp,
    /// Where the page before ended; none for the first.
    pub cursor: Option<String>,
}

/// How listing ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listing {
    /// One page, and where the next one begins if there is one.
    Page {
        /// Paid payments.
        payments: Vec<PaymentView>,
        /// For [`ListRequest::cursor`].
        next: Option<String>,
    },
    /// The gateway does not let us list.
    Denied,
    /// No answer that can be trusted.
    Unknown,
}

/// What the purchase asks of a gateway. Every call ends by itself within the adapter's configured time.
pub trait GatewayPort: Send + Sync {
    /// The bytes of a charge; no IO. The same input gives the same bytes.
    fn prepare(&self, sale: &Sale, means: &Means) -> ChargeBody;
    /// Opens a payment; moves no money. Asked only of gateways that open first.
    fn open(&self, key: Key, sale: Sale) -> BoxFuture<'static, Opening>;
    /// Sends a charge.
    fn charge(&self, key: Key, charge: ChargeRequest) -> BoxFuture<'static, Charging>;
    /// Reads a payment.
    fn read(&self, key: Key, payment: String) -> BoxFuture<'static, Reading>;
    /// Searches payments by our reference.
    fn search(&self, key: Key, reference: String) -> BoxFuture<'static, Searching>;
    /// Closes a payment that nobody paid; what came of it shows at the next read.
    fn cancel(&self, key: Key, payment: String) -> BoxFuture<'static, ()>;
    /// Gives money back; what came of it shows at the next read.
    fn refund(&self, key: Key, refund: RefundRequest) -> BoxFuture<'static, Refunding>;
    /// Lists payments that were paid.
    fn list_paid(&self, key: Key, list: ListRequest) -> BoxFuture<'static, Listing>;
    /// A payment in the gateway's own words, or the code of its refusal; asked only of Mercado Pago.
    fn facts(&self, _key: Key, _payment: String) -> BoxFuture<'static, Result<PaymentFacts, Code>> {
        Box::pin(std::future::ready(Err(Code::GatewayError)))
    }
}

/// All gateways.
#[derive(Clone)]
pub struct Gateways {
    /// Conekta.
    pub conekta: Arc<dyn GatewayPort>,
    /// Mercado Pago.
    pub mercado_pago: Arc<dyn GatewayPort>,
}

impl Gateways {
    /// The gateway of that name.
    #[must_use]
    pub fn of(&self, name: GatewayName) -> &dyn GatewayPort {
        match name {
            GatewayName::Conekta => self.conekta.as_ref(),
            GatewayName::MercadoPago => self.mercado_pago.as_ref(),
        }
    }
}
