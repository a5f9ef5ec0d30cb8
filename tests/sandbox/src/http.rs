//! Plays operators and portals.

use std::time::Duration;

use anyhow::{Context, bail};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

/// The longest any call may take, in milliseconds; longer than the server's own answer deadline.
const CALL_MS_MAX: u64 = 40_000;

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub enum Login<'a> {
    /// Nobody yet.
    None,
    /// An operator's session.
    Session(&'a str),
    /// A portal's key.
    Key(&'a str),
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// JSON body, null when it was none.
    pub body: Value,
    /// `Server-Timing` header.
    pub timing: Option<String>,
}

/// Keeps connections open between calls.
#[derive(Debug, Clone)]
pub struct Http {
    client: reqwest::Client,
}

impl Http {
    /// A client.
    ///
    /// # Errors
    /// When the TLS provider refuses to start.
    pub fn new() -> anyhow::Result<Self> {
        // Someone else in this process may have installed it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .timeout(Duration::from_millis(CALL_MS_MAX))
            .tcp_nodelay(true)
            .no_proxy()
            .build()
            .context("making an HTTP client")?;
        Ok(Self { client })
    }

    /// GET.
    ///
    /// # Errors
    /// When no answer came.
    pub async fn get(&self, url: &str, login: Login<'_>) -> anyhow::Result<Answer> {
        self.call(self.client.request(Method::GET, url), url, login).await
    }

    /// POST of JSON, with an idempotency key if given.
    ///
    /// # Errors
    /// When no answer came.
    pub async fn post(
        &self,
        url: &str,
        login: Login<'_>,
        body: &Value,
        key: Option<&str>,
    ) -> anyhow::Result<Answer> {
        let mut request = self.client.request(Method::POST, url).json(body);
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        self.call(request, url, login).await
    }

    async fn call(&self, request: RequestBuilder, url: &str, login: Login<'_>) -> anyhow::Result<Answer> {
        let request = match login {
            Login::None => request,
            Login::Session(token) => request.bearer_auth(token),
            Login::Key(key) => request.header("X-API-Key", key),
        };
        let response = request.send().await.with_context(|| format!("calling {url}"))?;
        let status = response.status().as_u16();
        let timing =
            response.headers().get("Server-Timing").and_then(|value| value.to_str().ok()).map(str::to_owned);
        let bytes = response.bytes().await.with_context(|| format!("reading the answer of {url}"))?;
        Ok(Answer { status, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null), timing })
    }
}

impl Answer {
    /// The body, if the call succeeded.
    ///
    /// # Errors
    /// When the status is not 2xx; with the body.
    pub fn good(self, what: &str) -> anyhow::Result<Value> {
        if !(200..300).contains(&self.status) {
            bail!("{what}: HTTP {} {}", self.status, self.body);
        }
        Ok(self.body)
    }
}

/// A text in a body.
///
/// # Errors
/// When it is missing.
pub fn text(body: &Value, pointer: &str) -> anyhow::Result<String> {
    body.pointer(pointer)
        .and_then(Value::as_str)
        .map(str::to_owned)
        .with_context(|| format!("no {pointer} in {body}"))
}
