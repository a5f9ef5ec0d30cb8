//! What a starting process does with what an earlier one left.
//!
//! Every open purchase is taken over and goes through [`machine::resume`]: a charge that may have been sent is asked
//! for at the gateway, never sent again.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::sync::{broadcast, watch};

use super::state::{Phase, Purchase};
use super::{PurchaseError, Purchases, machine, read_state};
use crate::causes::chain;
use crate::domain::id::{PurchaseId, RouterId};
use crate::seams::instant;
use crate::store::StoreError;
use crate::store::purchases::{self, Row};

/// Most purchases taken over at once.
const TAKEOVERS_MAX: usize = 32;
/// How often open purchases without a task are looked for, in milliseconds.
const SWEEP_INTERVAL_MS: u64 = 30_000;
/// How often old keys and names are forgotten, in milliseconds.
const PRUNE_INTERVAL_MS: u64 = 3_600_000;

/// What a purchase shows of itself.
type State = watch::Receiver<Arc<Purchase>>;

impl Purchases {
    /// Takes over every purchase that an earlier process left open; gives their number.
    ///
    /// One control plane at a time uses a database: this takes what another live one runs, too.
    ///
    /// # Errors
    /// When the database fails. A purchase that cannot be read is logged and left for a person.
    pub async fn recover(&self) -> Result<usize, PurchaseError> {
        let rows = {
            let mut reader = self.0.parts.store.reader().await?;
            purchases::open_elsewhere(&mut reader.conn(), &self.0.runner).await?
        };
        let found = rows.len();
        let takeovers = stream::iter(rows).for_each_concurrent(TAKEOVERS_MAX, |row| async move {
            let id = row.id.clone();
            if let Err(error) = self.adopt(row).await {
                tracing::error!(purchase.id = id, error = %chain(&error), "purchase could not be taken over");
            }
        });
        takeovers.await;
        Ok(found)
    }

    /// Makes this process the runner of a stored purchase; none when somebody else wrote it meanwhile.
    ///
    /// Cancel-safe: a purchase that was taken over gets its task even when nobody waits for it any more.
    pub(super) async fn adopt(&self, row: Row) -> Result<Option<State>, PurchaseError> {
        let (this, id) = (self.clone(), PurchaseId::new(&row.id));
        let takeover = tokio::spawn(async move { this.take_over(row).await });
        takeover.await.map_err(|_| PurchaseError::NotRun(id))?
    }

    async fn take_over(&self, mut row: Row) -> Result<Option<State>, PurchaseError> {
        let stored = read_state(&row)?;
        if self.0.lock().contains_key(&stored.terms.id) {
            return Ok(None);
        }
        let runner = self.0.runner.clone();
        let taken = {
            let (row, runner) = (row.clone(), runner.clone());
            let take =
                self.0.parts.store.write(move |conn| {
                    Box::pin(async move { purchases::take_over(conn, &row, &runner).await })
                });
            take.await.map_err(|error: StoreError| error)?
        };
        if !taken {
            return Ok(None);
        }
        row.version += 1;
        row.runner = runner;
        let seat = self.0.parts.limits.reserved(&stored.terms.router);
        let purchase = machine::resume(stored, self.0.parts.clock.now());
        Ok(Some(self.run(row, purchase, seat, instant())))
    }

    /// Wakes what waits for a router when its agent is back. Ends when no more agents can arrive.
    pub async fn attend(&self, mut arrivals: broadcast::Receiver<RouterId>) {
        loop {
            match arrivals.recv().await {
                Ok(router) => self.wake_router(&router),
                Err(broadcast::error::RecvError::Lagged(_)) => self.wake_all(),
                Err(broadcast::error::RecvError::Closed) => return,
            }
        }
    }

    /// Gives purchases that lost their task a new one, and forgets old keys and names. Never ends.
    pub async fn keep_house(&self) {
        let mut prune = tokio::time::interval(Duration::from_millis(PRUNE_INTERVAL_MS));
        let mut sweep = tokio::time::interval(Duration::from_millis(SWEEP_INTERVAL_MS));
        let mut idle = BTreeSet::new();
        loop {
            tokio::select! {
                _ = prune.tick() => self.prune().await,
                _ = sweep.tick() => match self.sweep(&idle).await {
                    Ok(found) => idle = found,
                    Err(error) => tracing::warn!(error = %chain(&error), "open purchases could not be looked through"),
                },
            }
        }
    }

    /// Takes over what has been open without a task since the last sweep; gives what has none now.
    pub(super) async fn sweep(
        &self,
        idle_before: &BTreeSet<PurchaseId>,
    ) -> Result<BTreeSet<PurchaseId>, PurchaseError> {
        let open = purchases::open_keys(&mut self.0.parts.store.reader().await?.conn()).await?;
        let mut idle = BTreeSet::new();
        for (router, id) in open {
            if self.0.lock().contains_key(&id) {
                continue;
            }
            let row = purchases::find(&mut self.0.parts.store.reader().await?.conn(), &router, &id).await?;
            if let Some(row) = row.filter(|row| row.open && idle_before.contains(&id)) {
                tracing::error!(purchase.id = %id, "open purchase had no task");
                self.adopt(row).await?;
            }
            idle.insert(id);
        }
        Ok(idle)
    }

    fn wake_router(&self, router: &RouterId) {
        for running in self.0.lock().values().filter(|running| running.router == *router) {
            wake(running);
        }
    }

    fn wake_all(&self) {
        for running in self.0.lock().values() {
            wake(running);
        }
    }

    async fn prune(&self) {
        let now = self.0.parts.clock.now();
        loop {
            let work = self
                .0
                .parts
                .store
                .write(move |conn| Box::pin(async move { purchases::prune(conn, now).await }));
            match work.await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    let error: StoreError = error;
                    tracing::warn!(error = %chain(&error), "old purchase keys could not be forgotten");
                    return;
                }
            }
        }
    }
}

/// Wakes a purchase that waits for its router; one that waits for the gateway is left to its schedule.
fn wake(running: &super::Running) {
    let phase = running.state.borrow().phase;
    if matches!(phase, Phase::Requested | Phase::Reserved | Phase::Paid | Phase::Declined | Phase::Stuck) {
        running.wake.notify_one();
    }
}
