//! The loop that carries a purchase: commit, perform, take in.
//!
//! Invariants:
//! - what an effect needs on disk is there before the effect leaves ([`Effect::needs_commit`]);
//! - nobody is shown a state that is not committed;
//! - a row is written only at the version and under the runner it was read with: a stale runner stops at once.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tracing::Instrument;

use super::events::{self, Told};
use super::inbox::{Inbox, Letter};
use super::machine::{self, Effect, Event};
use super::state::{Phase, Purchase, Step};
use super::timeline::{self, Line, PENDING_LINES_MAX};
use super::{Inner, Purchases, Running, books, counted, perform};
use crate::causes::chain;
use crate::domain::event::News;
use crate::domain::id::{CompanyId, PurchaseId};
use crate::domain::time::Timestamp;
use crate::limits::Reservation;
use crate::seams::instant;
use crate::store::ledger::{self, Entry};
use crate::store::purchases::{self, Row, Saved};
use crate::store::{Store, StoreError, outbox, timeline as record};

/// First pause after a commit failed, in milliseconds; doubles up to [`COMMIT_PAUSE_MAX_MS`].
const COMMIT_PAUSE_FIRST_MS: u64 = 50;
/// Longest such pause, in milliseconds.
const COMMIT_PAUSE_MAX_MS: u64 = 5_000;
/// A charge that is undecided for so long wants a person's eye, in milliseconds.
const UNDECIDED_ALARM_MS: i64 = 900_000;
/// Pause after an effect could not be performed for a reason inside this process, in milliseconds.
const FAULT_PAUSE_MS: i64 = 2_000;

/// A stored purchase on its way to a task.
pub(super) struct Start {
    /// Its row.
    pub(super) row: Row,
    /// Its state.
    pub(super) purchase: Purchase,
    /// What the world was told of it.
    pub(super) told: Told,
    /// Its place among the router's reservations.
    pub(super) seat: Reservation,
    /// When its current step began.
    pub(super) since: Instant,
    /// What it is told first.
    pub(super) letters: Vec<Letter>,
}

/// A purchase in the hands of its task.
struct Run {
    inner: Arc<Inner>,
    purchase: Purchase,
    row: Row,
    /// What the books show on disk.
    entry: Entry,
    /// What the world was told, or will be by what is on disk.
    told: Told,
    /// Whether `purchase` differs from the row on disk.
    dirty: bool,
    /// Lines of the record that are not on disk.
    lines: Vec<Line>,
    /// The line noted last, whether on disk or not.
    last_line: Option<Line>,
    /// Messages that were taken in, but are not on disk.
    taken: Vec<Letter>,
    /// Its place among the router's reservations; given back when no unpaid user can be on the router.
    seat: Option<Reservation>,
    publish: watch::Sender<Arc<Purchase>>,
    inbox: Arc<Inbox>,
    last_mark: Instant,
}

/// The row is no longer ours to write.
struct Lost;

/// The purchase's place among the running ones; given up when its task ends, however it ends.
struct Registered {
    inner: Arc<Inner>,
    id: PurchaseId,
    inbox: Arc<Inbox>,
}

impl Drop for Registered {
    fn drop(&mut self) {
        let mut running = self.inner.lock();
        if running.get(&self.id).is_some_and(|entry| Arc::ptr_eq(&entry.inbox, &self.inbox)) {
            running.remove(&self.id);
        }
    }
}

/// A state as it is stored.
///
/// # Errors
/// Never in practice: a state is plain data.
pub(super) fn encode(purchase: &Purchase) -> Result<String, StoreError> {
    serde_json::to_string(purchase).map_err(|_| inconsistent(purchase, "state"))
}

/// Lines of the record as they are stored.
///
/// # Errors
/// Never in practice: a line is plain data.
pub(super) fn encode_lines(purchase: &Purchase, lines: &[Line]) -> Result<String, StoreError> {
    serde_json::to_string(lines).map_err(|_| inconsistent(purchase, "lines"))
}

fn inconsistent(purchase: &Purchase, column: &'static str) -> StoreError {
    StoreError::Inconsistent { table: "purchases", column, id: purchase.terms.id.to_string() }
}

