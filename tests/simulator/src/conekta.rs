//! Conekta, as far as a card is charged through its HTTP API, version 2.3.0.
//!
//! - [`card`]: tokens and what becomes of them.
//! - [`validate`]: what requests may hold.
//! - [`order`]: orders and charges, and how the vendor shows them.
//! - [`store`]: all orders, and the rules of charging; pure.
//! - [`listing`]: lists and search; pure.
//! - [`event`]: what is told about orders and charges.
//! - [`ledger`]: what happened to money.
//! - [`failure`]: errors in the vendor's form.
//!
//! There is no idempotency, whatever the headers say: a request that comes twice is carried out twice. An order belongs
//! to the private key that made it.

pub mod card;
pub mod event;
pub mod failure;
pub mod ledger;
pub mod listing;
pub mod order;
pub mod store;
pub mod validate;

mod caller;
mod hooks;

use crate::clock::Clock;
use crate::fault::{FaultBoard, Lag, Place};
use crate::gateway::{Action, ActionError, Answer, Gateway};
use crate::webhook::request::Target;
use crate::webhook::{Courier, Notice};
use axum::extract::Query;
use axum::http::Method;
use axum::http::request::Parts;
use caller::Caller;
use failure::{Failure, Language};
use ledger::Entry;
use order::Order;
use serde_json::Value;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use store::Store;

/// The gateway.
#[derive(Debug)]
pub struct Conekta {
    clock: Arc<Clock>,
    faults: Arc<FaultBoard>,
    store: Mutex<Store>,
    courier: Arc<Courier>,
    url: OnceLock<String>,
}

