//! Faults on demand: what goes wrong, where, and how often.
//!
//! A [`FaultBoard`] holds the faults that tests have posted. The servers ask it before each request or command what
//! to do, and watch whether they should be away altogether. With no fault posted the question costs one atomic read.

mod request;

pub use request::{FaultError, FaultRequest};

use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::watch;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Waits, then works as usual. The effect takes place even if the peer has left by then.
    Delay,
    /// No answer and no effect until the fault is deleted; then works as usual, if the peer is still there.
    Hang,
    /// The connection is cut before the effect.
    DropBefore,
    /// The effect takes place, then the connection is cut.
    DropAfter,
    /// An error without the effect.
    Error,
    /// The effect takes place, the answer is an error.
    ErrorAfter,
    /// Open connections are cut and new ones refused.
    Away,
}

/// Who is asking: a router by name, or the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'a> {
    /// The Conekta server.
    Conekta,
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

/// What to do with one request or command.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Wait this long first.
    pub delay: Option<Duration>,
    /// Then, unless nothing else is to go wrong, do this.
    pub strike: Option<Strike>,
}

/// One thing gone wrong.
#[derive(Debug)]
pub enum Strike {
    /// Wait until the channel says true or is closed, then work as usual.
    Hang(watch::Receiver<bool>),
    /// Cut the connection.
    DropBefore,
    /// Do the work, then cut the connection.
    DropAfter,
    /// Answer an error.
    Error(ErrorAnswer),
    /// Do the work, then answer an error.
    ErrorAfter(ErrorAnswer),
}

/// What the error looks like.
#[derive(Debug, Clone)]
pub struct ErrorAnswer {
    /// HTTP status of a gateway.
    pub status: u16,
    /// Text of a router's trap.
    pub message: String,
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

    /// Asks what to do with a request (`METHOD /path`) or a command word. Counts as a strike of what is told.
    ///
    /// All delays that fit add up; of the other kinds the first that fits is told.
    pub fn verdict(&self, place: Place<'_>, subject: &str) -> Verdict {
        let mut verdict = Verdict::default();
        if self.armed.load(Ordering::Acquire) == 0 {
            return verdict;
        }
        let mut entries = self.entries();
        for entry in entries.iter_mut().filter(|entry| entry.fits(place, subject)) {
            if entry.fault.request.kind != FaultKind::Delay {
                if verdict.strike.is_some() {
                    continue;
                }
                verdict.strike = entry.strike();
            }
            if let Some(wait_ms) = entry.fault.request.delay_ms {
                verdict.delay = Some(verdict.delay.unwrap_or_default() + Duration::from_millis(wait_ms));
            }
            entry.hit();
        }
        self.refresh(&entries);
        verdict
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

    fn strike(&self) -> Option<Strike> {
        let request = &self.fault.request;
        let error = || ErrorAnswer {
            status: request.status.unwrap_or(500),
            message: request.message.clone().unwrap_or_else(|| "action failed".to_owned()),
        };
        match request.kind {
            FaultKind::Delay | FaultKind::Away => None,
            FaultKind::Hang => Some(Strike::Hang(self.released.subscribe())),
            FaultKind::DropBefore => Some(Strike::DropBefore),
            FaultKind::DropAfter => Some(Strike::DropAfter),
            FaultKind::Error => Some(Strike::Error(error())),
            FaultKind::ErrorAfter => Some(Strike::ErrorAfter(error())),
        }
    }
}

#[cfg(test)]
mod tests;