impl Purchases {
    /// Gives a stored purchase a task.
    pub(super) fn run(&self, start: Start) -> watch::Receiver<Arc<Purchase>> {
        let Start { row, purchase, told, seat, since, letters } = start;
        let (publish, state) = watch::channel(Arc::new(purchase.clone()));
        let inbox = Arc::new(Inbox { letters: letters.into(), wake: Notify::new() });
        let id = purchase.terms.id.clone();
        let running = Running {
            company: purchase.terms.company.clone(),
            router: purchase.terms.router.clone(),
            state: state.clone(),
            inbox: Arc::clone(&inbox),
            asked_at: self.0.parts.clock.now(),
        };
        self.0.lock().insert(id.clone(), running);
        let registered = Registered { inner: Arc::clone(&self.0), id: id.clone(), inbox: Arc::clone(&inbox) };
        let span = tracing::info_span!("purchase", purchase.id = %id, router.id = %purchase.terms.router);
        let mut run = Run {
            inner: Arc::clone(&self.0),
            entry: books::entry(&purchase),
            told,
            purchase,
            row,
            dirty: false,
            lines: Vec::new(),
            last_line: None,
            taken: Vec::new(),
            seat: Some(seat),
            publish,
            inbox,
            last_mark: since,
        };
        run.mark("accept");
        let task = async move {
            let _registered = registered;
            if run.finish().await.is_err() {
                tracing::warn!("purchase is run by another process now");
            }
        };
        crate::seams::spawn(task.instrument(span));
        state
    }
}

impl Run {
    async fn finish(&mut self) -> Result<(), Lost> {
        let mut stopping = self.inner.stopping.subscribe();
        loop {
            self.hear();
            let (now, timing) = (self.inner.parts.clock.now(), self.inner.parts.timing);
            self.take(|purchase| machine::advance(purchase, now, &timing));
            let effect = machine::next(&self.purchase, now, &timing);
            if self.dirty && (effect.needs_commit() || !self.taken.is_empty()) {
                self.commit().await?;
            }
            if self.publish.borrow().phase != self.purchase.phase {
                counted::phase(&self.purchase);
                self.log();
            }
            if !self.dirty {
                self.publish.send_replace(Arc::new(self.purchase.clone()));
                self.taken.drain(..).for_each(Letter::taken);
            }
            if !self.purchase.phase.holds_reservation() {
                self.seat = None;
            }
            let event = match effect {
                Effect::End if self.leave() => return Ok(()),
                Effect::End => Event::Woken,
                Effect::Wait(_) if *stopping.borrow() => return Ok(()),
                Effect::Wait(until) => self.wait(until, now, &mut stopping).await,
                Effect::Reserve { .. }
                | Effect::Open
                | Effect::Charge
                | Effect::Read
                | Effect::Search
                | Effect::Cancel
                | Effect::Remake
                | Effect::Confirm
                | Effect::Login
                | Effect::Release
                | Effect::Revoke
                | Effect::ReadRefund
                | Effect::Refund => self.perform(effect).await,
            };
            let now = self.inner.parts.clock.now();
            self.take(|purchase| machine::apply(purchase, event, now, &timing));
            self.watch_undecided(effect, now);
        }
    }

    /// Takes in what was told meanwhile.
    fn hear(&mut self) {
        for letter in self.inbox.drain() {
            let now = self.inner.parts.clock.now();
            match machine::hear(self.purchase.clone(), &letter.message, now) {
                Ok(after) => {
                    let line = timeline::told(&letter.message, now).filter(|_| after != self.purchase);
                    self.take(|_| after);
                    line.into_iter().for_each(|line| self.write_line(line));
                    self.taken.push(letter);
                }
                Err(refusal) => letter.refused(refusal),
            }
        }
    }

    /// Gives up the place among the running ones, unless something was told meanwhile.
    fn leave(&self) -> bool {
        let mut running = self.inner.lock();
        if !self.inbox.is_empty() {
            return false;
        }
        running.remove(&self.purchase.terms.id);
        true
    }

