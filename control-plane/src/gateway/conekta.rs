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
use zeroize::Zeroizing;

use super::exchange::{self, Silence, segment, with_query};
use super::{
    ChargeBody, ChargeRequest, Charging, GatewayName, GatewayPort, Key, ListRequest, Listing, Means, Opening,
    Reading, RefundRequest, Refunding, Sale, Searching,
};
use crate::domain::code::Code;
use crate::domain::failure::{Failure, FailureKind};

/// Orders on a page of a list; the most that is allowed.
const PAGE_ORDERS: &str = "250";
/// Where orders are.
const ORDERS: &str = "/orders";

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

    fn get(&self, path: &str, key: &Key) -> RequestBuilder {
        self.request(Method::GET, path, key, self.settings.read_timeout_ms)
    }
}

fn order_path(order: &str) -> String {
    format!("{ORDERS}/{}", segment(order))
}

/// Status and body; the body is null when it is not JSON.
async fn send(request: RequestBuilder) -> Result<(u16, Value), Silence> {
    let answer = exchange::send(GatewayName::Conekta, request).await?;
    let body = answer.json();
    let word = |at| body.pointer(at).and_then(Value::as_str).unwrap_or_default();
    answer.log_refusal(GatewayName::Conekta, word("/log_id"), word("/details/0/code"));
    Ok((answer.status, body))
}

/// The failure of a request that cannot be sent: the company's key fits no header.
const fn unsendable() -> Failure {
    Failure::new(Code::GatewayAuthFailed, FailureKind::Gateway)
}

impl GatewayPort for Conekta {
    fn prepare(&self, sale: &Sale, means: &Means) -> ChargeBody {
        ChargeBody(Zeroizing::new(request::charge(sale, means)))
    }

    fn open(&self, key: Key, sale: Sale) -> BoxFuture<'static, Opening> {
        let request = self.request(Method::POST, ORDERS, &key, self.settings.read_timeout_ms);
        async move {
            match send(request.json(&request::order(&sale))).await {
                Ok((status, body)) => answer::opening(status, &body, sale.price),
                Err(Silence::NotSent) => Opening::Refused(unsendable()),
                Err(Silence::NoAnswer) => Opening::Unknown,
            }
        }
        .boxed()
    }

    fn charge(&self, key: Key, charge: ChargeRequest) -> BoxFuture<'static, Charging> {
        let Some(order) = charge.payment else {
            let unopened = Failure::new(Code::InternalError, FailureKind::Fault);
            return async move { Charging::NotSent(unopened) }.boxed();
        };
        let path = format!("{}/charges", order_path(&order));
        let request = self
            .request(Method::POST, &path, &key, self.settings.charge_timeout_ms)
            .header("Content-Type", "application/json")
            .body(charge.body.0.to_string());
        async move {
            match send(request).await {
                Ok((status, body)) => answer::charging(status, &body),
                Err(Silence::NotSent) => Charging::NotSent(unsendable()),
                Err(Silence::NoAnswer) => Charging::Unknown,
            }
        }
        .boxed()
    }

    fn read(&self, key: Key, payment: String) -> BoxFuture<'static, Reading> {
        let request = self.get(&order_path(&payment), &key);
        async move {
            match send(request).await {
                Ok((status, body)) => answer::reading(status, &body),
                Err(Silence::NotSent) => Reading::Denied,
                Err(Silence::NoAnswer) => Reading::Unknown,
            }
        }
        .boxed()
    }

    fn search(&self, key: Key, reference: String) -> BoxFuture<'static, Searching> {
        let path = with_query(ORDERS, &[("search", &reference), ("limit", PAGE_ORDERS)]);
        let request = self.get(&path, &key);
        async move {
            match send(request).await {
                Ok((status, body)) => answer::searching(status, &body, &reference),
                Err(Silence::NotSent) => Searching::Denied,
                Err(Silence::NoAnswer) => Searching::Unknown,
            }
        }
        .boxed()
    }

    fn cancel(&self, key: Key, payment: String) -> BoxFuture<'static, ()> {
        let path = format!("{}/cancel", order_path(&payment));
        let request = self.request(Method::POST, &path, &key, self.settings.read_timeout_ms);
        async move {
            // What came of it shows at the next read.
            send(request.json(&json!({}))).await.ok();
        }
        .boxed()
    }

    fn refund(&self, key: Key, refund: RefundRequest) -> BoxFuture<'static, Refunding> {
        let path = format!("{}/refunds", order_path(&refund.payment));
        let request = self.request(Method::POST, &path, &key, self.settings.charge_timeout_ms);
        async move {
            match send(request.json(&request::refund(&refund))).await {
                Ok((status, body)) => answer::refunding(status, &body),
                Err(Silence::NotSent) => Refunding::Refused(unsendable()),
                Err(Silence::NoAnswer) => Refunding::Unknown,
            }
        }
        .boxed()
    }

    /// The cursor is the gateway's token of the page; the filters are sent again with it.
    fn list_paid(&self, key: Key, list: ListRequest) -> BoxFuture<'static, Listing> {
        let since = list.since.seconds().to_string();
        // The last second before the end: the gateway's range includes its ends.
        let until = list.until.plus(-1).seconds().to_string();
        let mut query = vec![
            ("created_at.gte", since.as_str()),
            ("created_at.lte", until.as_str()),
            ("payment_status", "paid"),
            ("limit", PAGE_ORDERS),
        ];
        query.extend(list.cursor.as_deref().map(|token| ("next", token)));
        let request = self.get(&with_query(ORDERS, &query), &key);
        async move {
            match send(request).await {
                Ok((status, body)) => answer::listing(status, &body),
                Err(Silence::NotSent) => Listing::Denied,
                Err(Silence::NoAnswer) => Listing::Unknown,
            }
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests;
