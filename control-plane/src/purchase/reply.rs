//! What the buyer's page is told of a purchase: pure, so that the same state always gives the same answer.

use zeroize::Zeroizing;

use super::books;
use super::machine;
use super::state::{LoginEnd, Phase, Purchase, Step, UserType};
use crate::domain::code::Code;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::id::PurchaseId;
use crate::domain::money::Money;
use crate::domain::time::Timestamp;
use crate::gateway::{Card, GatewayName, Words};

/// Credentials are shown this long after the purchase, in milliseconds.
const CREDENTIALS_SHOWN_MS: i64 = 86_400_000;
/// What stands for credentials after that.
pub const MASK: &str = "********";

/// The answer for a purchase.
#[derive(Clone)]
pub struct Reply {
    /// The purchase.
    pub id: PurchaseId,
    /// When what is told became so.
    pub at: Timestamp,
    /// How long each step took.
    pub steps: Vec<Step>,
    /// What is told.
    pub kind: ReplyKind,
    /// What Mercado Pago shows, for its clients; none before there is a payment, and at other gateways.
    pub mercado_pago: Option<MercadoPago>,
}

/// What Mercado Pago shows of a payment.
#[derive(Clone)]
pub struct MercadoPago {
    /// Its id of the payment.
    pub payment: String,
    /// Its words.
    pub words: Words,
    /// Number of monthly payments.
    pub installments: u32,
    /// Card kind as the page's script named it.
    pub method: Option<String>,
    /// Issuer as the page's script named it.
    pub issuer: Option<String>,
    /// Card details that may be kept.
    pub card: Card,
}

/// The three kinds of answer.
#[derive(Clone)]
pub enum ReplyKind {
    /// Paid, and the user may be used.
    Sold(Box<Sale>),
    /// Not decided, or not delivered yet.
    Pending {
        /// What it waits for.
        code: Code,
        /// Page that the buyer must open.
        redirect: Option<String>,
    },
    /// Ended without access.
    Ended(Failure),
}

/// What was sold.
#[derive(Clone)]
pub struct Sale {
    /// The gateway's word for money that has come.
    pub paid_word: &'static str,
    /// The gateway's id of the payment.
    pub transaction: String,
    /// Which kind of user.
    pub user_type: UserType,
    /// User name.
    pub user: String,
    /// Password.
    pub password: Zeroizing<String>,
    /// Product name.
    pub product: String,
    /// Profile name.
    pub profile: String,
    /// Price.
    pub price: Money,
    /// Buyer's name.
    pub buyer_name: String,
    /// Buyer's e-mail.
    pub buyer_email: String,
    /// How the device fared.
    pub device: DeviceEnd,
}

/// How the device fared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceEnd {
    /// Whether a session was seen.
    pub connected: bool,
    /// MAC as sent, empty when no login was wanted.
    pub mac: String,
    /// IPv4 as sent, empty when no login was wanted.
    pub ip: String,
    /// Why, or that it is so.
    pub code: Code,
}

/// Whether a page that waits would wait for nothing: it is decided, or the buyer or the gateway's review must act.
#[must_use]
pub fn is_settled(purchase: &Purchase) -> bool {
    match purchase.phase {
        Phase::ActionRequired
        | Phase::PendingAsync
        | Phase::Completed
        | Phase::RolledBack
        | Phase::Failed
        | Phase::Reversed => true,
        Phase::Paid => machine::is_usable(purchase) && !purchase.login_due(),
        Phase::Requested
        | Phase::Reserved
        | Phase::ChargeSent
        | Phase::Verifying
        | Phase::Unknown
        | Phase::Declined
        | Phase::Refunding
        | Phase::Mismatch
        | Phase::Stuck => false,
    }
}

/// The answer for `purchase`; `password` is given when the user may be used.
#[must_use]
pub fn reply(purchase: &Purchase, password: Option<Zeroizing<String>>, now: Timestamp) -> Reply {
    let (kind, at) = match (password, purchase.phase) {
        (Some(password), _) => {
            let shown = now.since(purchase.terms.created_at) < CREDENTIALS_SHOWN_MS;
            (ReplyKind::Sold(Box::new(sale(purchase, password, shown))), purchase.paid_at.unwrap_or(now))
        }
        (None, Phase::Declined | Phase::RolledBack | Phase::Failed | Phase::Reversed) => {
            let fault = Failure::new(Code::InternalError, FailureKind::Fault);
            (ReplyKind::Ended(purchase.failure.unwrap_or(fault)), now)
        }
        (
            None,
            Phase::Requested
            | Phase::Reserved
            | Phase::ChargeSent
            | Phase::Verifying
            | Phase::Unknown
            | Phase::ActionRequired
            | Phase::PendingAsync
            | Phase::Paid
            | Phase::Refunding
            | Phase::Completed
            | Phase::Mismatch
            | Phase::Stuck,
        ) => (pending(purchase), now),
    };
    let (id, steps) = (purchase.terms.id.clone(), purchase.steps.clone());
    Reply { id, at, steps, kind, mercado_pago: mercado_pago(purchase) }
}