    /// Replaces the state by what `change` makes of it, and notes where it led.
    fn take(&mut self, change: impl FnOnce(Purchase) -> Purchase) {
        let after = change(self.purchase.clone());
        let moved = after.phase != self.purchase.phase;
        self.dirty |= after.differs_from(&self.purchase);
        self.purchase = after;
        if moved {
            self.write_line(timeline::phase(&self.purchase, self.inner.parts.clock.now()));
        }
    }

    /// Notes a line for the next commit. What only repeats the line before is left out.
    fn write_line(&mut self, line: Line) {
        if self.last_line.as_ref().is_some_and(|last| last.step == line.step && last.result == line.result) {
            return;
        }
        self.last_line = Some(line.clone());
        if self.lines.len() < PENDING_LINES_MAX {
            self.lines.push(line);
        }
    }

    async fn perform(&mut self, effect: Effect) -> Event {
        match perform::perform(&self.inner, &self.purchase, effect).await {
            Ok(event) => {
                self.mark(step_name(effect));
                counted::effect(effect, &event);
                let line = timeline::performed(effect, &event, self.inner.parts.clock.now());
                self.write_line(line);
                event
            }
            Err(error) => {
                tracing::error!(error = %chain(&error), "effect could not be performed");
                let later = self.inner.parts.clock.now().plus(FAULT_PAUSE_MS);
                // The agent may have been asked all the same.
                self.purchase.maybe_reserved |= matches!(effect, Effect::Reserve { .. });
                self.purchase.postpone(later);
                self.dirty = true;
                Event::Woken
            }
        }
    }

    /// Waits for the time, a message, or the end of the service. The length counts, not the clock, which may be set back.
    async fn wait(&self, until: Timestamp, now: Timestamp, stopping: &mut watch::Receiver<bool>) -> Event {
        let pause = Duration::from_millis(u64::try_from(until.since(now)).unwrap_or(0));
        tokio::select! {
            biased;
            () = self.inbox.wake.notified() => Event::Woken,
            _ = stopping.changed() => Event::Woken,
            () = tokio::time::sleep(pause) => Event::Overslept { until },
        }
    }

    /// Writes the state; keeps trying while the database is away, because what happened must not be forgotten.
    async fn commit(&mut self) -> Result<(), Lost> {
        let mut row = self.row.clone();
        row.version += 1;
        row.phase = self.purchase.phase.as_str().to_owned();
        row.open = self.purchase.is_open();
        row.undecided = self.purchase.is_undecided();
        row.attention = self.purchase.needs_person();
        row.slot = row.slot.filter(|_| self.purchase.is_in_the_way());
        row.wake_at = self.purchase.wake_at.0;
        row.look_back_at = self.purchase.look_back_at().map(|at| at.0);
        let step = self.purchase.phase.as_str();
        let entry = books::entry(&self.purchase);
        let news = events::since(self.told, &self.purchase, self.inner.parts.clock.now());
        let mut changed = (entry != self.entry).then(|| entry.clone());
        let mut pause = COMMIT_PAUSE_FIRST_MS;
        loop {
            let result = match (encode(&self.purchase), encode_lines(&self.purchase, &self.lines)) {
                (Ok(state), Ok(lines)) => {
                    row.state = state;
                    let lines = (!self.lines.is_empty()).then_some(lines);
                    let now = self.inner.parts.clock.now();
                    let write = Write { row: row.clone(), entry: changed.clone(), lines, news: news.clone() };
                    save(&self.inner.parts.store, step, write, now).await
                }
                (Err(error), _) | (_, Err(error)) => Err(error),
            };
            match result {
                Ok(true) => break,
                Ok(false) => match self.is_written(&row).await {
                    Ok(true) => break,
                    Ok(false) => return Err(Lost),
                    Err(error) => {
                        tracing::error!(error = %chain(&error), "purchase could not be read back, trying again");
                    }
                },
                Err(error) => {
                    tracing::error!(error = %chain(&error), "purchase could not be stored, trying again");
                    if error.is_constraint() {
                        // The books refuse this row and always will; the purchase itself must go on.
                        tracing::error!(
                            "transaction of the purchase cannot be written: its books need a person"
                        );
                        changed = None;
                    }
                }
            }
            tokio::time::sleep(Duration::from_millis(pause)).await;
            pause = (pause * 2).min(COMMIT_PAUSE_MAX_MS);
        }
        self.row = row;
        self.entry = entry;
        self.told = Told::of(&self.purchase);
        self.lines.clear();
        self.dirty = false;
        self.mark("record");
        Ok(())
    }

