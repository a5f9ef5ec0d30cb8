//! Conekta: an order is opened first, then charged, so that its id is known before money can move.
//!
//! | module | holds |
//! |---|---|
//! | [`request`] | what is sent, and the rules Conekta has for it |
//! | [`answer`] | what comes back and what it means |
//! | [`refusal`] | Conekta's error codes as ours |
//!
//! Source of wire facts: Conekta API 2.3.0 description and the vendor's own recordings.

pub mod answer;
pub mod refusal;
pub mod request;

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::{CardToken, Charging, GatewayPort, Key, Opening, OrderRequest, Reading};

/// Largest answer read, in bytes.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// Where Conekta is and how long to wait for it.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Base address without a trailing slash.
    pub url: String,
    /// API version for the `Accept` header.
    pub version: String,
    /// Longest wait for a charge, in milliseconds.
    pub charge_timeout_ms: u64,
    /// Longest wait for anything else, in milliseconds.
    pub read_timeout_ms: u64,
}

/// The adapter. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Conekta {
    http: reqwest::Client,
    settings: Arc<Settings>,
}

/// An HTTP answer, read whole. The body is null when it is not JSON.
struct Answer {
    status: u16,
    body: Value,
}

impl Conekta {
    /// An adapter that uses `http` for its connections.
    #[must_use]
    pub fn new(http: reqwest::Client, settings: Settings) -> Self {
        Self { http, settings: Arc::new(settings) }
    }

    fn request(&self, method: Method, path: &str, key: &Key, timeout_ms: u64) -> RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.settings.url))
            .bearer_auth(key.0.as_str())
            .header("Accept", format!("application/vnd.conekta-v{}+json", self.settings.version))
            .header("Accept-Language", "es")
            .timeout(Duration::from_millis(timeout_ms))
    }
}

/// Sends and reads the whole answer; none when no complete answer came.
async fn send(request: RequestBuilder) -> Option<Answer> {
    let mut response = match request.send().await {
        Ok(response) => response,
        Err(error) => {
            tracing::warn!(gateway = "conekta", error = %error.without_url(), "gateway did not answer");
            return None;
        }
    };
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            tracing::warn!(gateway = "conekta", http.status = status, "gateway answer is too large");
            return None;
        }
        body.extend_from_slice(&chunk);
    }
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    if status >= 400 {
        let word = |at| body.pointer(at).and_then(Value::as_str).unwrap_or_default();
        tracing::info!(
            gateway = "conekta",
            http.status = status,
            gateway.log_id = word("/log_id"),
            gateway.code = word("/details/0/code"),
            "gateway refused"
        );
    }
    Some(Answer { status, body })
}

impl GatewayPort for Conekta {
    fn open(&self, key: Key, order: OrderRequest) -> BoxFuture<'static, Opening> {
        let request = self.request(Method::POST, "/orders", &key, self.settings.read_timeout_ms);
        let price = order.price;
        async move {
            match send(request.json(&request::order(&order))).await {
                Some(Answer { status, body }) => answer::opening(status, &body, price),
                None => Opening::Unknown,
            }
        }
        .boxed()
    }

    fn charge(
        &self,
        key: Key,
        order: String,
        token: CardToken,
        attempt: String,
    ) -> BoxFuture<'static, Charging> {
        let path = format!("/orders/{order}/charges");
        let request = self.request(Method::POST, &path, &key, self.settings.charge_timeout_ms);
        async move {
            match send(request.json(&request::charge(&token, &attempt))).await {
                Some(Answer { status, body }) => answer::charging(status, &body),
                None => Charging::Unknown,
            }
        }
        .boxed()
    }

    fn read(&self, key: Key, order: String) -> BoxFuture<'static, Reading> {
        let request =
            self.request(Method::GET, &format!("/orders/{order}"), &key, self.settings.read_timeout_ms);
        async move {
            match send(request).await {
                Some(Answer { status, body }) => answer::reading(status, &body),
                None => Reading::Unknown,
            }
        }
        .boxed()
    }

    fn cancel(&self, key: Key, order: String) -> BoxFuture<'static, ()> {
        let path = format!("/orders/{order}/cancel");
        let request = self.request(Method::POST, &path, &key, self.settings.read_timeout_ms);
        async move {
            send(request.json(&json!({}))).await;
        }
        .boxed()
    }
}
