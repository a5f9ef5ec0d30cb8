//! What happens at the simulated gateways, and whom they tell.

use anyhow::Context;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Simulator;

/// A simulated gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gateway {
    /// Conekta; things happen to orders.
    Conekta,
    /// Mercado Pago; things happen to payments.
    MercadoPago,
}

impl Gateway {
    /// Its name in the control API.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Conekta => "conekta",
            Self::MercadoPago => "mercado_pago",
        }
    }
}

/// What the buyer, the bank or the gateway's people do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happening {
    /// Cash or transfer arrives, or a review ends well.
    Pay,
    /// A review ends badly, or cash will not be taken.
    Fail,
    /// Somebody is going to look at it.
    Review,
    /// The time to pay is over.
    Expire,
    /// Money goes back: this much in minor units, or all that is left.
    Refund(Option<u64>),
    /// The bank takes the money back.
    Chargeback,
    /// The bank returns it.
    WinChargeback,
    /// The buyer passes the challenge.
    CompleteChallenge,
    /// The buyer fails the challenge.
    FailChallenge,
}

impl Happening {
    fn word(self) -> &'static str {
        match self {
            Self::Pay => "pay",
            Self::Fail => "fail",
            Self::Review => "review",
            Self::Expire => "expire",
            Self::Refund(_) => "refund",
            Self::Chargeback => "chargeback",
            Self::WinChargeback => "win_chargeback",
            Self::CompleteChallenge => "complete_3ds",
            Self::FailChallenge => "fail_3ds",
        }
    }

    fn body(self) -> Value {
        match self {
            Self::Refund(Some(amount)) => json!({ "amount": amount }),
            Self::Refund(None)
            | Self::Pay
            | Self::Fail
            | Self::Review
            | Self::Expire
            | Self::Chargeback
            | Self::WinChargeback
            | Self::CompleteChallenge
            | Self::FailChallenge => json!({}),
        }
    }
}

/// Unit of the time in Mercado Pago's signature.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub enum TimeUnit {
    /// Ten digits.
    #[default]
    #[serde(rename = "s")]
    Seconds,
    /// Thirteen digits.
    #[serde(rename = "ms")]
    Milliseconds,
}

/// Where webhooks of a gateway go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Destination {
    /// The gateway.
    pub target: Gateway,
    /// Private key or access token; every account without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Address to post to, with `http://`.
    pub url: String,
    /// Mercado Pago's secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// Unit of the time in Mercado Pago's signature.
    pub ts_unit: TimeUnit,
    /// Tries until a message is given up.
    pub attempts: u32,
    /// Pause before the second try, in milliseconds; doubled each time.
    pub retry_ms: u64,
}

impl Destination {
    /// Webhooks of all accounts go to `url`, are tried four times, and are signed if there is a secret.
    #[must_use]
    pub fn new(target: Gateway, url: &str, secret: Option<&str>) -> Self {
        Self {
            target,
            account: None,
            url: url.to_owned(),
            secret: secret.map(str::to_owned),
            ts_unit: TimeUnit::Seconds,
            attempts: 4,
            retry_ms: 200,
        }
    }
}

/// How a message is signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Signature {
    /// As the vendor does.
    #[default]
    Good,
    /// For something else.
    Bad,
    /// Not at all.
    None,
}

/// A webhook that is sent on demand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sending {
    /// The gateway.
    pub target: Gateway,
    /// Order or payment.
    pub id: String,
    /// Name of the event; the newest without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// Id of the event; the gateway's own without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_id: Option<String>,
    /// How it is signed.
    pub signature: Signature,
    /// How many more times it is sent.
    pub duplicate: u32,
    /// Wait this long first, in milliseconds.
    pub delay_ms: u64,
}

impl Sending {
    /// The newest event of an order or payment, once, well signed.
    #[must_use]
    pub fn newest(target: Gateway, id: &str) -> Self {
        Self {
            target,
            id: id.to_owned(),
            event: None,
            event_id: None,
            signature: Signature::Good,
            duplicate: 0,
            delay_ms: 0,
        }
    }
}

/// Where a webhook stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// On its way, or to be tried again.
    Waiting,
    /// Held back until the next one has gone out.
    Held,
    /// Never sent.
    Lost,
    /// Answered with 2xx.
    Delivered,
    /// Never answered with 2xx.
    GivenUp,
}

/// One webhook to one destination.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Delivery {
    /// Place in the list, from 1.
    pub number: u64,
    /// The gateway.
    pub target: Gateway,
    /// Name of the event.
    pub event: String,
    /// Id of the event.
    pub event_id: String,
    /// Order or payment.
    pub resource_id: String,
    /// Where it goes.
    pub url: String,
    /// Tries so far.
    pub attempts: u32,
    /// HTTP status of the last answer.
    pub status: Option<u16>,
    /// Where it stands.
    pub outcome: Outcome,
}

impl Simulator {
    /// Lets something happen to an order or payment; gives it as it is then.
    ///
    /// # Errors
    /// When it cannot happen to it.
    pub async fn happen(&self, gateway: Gateway, id: &str, what: Happening) -> anyhow::Result<Value> {
        self.post(&format!("/gateway/{}/{id}/{}", gateway.word(), what.word()), &what.body()).await
    }

    /// Sends webhooks there from now on; gives the public key of Conekta's signatures.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn webhooks_to(&self, destination: &Destination) -> anyhow::Result<Option<String>> {
        let made = self.post("/webhooks", &serde_json::to_value(destination)?).await?;
        Ok(made["public_key"].as_str().map(str::to_owned))
    }

    /// Sends no more webhooks anywhere.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn webhooks_off(&self) -> anyhow::Result<()> {
        self.client.delete(format!("{}/webhooks", self.control_url)).send().await?.error_for_status()?;
        Ok(())
    }

    /// Sends a webhook on demand; gives how many messages that makes.
    ///
    /// # Errors
    /// When there is no such order or payment, or nobody to be told.
    pub async fn send_webhook(&self, sending: &Sending) -> anyhow::Result<u64> {
        let sent = self.post("/webhooks/send", &serde_json::to_value(sending)?).await?;
        sent["messages"].as_u64().with_context(|| format!("a sending has messages: {sent}"))
    }

    /// Makes a new signing key for an account of Conekta's, or for all without one; the old ones stop. Gives the public
    /// half.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn rotate_conekta_key(&self, account: Option<&str>) -> anyhow::Result<String> {
        let body = account.map_or_else(|| json!({}), |account| json!({ "account": account }));
        let made = self.post("/webhooks/keys", &body).await?;
        made["public_key"].as_str().map(str::to_owned).with_context(|| format!("a key is public: {made}"))
    }

    /// What became of all webhooks.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn deliveries(&self) -> anyhow::Result<Vec<Delivery>> {
        let state = self.state().await?;
        Ok(serde_json::from_value(state["webhooks"]["deliveries"].clone())?)
    }

    /// Mercado Pago's payments, as the gateway would show them.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn payments(&self) -> anyhow::Result<Vec<Value>> {
        Ok(serde_json::from_value(self.state().await?["mercado_pago"]["payments"].clone())?)
    }

    /// What happened to money at a gateway.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn ledger_of(&self, gateway: Gateway) -> anyhow::Result<Vec<Value>> {
        Ok(serde_json::from_value(self.state().await?[gateway.word()]["ledger"].clone())?)
    }

    /// Moves the clock of routers and gateways forward.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn advance(&self, seconds: u64) -> anyhow::Result<()> {
        self.post("/clock", &json!({ "advance_s": seconds })).await.map(drop)
    }
}