impl Conekta {
    /// A gateway without orders.
    pub fn new(clock: Arc<Clock>, faults: Arc<FaultBoard>, courier: Arc<Courier>) -> Self {
        let seed = clock.now_ms() ^ (u64::from(std::process::id()) << 42);
        Self { clock, faults, store: Mutex::new(Store::new(seed)), courier, url: OnceLock::new() }
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

    /// Lets something happen to an order.
    ///
    /// # Errors
    /// When there is no such order, or it cannot happen to it.
    pub fn happen(&self, id: &str, action: Action, amount: Option<u64>) -> Result<Value, ActionError> {
        let done = self.store().happen(id, action, amount, self.clock.now_ms());
        self.tell();
        done
    }

    /// 24 hex digits that were not given out before.
    pub fn fresh_id(&self) -> String {
        self.store().fresh_id()
    }

    /// Does what the clock has made due, and tells of it.
    pub fn tick(&self) {
        drop(self.store());
        self.tell();
    }

    /// What would be sent about an order: its newest event, or one with this name.
    pub fn notice(&self, id: &str, name: Option<&str>, event_id: Option<&str>) -> Option<Notice> {
        let mut store = self.store();
        let order = store.any(id)?;
        let (known, fresh, now_s) = (store.events(&order.key), store.fresh_id(), self.clock.now_s());
        let (key, livemode) = (order.key.clone(), order.livemode());
        let of_order = known.iter().rev().filter(|event| event.order.id == id);
        let found = of_order.into_iter().find(|event| name.is_none_or(|name| name == event.name));
        let (mut body, name) = match (found, name) {
            (Some(event), _) => (event.render(), event.name.to_owned()),
            (None, Some("webhook_ping")) => (event::ping(&fresh, livemode, now_s), "webhook_ping".to_owned()),
            (None, name) => {
                let name = name.unwrap_or("order.created").to_owned();
                let event = event::Event { id: fresh, name: "order.created", created_at: now_s, order };
                let mut body = event.render();
                body["type"] = Value::from(name.clone());
                (body, name)
            }
        };
        if let Some(event_id) = event_id {
            body["id"] = Value::from(event_id);
        }
        Some(notice(key, &name, id, &body))
    }

    /// Sends what is new.
    fn tell(&self) {
        let events = self.store().take_events();
        if self.courier.awaited() {
            for event in events {
                let key = event.order.key.clone();
                self.courier.announce(notice(key, event.name, &event.order.id, &event.render()));
            }
        }
    }

    fn render(&self, failure: &Failure, language: Language) -> Answer {
        let log_id = self.store().fresh_id();
        Answer::new(failure.status, failure.body(language, &log_id))
    }

    fn dispatch(&self, parts: &Parts, body: &[u8], lag: Option<Lag>) -> Result<(u16, Value), Failure> {
        let Caller { key } = Caller::identify(&parts.headers)?;
        let now_ms = self.clock.now_ms();
        let horizon_ms = lag.map_or(u64::MAX, |lag| lag.horizon_ms(now_ms));
        let segments: Vec<&str> = parts.uri.path().trim_matches('/').split('/').collect();
        match (&parts.method, &segments[..]) {
            (&Method::POST, ["orders"]) => {
                let draft = validate::order(body)?;
                Ok((200, self.store().create(&key, draft, now_ms)?))
            }
            (&Method::GET, ["orders"]) => {
                let filter = filter(parts)?;
                let orders = self.behind(&key, horizon_ms);
                Ok((200, listing::orders(&orders, &filter, self.url())))
            }
            (&Method::GET, ["charges"]) => {
                let filter = filter(parts)?;
                let orders = self.behind(&key, horizon_ms);
                Ok((200, listing::charges(&orders, &filter, self.url())))
            }
            (&Method::GET, ["orders", id]) => {
                Ok((200, self.store().order(&key, id)?.seen(horizon_ms).render()))
            }
            (&Method::GET, ["events"]) => {
                let events = self.store().events(&key);
                Ok((200, listing::events(&events, &filter(parts)?, self.url())))
            }
            (&Method::POST, ["orders", id, "charges"]) => {
                let mut store = self.store();
                let amount = store.order(&key, id)?.draft.amount;
                let draft = validate::charge(body, amount)?;
                Ok((200, store.charge(&key, id, draft, now_ms)?))
            }
            (&Method::POST, ["orders", id, "refunds"]) => {
                let mut store = self.store();
                store.order(&key, id)?;
                Ok((200, store.refund(&key, id, &validate::refund(body)?, now_ms)?))
            }
            (&Method::POST, ["orders", id, "cancel"]) => Ok((200, self.store().cancel(&key, id, now_ms)?)),
            (&Method::POST, ["orders", id, "capture"]) => {
                let amount = validate::capture(body)?;
                Ok((200, self.store().capture(&key, id, amount, now_ms)?))
            }
            (_, ["webhooks" | "webhook_keys" | "events", ..]) => self.hooks(parts, &key, &segments, body),
            (method, _) => {
                Err(Failure::not_found("path", format!("there is no {method} {}", parts.uri.path())))
            }
        }
    }

    /// The orders of a key as a list sees them that is behind.
    fn behind(&self, key: &str, horizon_ms: u64) -> Vec<Arc<Order>> {
        let orders = self.store().of_key(key);
        if horizon_ms == u64::MAX {
            return orders;
        }
        let old = orders.iter().filter(|order| order.created_at.saturating_mul(1000) <= horizon_ms);
        old.map(|order| Arc::new(order.seen(horizon_ms).into_owned())).collect()
    }

    fn url(&self) -> &str {
        self.url.get().map_or("", String::as_str)
    }

    /// The store as the clock has it.
    fn store(&self) -> MutexGuard<'_, Store> {
        let mut store = self.store.lock().expect("no code panics while it holds the gateway");
        store.expire(self.clock.now_ms());
        store
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

    fn act(&self, parts: &Parts, body: &[u8], lag: Option<Lag>) -> Answer {
        let language = caller::language(&parts.headers);
        let done = self.dispatch(parts, body, lag);
        if parts.method != Method::GET {
            self.tell();
        }
        done.map_or_else(
            |failure| self.render(&failure, language),
            |(status, body)| Answer::new(status, body),
        )
    }

    fn failure(&self, parts: &Parts, status: u16) -> Answer {
        self.render(&Failure::on_demand(status), caller::language(&parts.headers))
    }
}

fn notice(account: String, name: &str, order_id: &str, body: &Value) -> Notice {
    Notice {
        target: Target::Conekta,
        account,
        event: name.to_owned(),
        event_id: body["id"].as_str().unwrap_or_default().to_owned(),
        resource_id: order_id.to_owned(),
        url: None,
        url_first: false,
        body: body.to_string(),
    }
}

fn filter(parts: &Parts) -> Result<listing::Filter, Failure> {
    let query = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
    let Query(query) = query.map_err(|error| Failure::malformed(error.body_text()))?;
    listing::Filter::parse(&query)
}
