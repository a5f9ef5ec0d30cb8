//! Mercado Pago: nothing is opened; a charge goes out under a stored key as stored bytes, and may go out again to
//! learn what became of it.
//!
//! | module | holds |
//! |---|---|
//! | [`request`] | what is sent, and the rules Mercado Pago has for it |
//! | [`answer`] | what comes back and what it means |
//! | [`refusal`] | Mercado Pago's error codes and rejection words as ours |
//!
//! Source of wire facts: the vendor's SDKs, its own test data and its documentation of the Payments API.

pub mod answer;
mod fields;
pub mod refusal;
pub mod request;

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use reqwest::{Method, RequestBuilder};
use zeroize::Zeroizing;

use super::exchange::{self, Answer, Silence, segment, with_query};
use super::{
    ChargeBody, ChargeRequest, Charging, GatewayName, GatewayPort, Key, ListRequest, Listing, Means, Opening,
    Reading, RefundRequest, Refunding, Sale, Searching,
};
use crate::domain::code::Code;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::time::Timestamp;

use answer::PaymentFacts;
use refusal::Refusal;

/// Results on a page of a search.
const PAGE_RESULTS: u64 = 50;
/// Where payments are.
const PAYMENTS: &str = "/v1/payments";
/// Where payments are searched.
const SEARCH: &str = "/v1/payments/search";

/// Where Mercado Pago is and how long to wait for it.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Base address without a trailing slash.
    pub url: String,
    /// Longest wait for a charge, in milliseconds.
    pub charge_timeout_ms: u64,
    /// Longest wait for anything else, in milliseconds.
    pub read_timeout_ms: u64,
    /// What the buyer reads on the card statement; at most 13 ASCII characters of it are sent, none when empty.
    pub statement_descriptor: String,
}

/// The adapter. Cheap to clone.
#[derive(Debug, Clone)]
pub struct MercadoPago {
    http: reqwest::Client,
    settings: Arc<Settings>,
}

impl MercadoPago {
    /// An adapter that uses `http` for its connections.
    #[must_use]
    pub fn new(http: reqwest::Client, settings: Settings) -> Self {
        Self { http, settings: Arc::new(settings) }
    }

    fn request(&self, method: Method, path: &str, key: &Key, timeout_ms: u64) -> RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.settings.url))
            .bearer_auth(key.0.as_str())
            .header("Accept", "application/json")
            .timeout(Duration::from_millis(timeout_ms))
    }

    fn get(&self, path: &str, key: &Key) -> RequestBuilder {
        self.request(Method::GET, path, key, self.settings.read_timeout_ms)
    }
}

/// Adds a body and the key under which a repeat of it is recognised.
fn with_body(request: RequestBuilder, idempotency_key: &str, body: &str) -> RequestBuilder {
    request
        .header("Content-Type", "application/json")
        .header("X-Idempotency-Key", idempotency_key)
        .body(body.to_owned())
}

fn payment_path(payment: &str) -> String {
    format!("{PAYMENTS}/{}", segment(payment))
}

async fn send(request: RequestBuilder) -> Result<Answer, Silence> {
    let answer = exchange::send(GatewayName::MercadoPago, request).await?;
    let refusal = Refusal::read(answer.status, &answer.body);
    answer.log_refusal(GatewayName::MercadoPago, "", refusal.as_ref().map_or("", Refusal::code));
    Ok(answer)
}

impl GatewayPort for MercadoPago {
    fn prepare(&self, sale: &Sale, means: &Means) -> ChargeBody {
        ChargeBody(Zeroizing::new(request::payment(sale, means, &self.settings.statement_descriptor)))
    }

