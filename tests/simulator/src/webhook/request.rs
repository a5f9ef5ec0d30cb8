//! Destinations and sendings as they are asked for through the control API.

use serde::{Deserialize, Serialize};

/// Most tries of one message.
const ATTEMPTS_MAX: u32 = 20;
/// Most copies of one message.
const COPIES_MAX: u32 = 100;

/// A gateway that sends webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// Conekta.
    Conekta,
    /// Mercado Pago.
    MercadoPago,
}

impl Target {
    /// Its name in the control API.
    pub fn word(self) -> &'static str {
        match self {
            Self::Conekta => "conekta",
            Self::MercadoPago => "mercado_pago",
        }
    }
}

/// How a message is signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignatureKind {
    /// As the vendor does.
    #[default]
    Good,
    /// In the right form, for something else.
    Bad,
    /// Not at all.
    None,
}

/// Unit of the time in Mercado Pago's signature; the vendor's papers name both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TimeUnit {
    /// Ten digits.
    #[default]
    #[serde(rename = "s")]
    Seconds,
    /// Thirteen digits.
    #[serde(rename = "ms")]
    Milliseconds,
}

/// The body of `POST /webhooks`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DestinationRequest {
    /// The gateway.
    pub target: Target,
    /// Private key or access token; without it, every account that has no destination of its own.
    #[serde(default)]
    pub account: Option<String>,
    /// Address to post to. A payment of Mercado Pago may name its own.
    #[serde(default)]
    pub url: Option<String>,
    /// Mercado Pago's secret; without it, its webhooks are not signed.
    #[serde(default, skip_serializing)]
    pub secret: Option<String>,
    /// Unit of the time in Mercado Pago's signature.
    #[serde(default)]
    pub ts_unit: TimeUnit,
    /// Tries until it is given up.
    #[serde(default = "attempts")]
    pub attempts: u32,
    /// Pause before the second try, in milliseconds; doubled each time.
    #[serde(default = "retry_ms")]
    pub retry_ms: u64,
}

fn attempts() -> u32 {
    4
}

fn retry_ms() -> u64 {
    500
}

impl DestinationRequest {
    /// What is wrong with it, and what to do; `None` when it makes sense.
    pub fn wrong(&self) -> Option<&'static str> {
        let url = self.url.as_deref().unwrap_or("http://payment");
        let rules = [
            (self.url.is_none() && self.target == Target::Conekta, "url is needed"),
            (
                !url.starts_with("http://") || url.len() == "http://".len(),
                "url begins with http://; the simulator speaks no TLS",
            ),
            (
                self.secret.is_some() && self.target == Target::Conekta,
                "Conekta signs with a key of its own: leave secret out",
            ),
            (!(1..=ATTEMPTS_MAX).contains(&self.attempts), "attempts is from 1 to 20"),
        ];
        rules.iter().find(|(broken, _)| *broken).map(|(_, text)| *text)
    }
}

/// The body of `POST /webhooks/send`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SendRequest {
    /// The gateway.
    pub target: Target,
    /// Order or payment.
    pub id: String,
    /// Name of the event; without it, the newest of an order, `payment.updated` of a payment.
    #[serde(default)]
    pub event: Option<String>,
    /// Id of the event; without it, a fresh one, and that of the newest of an order.
    #[serde(default)]
    pub event_id: Option<String>,
    /// How it is signed.
    #[serde(default)]
    pub signature: SignatureKind,
    /// How many more times the same message is sent.
    #[serde(default)]
    pub duplicate: u32,
    /// Wait this long first, in milliseconds.
    #[serde(default)]
    pub delay_ms: u64,
}

impl SendRequest {
    /// What is wrong with it, and what to do; `None` when it makes sense.
    pub fn wrong(&self) -> Option<&'static str> {
        (self.duplicate > COPIES_MAX).then_some("duplicate is at most 100")
    }
}
