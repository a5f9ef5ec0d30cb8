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

use super::machine::{self, Effect, Event};
use super::state::{Phase, Purchase, Step};
use super::{Inner, Purchases, Running, books, perform};
use crate::causes::chain;
use crate::domain::id::{CompanyId, PurchaseId};
use crate::domain::time::Timestamp;
use crate::limits::Reservation;
use crate::seams::instant;
use crate::store::ledger::{self, Entry};
use crate::store::purchases::{self, Row};
use crate::store::{Store, StoreError};

/// First pause after a commit failed, in milliseconds; doubles up to [`COMMIT_PAUSE_MAX_MS`].
const COMMIT_PAUSE_FIRST_MS: u64 = 50;
/// Longest such pause, in milliseconds.
const COMMIT_PAUSE_MAX_MS: u64 = 5_000;
/// A charge that is undecided for so long wants a person's eye, in milliseconds.
const UNDECIDED_ALARM_MS: i64 = 900_000;
/// Pause after an effect could not be performed for a reason inside this process, in milliseconds.
const FAULT_PAUSE_MS: i64 = 2_000;

/// A purchase in the hands of its task.
struct Run {
    inner: Arc<Inner>,
    purchase: Purchase,
    row: Row,
    /// What the books show on disk.
    entry: Entry,
    /// Whether `purchase` differs from the row on disk.
    dirty: bool,
    /// Its place among the router's reservations; given back when no unpaid user can be on the router.
    seat: Option<Reservation>,
    publish: watch::Sender<Arc<Purchase>>,
    wake: Arc<Notify>,
    last_mark: Instant,
}

/// The row is no longer ours to write.
struct Lost;

/// The purchase's place among the running ones; given up when its task ends, however it ends.
struct Registered {
    inner: Arc<Inner>,
    id: PurchaseId,
    wake: Arc<Notify>,
}

impl Drop for Registered {
    fn drop(&mut self) {
        let mut running = self.inner.lock();
        if running.get(&self.id).is_some_and(|entry| Arc::ptr_eq(&entry.wake, &self.wake)) {
            running.remove(&self.id);
        }
    }
}

/// A state as it is stored.
///
/// # Errors
/// Never in practice: a state is plain data.
pub(super) fn encode(purchase: &Purchase) -> Result<String, StoreError> {
    serde_json::to_string(purchase).map_err(|_| StoreError::Inconsistent {
        table: "purchases",
        column: "state",
        id: purchase.terms.id.to_string(),
    })
}

impl Purchases {
    /// Gives a stored purchase a task. `since` is when its current step began.
    pub(super) fn run(
        &self,
        row: Row,
        purchase: Purchase,
        seat: Reservation,
        since: Instant,
    ) -> watch::Receiver<Arc<Purchase>> {
        let (publish, state) = watch::channel(Arc::new(purchase.clone()));
        let wake = Arc::new(Notify::new());
        let id = purchase.terms.id.clone();
        let running =
            Running { router: purchase.terms.router.clone(), state: state.clone(), wake: Arc::clone(&wake) };
        self.0.lock().insert(id.clone(), running);
        let registered = Registered { inner: Arc::clone(&self.0), id: id.clone(), wake: Arc::clone(&wake) };
        let span = tracing::info_span!("purchase", purchase.id = %id, router.id = %purchase.terms.router);
        let mut run = Run {
            inner: Arc::clone(&self.0),
            entry: books::entry(&purchase),
            purchase,
            row,
            dirty: false,
            seat: Some(seat),
            publish,
            wake,
            last_mark: since,
        };
        run.mark("accept");
        let task = async move {
            let _registered = registered;
            if run.finish().await.is_err() {
                tracing::warn!("purchase is run by another process now");
            }
        };
        tokio::spawn(task.instrument(span));
        state
    }
}

impl Run {
    async fn finish(&mut self) -> Result<(), Lost> {
        let mut stopping = self.inner.stopping.subscribe();
        loop {
            let (now, timing) = (self.inner.parts.clock.now(), self.inner.parts.timing);
            let before = self.purchase.phase;
            self.take(|purchase| machine::advance(purchase, now, &timing));
            let effect = machine::next(&self.purchase, now, &timing);
            if self.dirty && effect.needs_commit() && !self.only_waits_longer(effect) {
                self.commit().await?;
            }
            if before != self.purchase.phase || self.publish.borrow().phase != self.purchase.phase {
                self.log();
            }
            if !self.dirty {
                self.publish.send_replace(Arc::new(self.purchase.clone()));
            }
            if !self.purchase.phase.holds_reservation() {
                self.seat = None;
            }
            let event = match effect {
                Effect::End => return Ok(()),
                Effect::Wait(_) if *stopping.borrow() => return Ok(()),
                Effect::Wait(until) => self.wait(until.since(now), &mut stopping).await,
                Effect::Reserve { .. }
                | Effect::OpenOrder
                | Effect::Charge
                | Effect::ReadOrder
                | Effect::CancelOrder
                | Effect::Remake
                | Effect::Confirm
                | Effect::Login
                | Effect::Release => self.perform(effect).await,
            };
            let now = self.inner.parts.clock.now();
            self.take(|purchase| machine::apply(purchase, event, now));
            if effect == Effect::ReadOrder {
                self.watch_undecided(now);
            }
        }
    }

