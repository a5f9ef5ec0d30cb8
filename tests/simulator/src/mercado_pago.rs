//! Mercado Pago, as far as a card, cash or a transfer is charged through `/v1/payments`.
//!
//! - [`account`]: access tokens, countries and modes.
//! - [`amount`], [`date`]: decimals and dates on the wire.
//! - [`draft`]: what requests may hold.
//! - [`card`]: tokens and what becomes of them.
//! - [`payment`]: payments, and how the vendor shows them.
//! - [`store`]: all payments, and the rules of making, refunding and closing them; pure.
//! - [`search`]: lists; pure.
//! - [`ledger`]: what happened to money.
//! - [`failure`]: errors in the vendor's form.
//!
//! A refused card is a payment too: the answer is 201. A request that comes twice with the same `X-Idempotency-Key` is
//! carried out once.

pub mod account;
pub mod amount;
pub mod card;
pub mod date;
pub mod draft;
pub mod failure;
pub mod ledger;
pub mod payment;
pub mod search;
pub mod store;

use crate::clock::Clock;
use crate::fault::{FaultBoard, Lag, Place};
use crate::gateway::{Action, ActionError, Answer, Gateway};
use crate::webhook::request::Target;
use crate::webhook::{Courier, Notice};
use account::Account;
use axum::extract::Query;
use axum::http::request::Parts;
use axum::http::{HeaderName, Method};
use failure::Failure;
use ledger::Entry;
use payment::Payment;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use store::{Store, Trace};

/// Header of the key that makes a request safe to repeat.
const KEY_HEADER: &str = "x-idempotency-key";
/// Longest key, in bytes.
const KEY_BYTES_MAX: usize = 128;

/// Id of the first event.
const EVENT_ID_FIRST: u64 = 120_000_000_000;
/// The user that all accounts belong to.
const USER_ID: u64 = 44_444;
/// The application that all accounts belong to.
const APPLICATION_ID: u64 = 99;

/// The gateway.
#[derive(Debug)]
pub struct MercadoPago {
    clock: Arc<Clock>,
    faults: Arc<FaultBoard>,
    store: Mutex<Store>,
    /// Access token and key of requests that are still running.
    running: Mutex<BTreeSet<(String, String)>>,
    courier: Arc<Courier>,
    requests: AtomicU64,
    events: AtomicU64,
}

/// Keeps others with the same key out until the effect has taken place.
#[derive(Debug)]
pub struct Running {
    gateway: Arc<MercadoPago>,
    key: Option<(String, String)>,
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(key) = &self.key {
            self.gateway.running().remove(key);
        }
    }
}

impl MercadoPago {
    /// A gateway without payments.
    pub fn new(clock: Arc<Clock>, faults: Arc<FaultBoard>, courier: Arc<Courier>) -> Self {
        let store = Mutex::new(Store::new(clock.now_ms() ^ u64::from(std::process::id())));
        let running = Mutex::new(BTreeSet::new());
        let (requests, events) = (AtomicU64::new(1), AtomicU64::new(EVENT_ID_FIRST));
        Self { clock, faults, store, running, courier, requests, events }
    }

    /// All payments of all accounts as the vendor would show them.
    pub fn payments(&self) -> Vec<Value> {
        let payments = self.current().payments();
        payments.iter().map(|payment| payment.render()).collect()
    }

    /// What happened to money, in order.
    pub fn ledger(&self) -> Vec<Entry> {
        self.current().ledger().to_vec()
    }

    /// Lets something happen to a payment.
    ///
    /// # Errors
    /// When there is no such payment, or it cannot happen to it.
    pub fn happen(&self, id: &str, action: Action, amount: Option<u64>) -> Result<Value, ActionError> {
        let done = self.current().happen(id, action, amount, self.clock.now_ms());
        self.tell();
        done
    }

    /// Does what the clock has made due, and tells of it.
    pub fn tick(&self) {
        drop(self.current());
        self.tell();
    }

    /// What would be sent about a payment.
    pub fn notice(&self, id: &str, action: Option<&str>, event_id: Option<&str>) -> Option<Notice> {
        let payment = self.current().any(id)?;
        Some(self.write(&payment, action.unwrap_or("payment.updated"), event_id))
    }

    /// Sends what is new.
    fn tell(&self) {
        let mut store = self.current();
        let news = store.take_news();
        if self.courier.awaited() {
            let notices: Vec<Notice> =
                news.iter().map(|news| self.write(&store.at(news.index), news.action, None)).collect();
            drop(store);
            notices.into_iter().for_each(|notice| self.courier.announce(notice));
        }
    }

    fn write(&self, payment: &Payment, action: &str, event_id: Option<&str>) -> Notice {
        let fresh = || Value::from(self.events.fetch_add(1, Ordering::Relaxed));
        let id = event_id.map_or_else(fresh, |id| id.parse::<u64>().map_or_else(|_| id.into(), Value::from));
        let body = json!({
            "id": id,
            "live_mode": payment.account.live_mode,
            "type": "payment",
            "action": action,
            "date_created": date::text(self.clock.now_ms()),
            "user_id": USER_ID,
            "api_version": "v1",
            "application_id": APPLICATION_ID,
            "data": { "id": payment.id.to_string() },
        });
        Notice {
            target: Target::MercadoPago,
            account: payment.account.token.clone(),
            event: action.to_owned(),
            event_id: id.as_str().map_or_else(|| id.to_string(), str::to_owned),
            resource_id: payment.id.to_string(),
            url: payment.draft.notification_url.clone(),
            // Test payments go to the address of the panel, whatever they name themselves.
            url_first: payment.account.live_mode,
            body: body.to_string(),
        }
    }