    /// Whether the row on disk is the one just written: the answer to an earlier try may have been lost.
    async fn is_written(&self, row: &Row) -> Result<bool, StoreError> {
        let id = PurchaseId::new(&row.id);
        let stored = async {
            let mut reader = self.inner.parts.store.reader().await?;
            purchases::find(&mut reader.conn(), &self.purchase.terms.router, &id).await
        };
        stored.await.map(|stored: Option<Row>| {
            stored.is_some_and(|stored| {
                stored.version == row.version && stored.runner == row.runner && stored.state == row.state
            })
        })
    }

    /// Books the time since the last mark under `name`.
    fn mark(&mut self, name: &str) {
        let now = instant();
        let micros = u64::try_from(now.duration_since(self.last_mark).as_micros()).unwrap_or(u64::MAX);
        self.last_mark = now;
        match self.purchase.steps.iter_mut().find(|step| step.name == name) {
            Some(step) => step.micros = step.micros.saturating_add(micros),
            None => self.purchase.steps.push(Step { name: name.to_owned(), micros }),
        }
    }

    fn log(&self) {
        let phase = self.purchase.phase;
        let failure = self.purchase.failure.map_or("", |failure| failure.code.as_str());
        if self.purchase.needs_person() {
            tracing::error!(purchase.phase = phase.as_str(), "purchase waits for a person");
        } else {
            tracing::info!(purchase.phase = phase.as_str(), purchase.failure = failure, "purchase moved on");
        }
    }

    /// Calls for a person when a charge stays undecided; once per question, so the calls become rare by themselves.
    fn watch_undecided(&self, effect: Effect, now: Timestamp) {
        let Some(charge) = &self.purchase.charge else { return };
        let age = now.since(charge.started_at);
        let asked = matches!(effect, Effect::Read | Effect::Search);
        if asked && self.purchase.phase == Phase::Unknown && age >= UNDECIDED_ALARM_MS {
            tracing::error!(charge.age_ms = age, "charge is still undecided");
        }
    }
}

/// One transition and everything that is written with it.
struct Write {
    row: Row,
    entry: Option<Entry>,
    lines: Option<String>,
    news: News,
}

/// Writes one transition; watchers know it by the phase it leads to.
async fn save(store: &Store, step: &'static str, write: Write, now: Timestamp) -> Result<bool, StoreError> {
    store
        .write_as(step, move |conn| {
            Box::pin(async move {
                let Write { row, entry, lines, news } = write;
                let saved = purchases::save(conn, &row, !news.is_empty(), now).await?;
                if saved == Saved::Stale {
                    return Ok(false);
                }
                let (company, id) = (CompanyId::new(&row.company_id), PurchaseId::new(&row.id));
                if saved == Saved::Heard {
                    outbox::put(conn, &company, &news, now).await?;
                }
                if let Some(lines) = &lines {
                    record::add(conn, &company, &id, row.version, lines).await?;
                }
                if let Some(entry) = &entry {
                    ledger::update(conn, &company, &id, entry).await?;
                    if entry.hotspot_state == "removed" {
                        purchases::free_name(conn, &row, &entry.hotspot_user).await?;
                    }
                }
                Ok(true)
            })
        })
        .await
}

/// The step under which the time of an effect is booked.
const fn step_name(effect: Effect) -> &'static str {
    match effect {
        Effect::Reserve { .. } => "reserve",
        Effect::Open => "order",
        Effect::Charge => "charge",
        Effect::Read | Effect::Search => "verify",
        Effect::Cancel => "cancel",
        Effect::Remake | Effect::Confirm => "deliver",
        Effect::Login => "login",
        Effect::Release | Effect::Revoke => "release",
        Effect::ReadRefund | Effect::Refund => "refund",
        Effect::Wait(_) | Effect::End => "wait",
    }
}
