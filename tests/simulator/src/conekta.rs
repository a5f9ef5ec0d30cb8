//! Conekta, as far as a card is charged through its HTTP API, version 2.3.0.
//!
//! - [`card`]: tokens and what becomes of them.
//! - [`validate`]: what requests may hold.
//! - [`order`]: orders and charges, and how the vendor shows them.
//! - [`store`]: all orders, and the rules of charging; pure.
//! - [`listing`]: lists and search; pure.
//! - [`ledger`]: what happened to money.
//! - [`failure`]: errors in the vendor's form.
//!
//! There is no idempotency, whatever the headers say: a request that comes twice is carried out twice. An order belongs
//! to the private key that made it. Webhooks, 3-D Secure challenges and cash are not played yet.

pub mod card;
pub mod failure;
pub mod ledger;
pub mod listing;
pub mod order;
pub mod store;
pub mod validate;

mod caller;

use crate::clock::Clock;
use crate::fault::{FaultBoard, Place, Strike};
use crate::http::{self, BODY_BYTES_MAX, Cut};
use crate::listen;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Query;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, Request, Response, StatusCode, header};
use caller::Caller;
use failure::{Failure, Language};
use hyper::body::Incoming;
use ledger::Entry;
use serde_json::Value;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use store::Store;
use tokio::net::TcpListener;

/// The gateway.
#[derive(Debug)]
pub struct Conekta {
    clock: Arc<Clock>,
    faults: Arc<FaultBoard>,
    store: Mutex<Store>,
    url: OnceLock<String>,
}

impl Conekta {
    /// A gateway without orders.
    pub fn new(clock: Arc<Clock>, faults: Arc<FaultBoard>) -> Self {
        let seed = clock.now_ms() ^ (u64::from(std::process::id()) << 42);
        Self { clock, faults, store: Mutex::new(Store::new(seed)), url: OnceLock::new() }
    }

    /// Tells under which address it is reached, for the links in lists. The first call counts.
    pub fn set_url(&self, url: &str) {
        self.url.get_or_init(|| url.to_owned());
    }

    /// All orders of all keys as the vendor would show them.
    pub fn orders(&self) -> Vec<Value> {
        let orders = self.store().orders();
        orders.iter().map(|order| order.render()).collect()
    }

    /// What happened to money, in order.
    pub fn ledger(&self) -> Vec<Entry> {
        self.store().ledger().to_vec()
    }

    /// Carries a request out and returns status and body.
    fn act(&self, parts: &Parts, body: &[u8]) -> (u16, Value) {
        let language = caller::language(&parts.headers);
        self.dispatch(parts, body).unwrap_or_else(|failure| self.render(&failure, language))
    }

    fn render(&self, failure: &Failure, language: Language) -> (u16, Value) {
        let log_id = self.store().fresh_id();
        (failure.status, failure.body(language, &log_id))
    }

    fn dispatch(&self, parts: &Parts, body: &[u8]) -> Result<(u16, Value), Failure> {
        let Caller { key } = Caller::identify(&parts.headers)?;
        let now_ms = self.clock.now_ms();
        let segments: Vec<&str> = parts.uri.path().trim_matches('/').split('/').collect();
        match (&parts.method, &segments[..]) {
            (&Method::POST, ["orders"]) => {
                let draft = validate::order(body)?;
                Ok((200, self.store().create(&key, draft, now_ms)?))
            }
            (&Method::GET, ["orders"]) => {
                let filter = filter(parts)?;
                let orders = self.store().orders();
                Ok((200, listing::orders(&orders, &key, &filter, self.url())))
            }
            (&Method::GET, ["charges"]) => {
                let filter = filter(parts)?;
                let orders = self.store().orders();
                Ok((200, listing::charges(&orders, &key, &filter, self.url())))
            }
            (&Method::GET, ["orders", id]) => Ok((200, self.store().order(&key, id)?.render())),
            (&Method::POST, ["orders", id, "charges"]) => {
                let mut store = self.store();
                let amount = store.order(&key, id)?.draft.amount;
                let draft = validate::charge(body, amount)?;
                Ok((200, store.charge(&key, id, draft, now_ms)?))
            }
            (&Method::POST, ["orders", id, "refunds"]) => {
                let mut store = self.store();
                store.order(&key, id)?;
                Ok((200, store.refund(&key, id, validate::refund(body)?, now_ms)?))
            }
            (&Method::POST, ["orders", id, "cancel"]) => Ok((200, self.store().cancel(&key, id, now_ms)?)),
            (&Method::POST, ["orders", id, "capture"]) => {
                let amount = validate::capture(body)?;
                Ok((200, self.store().capture(&key, id, amount, now_ms)?))
            }
            (method, _) => {
                Err(Failure::not_found("path", format!("there is no {method} {}", parts.uri.path())))
            }
        }
    }

    fn url(&self) -> &str {
        self.url.get().map_or("", String::as_str)
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().expect("no code panics while it holds the gateway")
    }
}

/// Serves the gateway for ever.
pub async fn serve(listener: TcpListener, gateway: Arc<Conekta>) {
    let faults = Arc::clone(&gateway.faults);
    listen::accept(listener, &faults, Some(Place::Conekta), |stream, away| {
        let gateway = Arc::clone(&gateway);
        http::serve(stream, away, move |request| answer(Arc::clone(&gateway), request))
    })
    .await;
}

/// Answers one request, as the faults allow.
async fn answer(gateway: Arc<Conekta>, request: Request<Incoming>) -> Result<Response<Body>, Cut> {
    let (parts, body) = request.into_parts();
    // A body that does not come whole, or is too large, cannot be answered in the vendor's form.
    let body = to_bytes(Body::new(body), BODY_BYTES_MAX).await.map_err(|_| Cut)?;
    let subject = format!("{} {}", parts.method, parts.uri.path());
    let verdict = gateway.faults.verdict(Place::Conekta, &subject);
    let Some(delay) = verdict.delay else { return struck(&gateway, &parts, &body, verdict.strike).await };
    // In a task of its own: a request that was received is carried out even if the sender has left.
    let late = tokio::spawn(async move {
        tokio::time::sleep(delay).await;
        struck(&gateway, &parts, &body, verdict.strike).await
    });
    late.await.unwrap_or(Err(Cut))
}

async fn struck(
    gateway: &Conekta,
    parts: &Parts,
    body: &Bytes,
    strike: Option<Strike>,
) -> Result<Response<Body>, Cut> {
    let language = caller::language(&parts.headers);
    let failed = |status| Ok(render(gateway.render(&Failure::on_demand(status), language)));
    match strike {
        None => Ok(render(gateway.act(parts, body))),
        Some(Strike::Hang(mut released)) => {
            // An error means that the fault is gone together with the board.
            drop(released.wait_for(|released| *released).await);
            Ok(render(gateway.act(parts, body)))
        }
        Some(Strike::DropBefore) => Err(Cut),
        Some(Strike::DropAfter) => {
            gateway.act(parts, body);
            Err(Cut)
        }
        Some(Strike::Error(error)) => failed(error.status),
        Some(Strike::ErrorAfter(error)) => {
            gateway.act(parts, body);
            failed(error.status)
        }
    }
}

fn render((status, body): (u16, Value)) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let media_type = HeaderValue::from_static("application/vnd.conekta-v2.3.0+json; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    response
}

fn filter(parts: &Parts) -> Result<listing::Filter, Failure> {
    let query = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
    let Query(query) = query.map_err(|error| Failure::malformed(error.body_text()))?;
    listing::Filter::parse(&query)
}
