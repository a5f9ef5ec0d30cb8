//! What a process does with purchases that no living process runs.
//!
//! A process that runs purchases holds a lease, renewed as long as it lives. When it starts, and every now and then, it
//! takes over every open purchase whose runner's lease has ended; each goes through [`machine::resume`]: a charge that
//! may have been sent is asked for at the gateway, never charged anew.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::sync::{broadcast, watch};

use super::events::Told;
use super::inbox::Letter;
use super::machine::Message;
use super::runner::Start;
use super::state::Purchase;
use super::{PurchaseError, Purchases, machine, read_state};
use crate::causes::chain;
use crate::domain::id::{PurchaseId, RouterId};
use crate::seams::instant;
use crate::store::purchases::{self, Row};
use crate::store::{StoreError, runners};

/// Most purchases taken over at once.
const TAKEOVERS_MAX: usize = 32;
/// How long a process that does not renew its lease keeps its purchases, in milliseconds.
const LEASE_MS: i64 = 15_000;
/// How often the lease is renewed, in milliseconds.
const RENEW_INTERVAL_MS: u64 = 5_000;
/// How often open purchases without a task, or of a dead process, are looked for, in milliseconds.
const SWEEP_INTERVAL_MS: u64 = 15_000;
/// How often old keys and names are forgotten, in milliseconds.
const PRUNE_INTERVAL_MS: u64 = 3_600_000;
/// Leases that ended so long ago are forgotten, in milliseconds.
const LEASE_KEPT_MS: i64 = 86_400_000;

/// What a purchase shows of itself.
type State = watch::Receiver<Arc<Purchase>>;

impl Purchases {
    /// Becomes the one living process of its node and takes over every open purchase that no living process runs;
    /// gives their number.
    ///
    /// # Errors
    /// When the database fails. A purchase that cannot be read is logged and left for a person.
    pub async fn recover(&self) -> Result<usize, PurchaseError> {
        self.register().await?;
        self.take_over_abandoned().await
    }

