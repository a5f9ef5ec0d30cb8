//! What the executor knows of the site's reservations beside single commands: what to ask about, the answers, and the
//! hand-over to an empty journal.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use pagos_protocol::{
    Command, HandOver, Outcome, Reservation, Settled, Verdict,
    command::PurchaseRef,
    site::{ENTRIES_MAX, RESERVE_LEASE_MS},
};

use super::{
    Executor, ExecutorError, Inner,
    leases::{self, Judged, KEEP_MS_MAX},
};
use crate::{
    journal::{Entry, Kind, Slot},
    seams::{clock, random},
};

/// How long carrying out a verdict may take, in milliseconds.
const VERDICT_DEADLINE_MS: u64 = 30_000;

/// What the control plane said about reservations.
#[derive(Debug)]
pub(super) struct Terms {
    /// How long one stands before it is asked what became of it, in milliseconds.
    lease_ms: AtomicI64,
    /// Whether the journal holds all open reservations, so that new ones may be made.
    ready: AtomicBool,
    /// Whether a page of the hand-over was lost, so that its end is not one.
    broken: AtomicBool,
    /// Whether the control plane refuses this agent.
    stands_down: AtomicBool,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            lease_ms: AtomicI64::new(millis(RESERVE_LEASE_MS)),
            ready: AtomicBool::new(true),
            broken: AtomicBool::new(false),
            stands_down: AtomicBool::new(false),
        }
    }
}

impl Inner {
    pub(super) fn lease_ms(&self) -> i64 {
        self.terms.lease_ms.load(Ordering::Relaxed)
    }

    pub(super) fn stands_down(&self) -> bool {
        self.terms.stands_down.load(Ordering::Acquire)
    }

    pub(super) fn is_ready(&self) -> bool {
        self.terms.ready.load(Ordering::Acquire)
    }
}

impl Executor {
    /// Takes over what a welcome says about reservations. With `hand_over` no new one is made before
    /// [`Executor::hand_over`] has taken the last page.
    pub fn agree(&self, lease_ms: Option<u64>, hand_over: bool) {
        let terms = &self.inner.terms;
        terms.lease_ms.store(millis(lease_ms.unwrap_or(RESERVE_LEASE_MS)), Ordering::Relaxed);
        terms.stands_down.store(false, Ordering::Release);
        terms.broken.store(false, Ordering::Release);
        terms.ready.store(!hand_over, Ordering::Release);
    }

    /// Leaves the routers alone until [`Executor::agree`]: the control plane refuses this agent.
    pub fn stand_down(&self) {
        self.inner.terms.stands_down.store(true, Ordering::Release);
    }

    /// Remembers a page of open reservations. `true` when it was the last: all of them are on disk, and new ones are
    /// made.
    ///
    /// # Errors
    /// When the page was not written; the hand-over has to begin anew.
    pub async fn hand_over(&self, page: HandOver) -> Result<bool, ExecutorError> {
        let (now_ms, lease_ms) = (clock::now_ms(), self.inner.lease_ms());
        let entries = page.reservations.into_iter().map(|reservation| {
            let Reservation { purchase, name, profile } = reservation;
            let mut entry = Entry::new(&purchase.id, &page.router_id, &name, now_ms);
            entry.profile = profile;
            // How far it got is not known: as if it had been cut off.
            entry.decision = Some((Kind::Reserve, Slot { version: purchase.version, outcome: None }));
            entry.ask_at = leases::ask_at(&entry, now_ms, lease_ms);
            entry
        });
        let terms = &self.inner.terms;
        if let Err(error) = self.inner.journal.add(entries.collect()).await {
            terms.broken.store(true, Ordering::Release);
            return Err(ExecutorError::Reservations(error));
        }
        let complete = page.last && !terms.broken.load(Ordering::Acquire);
        if complete {
            terms.ready.store(true, Ordering::Release);
        }
        Ok(complete)
    }

    /// Reservations of a router of which it is not known what became of them, after the purchase named, at most
    /// [`ENTRIES_MAX`]; with `due_only` those about which it is time to ask.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn to_ask(
        &self,
        router_id: &str,
        after: &str,
        due_only: bool,
    ) -> Result<Vec<Reservation>, ExecutorError> {
        let now_ms = clock::now_ms();
        let due = due_only.then_some((now_ms, now_ms.saturating_add(KEEP_MS_MAX)));
        let entries = self.inner.journal.to_ask(router_id, after, due, ENTRIES_MAX).await;
        let entries = entries.map_err(ExecutorError::Reservations)?;
        let reservation = |entry: Entry| {
            let version = entry.decision.map_or(0, |(_, slot)| slot.version);
            let purchase = PurchaseRef { id: entry.purchase_id, version };
            Reservation { purchase, name: entry.name, profile: entry.profile }
        };
        Ok(entries.into_iter().map(reservation).collect())
    }

    /// How long until it is time to ask about some purchase, in milliseconds; `None` when there is none.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn ask_in_ms(&self) -> Result<Option<u64>, ExecutorError> {
        let now_ms = clock::now_ms();
        let next = self.inner.journal.next_to_ask().await.map_err(ExecutorError::Reservations)?;
        Ok(next.map(|at| u64::try_from(at.saturating_sub(now_ms)).unwrap_or(0)))
    }

    /// Does what a verdict says, as if it were a command. Gives what there is to report.
    ///
    /// A verdict about a purchase that is not on this router, or that nobody asked about any more, counts for nothing.
    pub async fn judge(&self, router_id: &str, verdict: Verdict) -> Option<Settled> {
        let entry = match self.inner.journal.entry(&verdict.purchase_id).await {
            Ok(entry) => entry.filter(|entry| entry.router_id == router_id && entry.ask_at.is_some())?,
            Err(error) => {
                tracing::error!(purchase.id = verdict.purchase_id, error = %error, "verdict was not read");
                return None;
            }
        };
        let action = match leases::judge(&entry, &verdict) {
            Judged::Act(action) => action,
            Judged::AskIn(wait_ms) => {
                self.postpone(&verdict.purchase_id, wait_ms).await;
                return None;
            }
        };
        let command = Command {
            id: random::id(),
            router_id: router_id.to_owned(),
            deadline_ms: VERDICT_DEADLINE_MS,
            action,
        };
        let outcome = Box::pin(self.execute(command)).await;
        let final_ = match &outcome {
            Outcome::Done { .. } => true,
            Outcome::Refused { code, .. } => !code.retryable(),
            Outcome::Failed { retryable, .. } => !retryable,
            Outcome::Unknown => false,
        };
        // Unless it has come to rest now.
        self.postpone(&verdict.purchase_id, leases::RETRY_MS).await;
        let purchase = PurchaseRef { id: verdict.purchase_id, version: verdict.version };
        final_.then(|| Settled { router_id: router_id.to_owned(), purchase, outcome })
    }

    /// Asks about a purchase again after a while, unless it has come to rest.
    pub async fn postpone(&self, purchase_id: &str, wait_ms: i64) {
        let at = clock::now_ms().saturating_add(wait_ms);
        let update = move |entry: Option<Entry>| {
            let mut entry = entry?;
            entry.ask_at?;
            entry.ask_at = Some(at);
            Some(entry)
        };
        self.inner.journal.record(purchase_id, update).await;
    }
}

fn millis(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