    /// Whether all that changed is when a router is tried again: not worth a disk sync.
    fn only_waits_longer(&self, effect: Effect) -> bool {
        let same_phase = self.row.phase == self.purchase.phase.as_str();
        let of_router = matches!(self.purchase.phase, Phase::Paid | Phase::Declined | Phase::Stuck);
        matches!(effect, Effect::Wait(_)) && same_phase && of_router && self.purchase.router_attempts > 0
    }

    /// Replaces the state by what `change` makes of it.
    fn take(&mut self, change: impl FnOnce(Purchase) -> Purchase) {
        let after = change(self.purchase.clone());
        self.dirty |= after != self.purchase;
        self.purchase = after;
    }

    async fn perform(&mut self, effect: Effect) -> Event {
        match perform::perform(&self.inner, &self.purchase, effect).await {
            Ok(event) => {
                self.mark(step_name(effect));
                event
            }
            Err(error) => {
                tracing::error!(error = %chain(&error), "effect could not be performed");
                // The agent may have been asked all the same.
                self.purchase.maybe_reserved |= matches!(effect, Effect::Reserve { .. });
                self.purchase.wake_at = self.inner.parts.clock.now().plus(FAULT_PAUSE_MS);
                self.dirty = true;
                Event::Woken { early: false }
            }
        }
    }

    async fn wait(&self, millis: i64, stopping: &mut watch::Receiver<bool>) -> Event {
        let pause = Duration::from_millis(u64::try_from(millis).unwrap_or(0));
        tokio::select! {
            () = tokio::time::sleep(pause) => Event::Woken { early: false },
            () = self.wake.notified() => Event::Woken { early: true },
            _ = stopping.changed() => Event::Woken { early: false },
        }
    }

    /// Writes the state; keeps trying while the database is away, because what happened must not be forgotten.
    async fn commit(&mut self) -> Result<(), Lost> {
        let mut row = self.row.clone();
        row.version += 1;
        row.phase = self.purchase.phase.as_str().to_owned();
        row.open = self.purchase.is_open();
        row.undecided = self.purchase.is_undecided();
        row.wake_at = self.purchase.wake_at.0;
        let entry = books::entry(&self.purchase);
        let mut changed = (entry != self.entry).then(|| entry.clone());
        let mut pause = COMMIT_PAUSE_FIRST_MS;
        loop {
            let result = match encode(&self.purchase) {
                Ok(state) => {
                    row.state = state;
                    save(&self.inner.parts.store, row.clone(), changed.clone()).await
                }
                Err(error) => Err(error),
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
        if matches!(phase, Phase::Stuck | Phase::Mismatch) {
            tracing::error!(purchase.phase = phase.as_str(), "purchase waits for a person");
        } else {
            tracing::info!(purchase.phase = phase.as_str(), purchase.failure = failure, "purchase moved on");
        }
    }

    /// Calls for a person when a charge stays undecided; once per question, so the calls become rare by themselves.
    fn watch_undecided(&self, now: Timestamp) {
        let Some(charge) = &self.purchase.charge else { return };
        let age = now.since(charge.started_at);
        if self.purchase.phase == Phase::Unknown && age >= UNDECIDED_ALARM_MS {
            tracing::error!(charge.age_ms = age, "charge is still undecided");
        }
    }
}

async fn save(store: &Store, row: Row, entry: Option<Entry>) -> Result<bool, StoreError> {
    store
        .write(move |conn| {
            Box::pin(async move {
                let saved = purchases::save(conn, &row).await?;
                if saved && let Some(entry) = &entry {
                    let (company, id) = (CompanyId::new(&row.company_id), PurchaseId::new(&row.id));
                    ledger::update(conn, &company, &id, entry).await?;
                    if entry.hotspot_state == "removed" {
                        purchases::free_name(conn, &row, &entry.hotspot_user).await?;
                    }
                }
                Ok(saved)
            })
        })
        .await
}

/// The step under which the time of an effect is booked.
const fn step_name(effect: Effect) -> &'static str {
    match effect {
        Effect::Reserve { .. } => "reserve",
        Effect::OpenOrder => "order",
        Effect::Charge => "charge",
        Effect::ReadOrder => "verify",
        Effect::CancelOrder => "cancel",
        Effect::Remake | Effect::Confirm => "deliver",
        Effect::Login => "login",
        Effect::Release => "release",
        Effect::Wait(_) | Effect::End => "wait",
    }
}
