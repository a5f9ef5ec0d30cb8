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
use crate::fault::{FaultBoard, Lag, Place};
use crate::gateway::{Answer, Gateway};
use axum::extract::Query;
use axum::http::Method;
use axum::http::request::Parts;
use caller::Caller;
use failure::{Failure, Language};
use ledger::Entry;
use serde_json::Value;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use store::Store;

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

    fn render(&self, failure: &Failure, language: Language) -> Answer {
        let log_id = self.store().fresh_id();
        Answer::new(failure.status, failure.body(language, &log_id))
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

impl Gateway for Conekta {
    const MEDIA_TYPE: &'static str = "application/vnd.conekta-v2.3.0+json; charset=utf-8";
    type Ticket = ();

    fn place(&self) -> Place<'static> {
        Place::Conekta
    }

    fn faults(&self) -> &Arc<FaultBoard> {
        &self.faults
    }

    fn arrive(self: &Arc<Self>, _parts: &Parts) -> Result<(), Answer> {
        Ok(())
    }

    fn act(&self, parts: &Parts, body: &[u8], _lag: Option<Lag>) -> Answer {
        let language = caller::language(&parts.headers);
        let done = self.dispatch(parts, body);
        done.map_or_else(
            |failure| self.render(&failure, language),
            |(status, body)| Answer::new(status, body),
        )
    }

    fn failure(&self, parts: &Parts, status: u16) -> Answer {
        self.render(&Failure::on_demand(status), caller::language(&parts.headers))
    }
}

fn filter(parts: &Parts) -> Result<listing::Filter, Failure> {
    let query = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
    let Query(query) = query.map_err(|error| Failure::malformed(error.body_text()))?;
    listing::Filter::parse(&query)
}
