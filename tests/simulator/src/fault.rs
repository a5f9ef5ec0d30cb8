//! Faults on demand: what goes wrong, where, and how often.
//!
//! A [`FaultBoard`] holds the faults that tests have posted. The servers ask it before each request or command what
//! to do, and watch whether they should be away altogether. With no fault posted the question costs one atomic read.

mod request;
mod verdict;

pub use request::{FaultError, FaultRequest};
pub use verdict::{ErrorAnswer, Lag, Strike, Tampering, Verdict};

use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};
use tokio::sync::watch;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Waits, then works as usual. The effect takes place even if the peer has left by then. A webhook comes late.
    Delay,
    /// The effect takes place at once, the first byte of the answer comes late.
    DelayAfter,
    /// No answer and no effect until the fault is deleted; then works as usual, if the peer is still there.
    Hang,
    /// The connection is cut before the effect.
    DropBefore,
    /// The effect takes place, then the connection is cut.
    DropAfter,
    /// The effect takes place, the connection is cut in the middle of the answer.
    DropMiddle,
    /// An error without the effect.
    Error,
    /// The effect takes place, the answer is an error.
    ErrorAfter,
    /// A page of HTML, as a proxy makes it, without the effect.
    BadGateway,
    /// The effect takes place, the answer is a page of HTML.
    BadGatewayAfter,
    /// The effect takes place, the answer says something else.
    Alter,
    /// A read does not see what is younger than it says.
    Lag,
    /// Open connections are cut and new ones refused.
    Away,
    /// A webhook is never sent.
    Lose,
    /// A webhook is sent twice.
    Duplicate,
    /// A webhook is held back until the next one has gone out.
    Reorder,
    /// A webhook carries a signature that was made for something else.
    BadSignature,
    /// A webhook carries no signature.
    NoSignature,
}

/// Who is asking: a router by name, or a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'a> {
    /// The Conekta server.
    Conekta,
    /// The Mercado Pago server.
    MercadoPago,
    /// Whoever sends webhooks of either.
    Webhook,
    /// The router of this name.
    Router(&'a str),
}

/// A fault as listed by the control API.
#[derive(Debug, Clone, Serialize)]
pub struct Fault {
    /// Number by which it can be deleted.
    pub id: u64,
    /// What was asked for.
    #[serde(flatten)]
    pub request: FaultRequest,
    /// How often it has struck.
    pub hits: u64,
    /// Whether it can strike again.
    pub active: bool,
}

#[derive(Debug)]
struct Entry {
    fault: Fault,
    left: Option<u64>,
    released: watch::Sender<bool>,
}

/// All faults of a simulator.
#[derive(Debug)]
pub struct FaultBoard {
    entries: Mutex<Vec<Entry>>,
    /// How many entries can strike; read without the lock.
    armed: AtomicUsize,
    next_id: Mutex<u64>,
    conekta_away: watch::Sender<bool>,
    mercado_pago_away: watch::Sender<bool>,
    /// Never true: webhooks are lost one by one.
    webhook_away: watch::Sender<bool>,
    routers_away: BTreeMap<String, watch::Sender<bool>>,
}

impl FaultBoard {
    /// A board without faults for these routers.
    pub fn new<'a>(routers: impl IntoIterator<Item = &'a str>) -> Self {
        let away = |name: &str| (name.to_owned(), watch::Sender::new(false));
        Self {
            entries: Mutex::new(Vec::new()),
            armed: AtomicUsize::new(0),
            next_id: Mutex::new(1),
            conekta_away: watch::Sender::new(false),
            mercado_pago_away: watch::Sender::new(false),
            webhook_away: watch::Sender::new(false),
            routers_away: routers.into_iter().map(away).collect(),
        }
    }

    /// Puts a fault up and returns it with its id.
    ///
    /// # Errors
    /// When the request makes no sense; the text says what to do.
    pub fn post(&self, request: FaultRequest) -> Result<Fault, FaultError> {
        request.check(&self.routers_away)?;
        let id = {
            let mut next = self.next_id.lock().expect("the counter is never poisoned");
            *next += 1;
            *next - 1
        };
        let fault = Fault { id, hits: 0, active: true, request };
        let left = fault.request.count;
        let mut entries = self.entries();
        entries.push(Entry { fault: fault.clone(), left, released: watch::Sender::new(false) });
        self.refresh(&entries);
        Ok(fault)
    }

    /// All faults, spent ones too, in the order they were posted.
    pub fn list(&self) -> Vec<Fault> {
        self.entries().iter().map(|entry| entry.fault.clone()).collect()
    }

    /// Takes one fault down, or all; returns how many. What hangs goes on.
    pub fn delete(&self, id: Option<u64>) -> usize {
        let mut entries = self.entries();
        let (gone, kept): (Vec<Entry>, Vec<Entry>) =
            entries.drain(..).partition(|entry| id.is_none_or(|id| id == entry.fault.id));
        *entries = kept;
        self.refresh(&entries);
        for entry in &gone {
            entry.released.send_replace(true);
        }
        gone.len()
    }

    /// Says true while the place is away.
    ///
    /// # Panics
    /// For a router that the board was not made for.
    pub fn away(&self, place: Place<'_>) -> watch::Receiver<bool> {
        self.away_sender(place).subscribe()
    }

    /// Counts a connection that was refused because the place is away.
    pub fn refused(&self, place: Place<'_>) {
        let mut entries = self.entries();
        let away = |entry: &&mut Entry| entry.fault.request.kind == FaultKind::Away && entry.covers(place);
        if let Some(entry) = entries.iter_mut().find(away) {
            entry.hit();
        }
        self.refresh(&entries);
    }

    fn away_sender(&self, place: Place<'_>) -> &watch::Sender<bool> {
        match place {
            Place::Conekta => &self.conekta_away,
            Place::MercadoPago => &self.mercado_pago_away,
            Place::Webhook => &self.webhook_away,
            Place::Router(name) => self.routers_away.get(name).expect("the board knows every router"),
        }
    }

    fn entries(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.entries.lock().expect("no code panics while it holds the faults")
    }

    fn refresh(&self, entries: &[Entry]) {
        self.armed.store(entries.iter().filter(|entry| entry.fault.active).count(), Ordering::Release);
        let away = |place| {
            entries.iter().any(|entry| entry.fault.request.kind == FaultKind::Away && entry.covers(place))
        };
        let publish = |sender: &watch::Sender<bool>, now: bool| {
            sender.send_if_modified(|known| std::mem::replace(known, now) != now);
        };
        publish(&self.conekta_away, away(Place::Conekta));
        publish(&self.mercado_pago_away, away(Place::MercadoPago));
        self.routers_away.iter().for_each(|(name, sender)| publish(sender, away(Place::Router(name))));
    }
}

impl Entry {
    fn covers(&self, place: Place<'_>) -> bool {
        self.fault.active && self.fault.request.covers(place)
    }

    fn fits(&self, place: Place<'_>, subject: &str) -> bool {
        let request = &self.fault.request;
        request.kind != FaultKind::Away
            && self.covers(place)
            && request.pattern.as_deref().is_none_or(|part| subject.contains(part))
    }

    fn hit(&mut self) {
        self.fault.hits += 1;
        if let Some(left) = &mut self.left {
            *left = left.saturating_sub(1);
            self.fault.active = *left > 0;
        }
    }
}

#[cfg(test)]
mod tests;