    /// Becomes the one living process of its node. To be done before the first purchase is taken in.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn register(&self) -> Result<(), PurchaseError> {
        self.renew_lease(true).await
    }

    /// Takes over what processes left that do not live any more.
    async fn take_over_abandoned(&self) -> Result<usize, PurchaseError> {
        let rows = {
            let mut reader = self.0.parts.store.reader().await?;
            let now = runners::now(&mut reader.conn(), self.0.parts.clock.now()).await?;
            purchases::abandoned(&mut reader.conn(), &self.0.runner, now).await?
        };
        let found = rows.len();
        let takeovers = stream::iter(rows).for_each_concurrent(TAKEOVERS_MAX, |row| async move {
            let id = row.id.clone();
            if let Err(error) = self.adopt(row, Vec::new()).await {
                tracing::error!(purchase.id = id, error = %chain(&error), "purchase could not be taken over");
            }
        });
        takeovers.await;
        Ok(found)
    }

    /// Makes this process the runner of a stored purchase; none when another living process runs it or wrote it
    /// meanwhile. `letters` is what it is told first.
    ///
    /// Cancel-safe: a purchase that was taken over gets its task even when nobody waits for it any more.
    pub(super) async fn adopt(&self, row: Row, letters: Vec<Letter>) -> Result<Option<State>, PurchaseError> {
        let (this, id) = (self.clone(), PurchaseId::new(&row.id));
        let takeover = crate::seams::spawn(async move { this.take_over(row, letters).await });
        takeover.await.map_err(|_| PurchaseError::NotRun(id))?
    }

    async fn take_over(&self, mut row: Row, letters: Vec<Letter>) -> Result<Option<State>, PurchaseError> {
        let stored = match read_state(&row) {
            Ok(stored) => stored,
            Err(error) => {
                self.call_person(row).await?;
                return Err(error);
            }
        };
        if self.0.lock().contains_key(&stored.terms.id) {
            return Ok(None);
        }
        let runner = self.0.runner.clone();
        let taken = {
            let (row, runner, ours) = (row.clone(), runner.clone(), self.0.parts.clock.now());
            let take = self.0.parts.store.write_as("takeover", move |conn| {
                Box::pin(async move {
                    let now = runners::now(conn, ours).await?;
                    purchases::take_over(conn, &row, &runner, now).await
                })
            });
            take.await.map_err(|error: StoreError| error)?
        };
        if !taken {
            return Ok(None);
        }
        row.version += 1;
        row.runner = runner;
        let seat = self.0.parts.limits.reserved(&stored.terms.router);
        let told = Told::of(&stored);
        let purchase = machine::resume(stored, self.0.parts.clock.now());
        Ok(Some(self.run(Start { row, purchase, told, seat, since: instant(), letters })))
    }

    /// Puts a purchase that cannot be read on the list of what waits for a person.
    async fn call_person(&self, row: Row) -> Result<(), StoreError> {
        if row.attention {
            return Ok(());
        }
        let now = self.0.parts.clock.now();
        let call = self.0.parts.store.write_as("unreadable", move |conn| {
            Box::pin(async move { purchases::call_person(conn, &row, now).await })
        });
        call.await
    }

    /// Tries again what waits for a router when its agent is back. Ends when no more agents can arrive.
    pub async fn attend(&self, mut arrivals: broadcast::Receiver<RouterId>) {
        loop {
            match arrivals.recv().await {
                Ok(router) => self.site_moved(Some(&router)),
                Err(broadcast::error::RecvError::Lagged(_)) => self.site_moved(None),
                Err(broadcast::error::RecvError::Closed) => return,
            }
        }
    }

    /// Renews the lease of this process until it stops. A loop of its own: nothing may delay it.
    pub async fn keep_lease(&self) {
        let mut renew = tokio::time::interval(Duration::from_millis(RENEW_INTERVAL_MS));
        while !*self.0.stopping.borrow() {
            renew.tick().await;
            if let Err(error) = self.renew_lease(false).await {
                tracing::error!(error = %chain(&error), "lease of this process could not be renewed");
            }
        }
    }

    /// Takes over what is left without a runner or a task, and forgets what is old. Never ends.
    pub async fn keep_house(&self) {
        let mut prune = tokio::time::interval(Duration::from_millis(PRUNE_INTERVAL_MS));
        let mut sweep = tokio::time::interval(Duration::from_millis(SWEEP_INTERVAL_MS));
        let mut idle = BTreeSet::new();
        loop {
            tokio::select! {
                biased;
                _ = sweep.tick() => match self.sweep(&idle).await {
                    Ok(found) => idle = found,
                    Err(error) => tracing::warn!(error = %chain(&error), "open purchases could not be looked through"),
                },
                _ = prune.tick() => self.prune().await,
            }
        }
    }

    async fn renew_lease(&self, first: bool) -> Result<(), PurchaseError> {
        let (runner, node) = (self.0.runner.clone(), self.0.parts.node.clone());
        let ours = self.0.parts.clock.now();
        let renewed: Result<(), StoreError> = self
            .0
            .parts
            .store
            .write_as("lease", move |conn| {
                Box::pin(async move {
                    if first {
                        runners::retire_others(conn, &runner, &node).await?;
                    }
                    let now = runners::now(conn, ours).await?;
                    runners::renew(conn, &runner, &node, now.plus(LEASE_MS)).await
                })
            })
            .await;
        Ok(renewed?)
    }

    /// Ends the lease of a process that has parked its purchases.
    pub(super) async fn end_lease(&self) {
        let runner = self.0.runner.clone();
        let ended: Result<(), StoreError> = self
            .0
            .parts
            .store
            .write_as("lease_end", move |conn| Box::pin(async move { runners::retire(conn, &runner).await }))
            .await;
        if let Err(error) = ended {
            tracing::warn!(error = %chain(&error), "lease of this process could not be ended");
        }
    }

    /// Takes over what no living process runs, and what of our own has been open without a task since the last sweep;
    /// gives what has none now.
    pub(super) async fn sweep(
        &self,
        idle_before: &BTreeSet<PurchaseId>,
    ) -> Result<BTreeSet<PurchaseId>, PurchaseError> {
        self.take_over_abandoned().await?;
        let runner = &self.0.runner;
        let open = purchases::open_keys(&mut self.0.parts.store.reader().await?.conn(), runner).await?;
        let mut idle = BTreeSet::new();
        for (router, id) in open {
            if self.0.lock().contains_key(&id) {
                continue;
            }
            let row = purchases::find(&mut self.0.parts.store.reader().await?.conn(), &router, &id).await?;
            if let Some(row) = row.filter(|row| row.open && idle_before.contains(&id)) {
                tracing::error!(purchase.id = %id, "open purchase had no task");
                if let Err(error) = self.adopt(row, Vec::new()).await {
                    tracing::error!(purchase.id = %id, error = %chain(&error), "purchase could not be taken over");
                }
            }
            idle.insert(id);
        }
        Ok(idle)
    }

    /// Tells what waits for a router, or for any, that it may try again.
    fn site_moved(&self, router: Option<&RouterId>) {
        for running in self.0.lock().values() {
            if router.is_none_or(|router| running.router == *router) {
                running.inbox.put(Letter::unanswered(Message::SiteMoved));
            }
        }
    }

    async fn prune(&self) {
        let now = self.0.parts.clock.now();
        loop {
            let work = self.0.parts.store.write_as("prune", move |conn| {
                Box::pin(async move {
                    runners::prune(conn, now.plus(-LEASE_KEPT_MS)).await?;
                    purchases::prune(conn, now).await
                })
            });
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
