//! What a captive portal sends.

use std::time::Duration;

use anyhow::Context;
use serde_json::{Value, json};

use crate::simulator::gateways::Gateway;
use crate::wait::until;

/// The longest a call may take, in milliseconds; longer than the server's answer deadline.
const CALL_MS_MAX: u64 = 60_000;

/// Token of a card that is always accepted.
pub const GOOD_CARD: &str = "tok_test_visa_4242";
/// Token of a card that is always declined.
pub const DECLINED_CARD: &str = "tok_test_card_declined";

/// Token of a card of Mercado Pago's that ends as this word of its test cards says; good for one payment.
#[must_use]
pub fn card_that(word: &str, unique: &str) -> String {
    format!("tok-{word}-{unique}")
}

/// An HTTP client for tests.
///
/// # Errors
/// When it cannot be made.
pub fn client() -> anyhow::Result<reqwest::Client> {
    // Another test of this process may have installed it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder().timeout(Duration::from_millis(CALL_MS_MAX)).tcp_nodelay(true);
    builder.no_proxy().build().context("making an HTTP client")
}

/// What came back.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// JSON body, null when it was none.
    pub body: Value,
    /// `Retry-After` header.
    pub retry_after: Option<String>,
    /// `Server-Timing` header.
    pub timing: Option<String>,
}

impl Answer {
    /// Reads a response.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn of(response: reqwest::Response) -> anyhow::Result<Self> {
        let status = response.status().as_u16();
        let header =
            |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (retry_after, timing) = (header("Retry-After"), header("Server-Timing"));
        let bytes = response.bytes().await?;
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Ok(Self { status, body, retry_after, timing })
    }

    /// Stable code of the answer, empty if it has none.
    #[must_use]
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    /// Hotspot user of a purchase that succeeded, empty if there is none.
    #[must_use]
    pub fn hotspot_user(&self) -> &str {
        self.body.pointer("/usuario_hotspot/usuario").and_then(Value::as_str).unwrap_or_default()
    }

    /// The purchase (`TRX_…`), empty if the answer names none.
    #[must_use]
    pub fn purchase_id(&self) -> &str {
        let url = self.body["estado_url"].as_str().unwrap_or_default();
        url.rsplit('/').next().unwrap_or_default()
    }
}

/// A portal page of one router.
#[derive(Debug, Clone)]
pub struct Portal {
    base_url: String,
    api_key: String,
    client: reqwest::Client,
}

impl Portal {
    /// A portal with this key.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(base_url: &str, api_key: &str) -> anyhow::Result<Self> {
        Ok(Self { base_url: base_url.to_owned(), api_key: api_key.to_owned(), client: client()? })
    }

    /// The same portal with another key.
    #[must_use]
    pub fn with_key(&self, api_key: &str) -> Self {
        Self { api_key: api_key.to_owned(), ..self.clone() }
    }

    /// GET of a path.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn get(&self, path: &str) -> anyhow::Result<Answer> {
        let request = self.client.get(format!("{}{path}", self.base_url)).header("X-API-Key", &self.api_key);
        Answer::of(request.send().await.with_context(|| format!("GET {path}"))?).await
    }

    /// POST to a path.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Answer> {
        let request = self.client.post(format!("{}{path}", self.base_url)).header("X-API-Key", &self.api_key);
        Answer::of(request.json(body).send().await.with_context(|| format!("POST {path}"))?).await
    }

    /// Buys.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn buy(&self, order: &Order) -> anyhow::Result<Answer> {
        let url = format!("{}/api/v1/payments/{}", self.base_url, order.path());
        let mut request = self.client.post(url).header("X-API-Key", &self.api_key);
        if let Some(key) = &order.key {
            request = request.header("Idempotency-Key", key);
        }
        Answer::of(request.json(&order.body).send().await.context("buying")?).await
    }

    /// Asks for a purchase until it is decided.
    ///
    /// # Errors
    /// When that does not happen within `limit`.
    pub async fn decided(&self, purchase_id: &str, limit: Duration) -> anyhow::Result<Answer> {
        let path = format!("/api/v1/payments/{purchase_id}");
        until(&format!("{purchase_id} is decided"), limit, || async {
            let answer = self.get(&path).await?;
            Ok((answer.status != 202).then_some(answer))
        })
        .await
    }
}

/// What a buyer sends.
#[derive(Debug, Clone)]
pub struct Order {
    /// Idempotency key; none to let the server derive one.
    pub key: Option<String>,
    /// Who moves the money.
    pub gateway: Gateway,
    /// Body.
    pub body: Value,
}

impl Order {
    /// A complete request with a card that works; `key` is the idempotency key.
    #[must_use]
    pub fn new(key: &str, product_id: i64) -> Self {
        let body = json!({"producto_id": product_id, "token_tarjeta": GOOD_CARD, "nombre_cliente": "Luz Vega",
            "email_cliente": "luz@example.org", "telefono_cliente": "5587654321"});
        Self { key: Some(key.to_owned()), gateway: Gateway::Conekta, body }
    }

    /// The same through Mercado Pago, for a product of 20; the card works once.
    #[must_use]
    pub fn mercado_pago(key: &str, product_id: i64) -> Self {
        let body = json!({"producto_id": product_id, "token": card_that("APRO", key), "payment_method_id": "visa",
            "monto": 20, "nombre_cliente": "Luz Vega", "email_cliente": "luz@example.org"});
        Self { key: Some(key.to_owned()), gateway: Gateway::MercadoPago, body }
    }

    /// A complete request through this gateway.
    #[must_use]
    pub fn at(gateway: Gateway, key: &str, product_id: i64) -> Self {
        match gateway {
            Gateway::Conekta => Self::new(key, product_id),
            Gateway::MercadoPago => Self::mercado_pago(key, product_id),
        }
    }

    /// Without an idempotency key: the server derives one from router, product and card.
    #[must_use]
    pub fn without_key(mut self) -> Self {
        self.key = None;
        self
    }

    /// With this card.
    #[must_use]
    pub fn with_card(self, token: &str) -> Self {
        match self.gateway {
            Gateway::Conekta => self.with("token_tarjeta", token),
            Gateway::MercadoPago => self.with("token", token),
        }
    }

    /// With a card that the bank refuses; `unique` makes it this order's own where cards work once.
    #[must_use]
    pub fn declined(self, unique: &str) -> Self {
        match self.gateway {
            Gateway::Conekta => self.with_card(DECLINED_CARD),
            Gateway::MercadoPago => self.with_card(&card_that("FUND", unique)),
        }
    }

    /// The last part of the address to send it to.
    fn path(&self) -> &'static str {
        match self.gateway {
            Gateway::Conekta => "pagar-conekta",
            Gateway::MercadoPago => "pagar-mercado-pago",
        }
    }

    /// With another field, or another value of a field.
    #[must_use]
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.body[field] = value.into();
        self
    }

    /// For a device that is to be logged in.
    #[must_use]
    pub fn for_device(self, mac: &str, ip: &str) -> Self {
        self.with("mac_cliente", mac).with("ip_cliente", ip).with("conexion_automatica", true)
    }
}