fn mercado_pago(purchase: &Purchase) -> Option<MercadoPago> {
    let payment = purchase.payment.as_ref().filter(|_| purchase.terms.gateway == GatewayName::MercadoPago)?;
    Some(MercadoPago {
        payment: payment.id.clone(),
        words: purchase.words.clone().unwrap_or_default(),
        installments: purchase.terms.card.installments,
        method: purchase.terms.card.method.clone(),
        issuer: purchase.terms.card.issuer.clone(),
        card: purchase.card.clone().unwrap_or_default(),
    })
}

fn pending(purchase: &Purchase) -> ReplyKind {
    let charge = purchase.charge.as_ref();
    let redirect = charge.and_then(|charge| charge.redirect.clone());
    let in_review = charge.is_some_and(|charge| charge.review);
    let detail = purchase.words.as_ref().map_or("", |words| words.detail.as_str());
    let code = match purchase.phase {
        Phase::Paid | Phase::Refunding => Code::DeliveryPending,
        Phase::Stuck if purchase.paid_at.is_some() => Code::DeliveryPending,
        Phase::Mismatch | Phase::Stuck => Code::PaymentInReview,
        Phase::ActionRequired => Code::PaymentWaiting,
        Phase::PendingAsync if in_review => Code::PaymentInReview,
        // Mercado Pago: the bank answers within minutes, nobody has to act.
        Phase::PendingAsync if detail == "pending_contingency" => Code::PaymentPending,
        Phase::PendingAsync => Code::PaymentWaiting,
        Phase::Requested
        | Phase::Reserved
        | Phase::ChargeSent
        | Phase::Verifying
        | Phase::Unknown
        | Phase::Declined
        | Phase::Completed
        | Phase::RolledBack
        | Phase::Failed
        | Phase::Reversed => Code::PaymentPending,
    };
    let redirect = redirect.filter(|_| purchase.phase == Phase::ActionRequired);
    ReplyKind::Pending { code, redirect }
}

fn sale(purchase: &Purchase, password: Zeroizing<String>, shown: bool) -> Sale {
    let terms = &purchase.terms;
    let payment = purchase.payment.as_ref();
    let (user, password) = if shown {
        (purchase.user.name.clone(), password)
    } else {
        (MASK.to_owned(), Zeroizing::new(MASK.to_owned()))
    };
    Sale {
        paid_word: books::paid_word(terms.gateway),
        transaction: payment.map_or_else(|| terms.id.to_string(), |payment| payment.id.clone()),
        user_type: terms.user_type,
        user,
        password,
        product: terms.product.name.clone(),
        profile: terms.product.profile.clone(),
        price: terms.product.price,
        buyer_name: terms.buyer.name.clone(),
        buyer_email: terms.buyer.email.clone(),
        device: device(purchase),
    }
}

fn device(purchase: &Purchase) -> DeviceEnd {
    let device = &purchase.terms.device;
    let nothing = |code| DeviceEnd { connected: false, mac: String::new(), ip: String::new(), code };
    if !device.auto_connect {
        return nothing(Code::AutoConnectNotRequested);
    }
    let (connected, code) = match purchase.login {
        Some(LoginEnd::NoMac) => return nothing(Code::AutoConnectNoMac),
        Some(LoginEnd::Connected) => (true, Code::AutoConnected),
        Some(LoginEnd::TimedOut) | None => (false, Code::AutoConnectTimeout),
        Some(
            LoginEnd::Failed
            | LoginEnd::DeviceNotSeen
            | LoginEnd::DeviceLimit
            | LoginEnd::LicenseLimit
            | LoginEnd::DeviceMode
            | LoginEnd::Radius,
        ) => (false, Code::AutoConnectFailed),
        Some(LoginEnd::Unverified) => (false, Code::AutoConnectUnverified),
    };
    DeviceEnd {
        connected,
        mac: device.mac.clone().unwrap_or_default(),
        ip: device.ip.clone().unwrap_or_default(),
        code,
    }
}