    /// Never asked: nothing is opened here.
    fn open(&self, _key: Key, _sale: Sale) -> BoxFuture<'static, Opening> {
        let refused = Opening::Refused(Failure::new(Code::InternalError, FailureKind::Fault));
        async move { refused }.boxed()
    }

    fn charge(&self, key: Key, charge: ChargeRequest) -> BoxFuture<'static, Charging> {
        let request = self.request(Method::POST, PAYMENTS, &key, self.settings.charge_timeout_ms);
        let mut request = with_body(request, &charge.idempotency_key, &charge.body.0);
        if let Some(device) = charge.device_session.as_deref().and_then(request::device) {
            request = request.header("X-meli-session-id", device);
        }
        async move {
            match send(request).await {
                Ok(Answer { status, body, .. }) => answer::charging(status, &body),
                Err(Silence::NotSent) => {
                    Charging::NotSent(Failure::new(Code::GatewayAuthFailed, FailureKind::Gateway))
                }
                Err(Silence::NoAnswer) => Charging::Unknown,
            }
        }
        .boxed()
    }

    fn read(&self, key: Key, payment: String) -> BoxFuture<'static, Reading> {
        let request = self.get(&payment_path(&payment), &key);
        async move {
            match send(request).await {
                Ok(Answer { status, body, .. }) => answer::reading(status, &body),
                Err(Silence::NotSent) => Reading::Denied,
                Err(Silence::NoAnswer) => Reading::Unknown,
            }
        }
        .boxed()
    }

    fn search(&self, key: Key, reference: String) -> BoxFuture<'static, Searching> {
        let limit = PAGE_RESULTS.to_string();
        let query = [
            ("external_reference", reference.as_str()),
            ("sort", "date_created"),
            ("criteria", "asc"),
            ("limit", &limit),
        ];
        let request = self.get(&with_query(SEARCH, &query), &key);
        async move {
            match send(request).await {
                Ok(Answer { status, body, .. }) => answer::searching(status, &body, &reference, PAGE_RESULTS),
                Err(Silence::NotSent) => Searching::Denied,
                Err(Silence::NoAnswer) => Searching::Unknown,
            }
        }
        .boxed()
    }

    fn cancel(&self, key: Key, payment: String) -> BoxFuture<'static, ()> {
        let path = payment_path(&payment);
        let request = self.request(Method::PUT, &path, &key, self.settings.read_timeout_ms);
        let request = with_body(request, &request::cancel_key(&payment), r#"{"status":"cancelled"}"#);
        async move {
            // What came of it shows at the next read.
            send(request).await.ok();
        }
        .boxed()
    }

    fn refund(&self, key: Key, refund: RefundRequest) -> BoxFuture<'static, Refunding> {
        let path = format!("{}/refunds", payment_path(&refund.payment));
        let request = self.request(Method::POST, &path, &key, self.settings.charge_timeout_ms);
        let request = with_body(request, &refund.idempotency_key, &request::refund(&refund));
        async move {
            match send(request).await {
                Ok(Answer { status, body, .. }) => answer::refunding(status, &body),
                Err(Silence::NotSent) => {
                    Refunding::Refused(Failure::new(Code::GatewayAuthFailed, FailureKind::Gateway))
                }
                Err(Silence::NoAnswer) => Refunding::Unknown,
            }
        }
        .boxed()
    }

    fn facts(&self, key: Key, payment: String) -> BoxFuture<'static, Result<PaymentFacts, Code>> {
        let request = self.get(&payment_path(&payment), &key);
        async move {
            match send(request).await {
                Ok(Answer { status, body, .. }) => answer::facts(status, &body),
                Err(Silence::NotSent) => Err(Code::GatewayAuthFailed),
                Err(Silence::NoAnswer) => Err(Code::GatewayError),
            }
        }
        .boxed()
    }

    /// The cursor is how many payments came before the page.
    fn list_paid(&self, key: Key, list: ListRequest) -> BoxFuture<'static, Listing> {
        let Ok(offset) = list.cursor.as_deref().unwrap_or("0").parse::<u64>() else {
            return async { Listing::Unknown }.boxed();
        };
        let (begin, end) = (request::date(list.since), request::date(last_before(list.until)));
        let (limit, from) = (PAGE_RESULTS.to_string(), offset.to_string());
        let query = [
            ("status", "approved"),
            ("sort", "date_created"),
            ("criteria", "asc"),
            ("range", "date_created"),
            ("begin_date", begin.as_str()),
            ("end_date", &end),
            ("limit", &limit),
            ("offset", &from),
        ];
        let request = self.get(&with_query(SEARCH, &query), &key);
        async move {
            match send(request).await {
                Ok(Answer { status, body, .. }) => answer::listing(status, &body, offset, PAGE_RESULTS),
                Err(Silence::NotSent) => Listing::Denied,
                Err(Silence::NoAnswer) => Listing::Unknown,
            }
        }
        .boxed()
    }
}

/// The last millisecond before `until`: both ends of the gateway's range are included.
const fn last_before(until: Timestamp) -> Timestamp {
    until.plus(-1)
}

#[cfg(test)]
mod tests;
