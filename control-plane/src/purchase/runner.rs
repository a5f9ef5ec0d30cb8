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

use super::machine::{self, Effect, Event};
use super::state::{Purchase, Step};
use super::{Inner, Purchases, Running, books, perform};
use crate::domain::id::{CompanyId, PurchaseId};
use crate::limits::Reservation;
use crate::seams::instant;
use crate::store::ledger::{self, Entry};
use crate::store::purchases::{self, Row};
use crate::store::{Store, StoreError};

/// First pause after a commit failed, in milliseconds; doubles up to [`COMMIT_PAUSE_MAX_MS`].
const COMMIT_PAUSE_FIRST_MS: u64 = 50;
/// Longest such pause, in milliseconds.
const COMMIT_PAUSE_MAX_MS: u64 = 5_000;
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
        let inner = Arc::clone(&self.0);
        tokio::spawn(async move {
            if run.to_the_end().await.is_err() {
                tracing::warn!(purchase.id = %id, "purchase is run by another process now");
            }
            inner.lock().remove(&id);
        });
        state
    }
}

impl Run {
    async fn to_the_end(&mut self) -> Result<(), Lost> {
        let mut stopping = self.inner.stopping.subscribe();
        loop {
            let (now, timing) = (self.inner.parts.clock.now(), self.inner.parts.timing);
            let before = self.purchase.phase;
            self.take(|purchase| machine::advance(purchase, now, &timing));
            let effect = machine::next(&self.purchase, now, &timing);
            if self.dirty && effect.needs_commit() {
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
                _ if *stopping.borrow() => return Ok(()),
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
        }
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
                tracing::error!(purchase.id = %self.purchase.terms.id, error = %chain(&error), "effect could not be performed");
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
        row.open = self.purchase.phase.is_open();
        row.wake_at = self.purchase.wake_at.0;
        let entry = books::entry(&self.purchase);
        let changed = (entry != self.entry).then(|| entry.clone());
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
                Ok(false) if self.is_written(&row).await => break,
                Ok(false) => return Err(Lost),
                Err(error) => {
                    tracing::error!(purchase.id = %row.id, error = %chain(&error), "purchase could not be stored, trying again");
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                    pause = (pause * 2).min(COMMIT_PAUSE_MAX_MS);
                }
            }
        }
        self.row = row;
        self.entry = entry;
        self.dirty = false;
        self.mark("record");
        Ok(())
    }

    /// Whether the row on disk is the one just written: the answer to an earlier try may have been lost.
    async fn is_written(&self, row: &Row) -> bool {
        let id = PurchaseId::new(&row.id);
        let stored = async {
            let mut reader = self.inner.parts.store.reader().await?;
            purchases::find(&mut reader.conn(), &self.purchase.terms.router, &id).await
        };
        match stored.await {
            Ok(Some(stored)) => {
                stored.version == row.version && stored.runner == row.runner && stored.state == row.state
            }
            Ok(None) | Err(_) => false,
        }
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
        let terms = &self.purchase.terms;
        tracing::info!(
            purchase.id = %terms.id,
            router.id = %terms.router,
            purchase.phase = self.purchase.phase.as_str(),
            purchase.failure = self.purchase.failure.map_or("", |failure| failure.code.as_str()),
            "purchase moved on"
        );
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

/// An error and its causes in one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