    fn dispatch(&self, parts: &Parts, body: &[u8], lag: Option<Lag>) -> Result<(u16, Value), Failure> {
        let account = Account::identify(&parts.headers)?;
        let now_ms = self.clock.now_ms();
        let horizon_ms = lag.map_or(u64::MAX, |lag| lag.horizon_ms(now_ms));
        let path: Vec<&str> = parts.uri.path().trim_matches('/').split('/').collect();
        let ["v1", "payments", rest @ ..] = &path[..] else { return Err(Failure::not_found("Resource")) };
        match (&parts.method, rest) {
            (&Method::POST, []) => {
                let trace = keyed(parts)?;
                let draft = draft::payment(body, &account)?;
                Ok((201, self.current().create(&account, &trace, body, draft, now_ms)?))
            }
            (&Method::GET, ["search"]) => {
                let filter = search::Filter::parse(&query(parts)?, now_ms)?;
                let payments = self.current().of_account(&account, filter.reference.as_deref());
                Ok((200, filter.page(&payments, horizon_ms)))
            }
            (&Method::GET, [id, below @ ..]) => self.read(&account, id, below, horizon_ms),
            (&Method::PUT, [id]) => {
                let change = draft::change(body, &account)?;
                Ok((200, self.current().change(&account, id, &trace(parts), change, now_ms)?))
            }
            (&Method::POST, [id, "refunds"]) => {
                let trace = keyed(parts)?;
                let mut store = self.current();
                store.payment(&account, id)?;
                let amount = draft::refund(body, &account)?;
                Ok((201, store.refund(&account, id, &trace, body, amount, now_ms)?))
            }
            _ => Err(Failure::not_found("Resource")),
        }
    }

    fn read(
        &self,
        account: &Account,
        id: &str,
        below: &[&str],
        horizon_ms: u64,
    ) -> Result<(u16, Value), Failure> {
        let store = self.current();
        let payment = store.payment(account, id)?;
        if payment.created_ms > horizon_ms {
            return Err(Failure::not_found("Payment"));
        }
        match below {
            [] => Ok((200, payment.render())),
            ["refunds"] => {
                let refunds = payment.refunds.iter().map(|refund| payment.render_refund(refund));
                Ok((200, refunds.collect()))
            }
            ["refunds", refund_id] => {
                let found = payment.refunds.iter().find(|refund| refund.id.to_string() == *refund_id);
                let refund = found.ok_or_else(|| Failure::not_found("Refund"))?;
                Ok((200, payment.render_refund(refund)))
            }
            _ => Err(Failure::not_found("Resource")),
        }
    }

    fn answer(&self, done: Result<(u16, Value), Failure>) -> Answer {
        let request_id = format!("req-{:012x}", self.requests.fetch_add(1, Ordering::Relaxed));
        let (status, body) = done.unwrap_or_else(|failure| {
            let data = format!("{};{request_id}", date::text(self.clock.now_ms()));
            (failure.status, failure.body(&data))
        });
        Answer { status, body, headers: vec![(HeaderName::from_static("x-request-id"), request_id)] }
    }

    /// The store as the clock has it.
    fn current(&self) -> MutexGuard<'_, Store> {
        let mut store = self.store.lock().expect("no code panics while it holds the gateway");
        store.expire(self.clock.now_ms());
        store
    }

    fn running(&self) -> MutexGuard<'_, BTreeSet<(String, String)>> {
        self.running.lock().expect("no code panics while it holds the running keys")
    }
}

impl Gateway for MercadoPago {
    const MEDIA_TYPE: &'static str = "application/json;charset=UTF-8";
    type Ticket = Running;

    fn place(&self) -> Place<'static> {
        Place::MercadoPago
    }

    fn faults(&self) -> &Arc<FaultBoard> {
        &self.faults
    }

    fn arrive(self: &Arc<Self>, parts: &Parts) -> Result<Running, Answer> {
        let account = Account::identify(&parts.headers).ok();
        let key = account.map(|account| (account.token, trace(parts).key));
        let key = key.filter(|(_, key)| parts.method == Method::POST && !key.is_empty());
        if key.as_ref().is_some_and(|key| !self.running().insert(key.clone())) {
            return Err(self.answer(Err(Failure::locked())));
        }
        Ok(Running { gateway: Arc::clone(self), key })
    }

    fn act(&self, parts: &Parts, body: &[u8], lag: Option<Lag>) -> Answer {
        let answer = self.answer(self.dispatch(parts, body, lag));
        if parts.method != Method::GET {
            self.tell();
        }
        answer
    }

    fn failure(&self, _parts: &Parts, status: u16) -> Answer {
        self.answer(Err(Failure::on_demand(status)))
    }
}

/// The headers that leave a trace.
fn trace(parts: &Parts) -> Trace {
    let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    Trace { key: text(KEY_HEADER).unwrap_or_default(), device_id: text("x-meli-session-id") }
}

/// The same of a request that has to have a key.
fn keyed(parts: &Parts) -> Result<Trace, Failure> {
    let trace = trace(parts);
    if trace.key.is_empty() || trace.key.len() > KEY_BYTES_MAX {
        return Err(Failure::bad_request(4292, "Header X-Idempotency-Key can't be null"));
    }
    Ok(trace)
}

fn query(parts: &Parts) -> Result<Vec<(String, String)>, Failure> {
    let query = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
    query.map(|Query(query)| query).map_err(|error| Failure::bad_request(1, &error.body_text()))
}
