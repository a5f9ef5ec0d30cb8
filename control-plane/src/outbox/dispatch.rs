//! Finds lanes with something due, and serves as many of them at once as is good for everybody.

use std::time::Duration;

use tokio::sync::watch;

use super::{Inner, Outbox, turn};
use crate::causes::chain;
use crate::domain::id::CompanyId;
use crate::store::outbox::lanes::{self, Due};
use crate::store::{StoreError, outbox, runners};

/// How often the database is looked through, in milliseconds.
const LOOK_INTERVAL_MS: u64 = 1_000;
/// How often old messages are forgotten, in milliseconds.
const PRUNE_INTERVAL_MS: u64 = 600_000;
/// Most lanes of this process that are served at once.
const LANES_MAX: usize = 48;
/// Most of them that belong to one company: its dead targets must not take all places.
const COMPANY_LANES_MAX: usize = 3;
/// Most lanes looked at in one round. More than all companies that fill [`LANES_MAX`] can have, so that what waits for a
/// place does not hide others.
const ROUND_LANES_MAX: i64 = 512;

/// A lane that this process serves; let go when it is dropped, however that comes about.
pub(super) struct Served {
    outbox: Outbox,
    target: String,
}

impl Drop for Served {
    fn drop(&mut self) {
        let inner: &Inner = &self.outbox.0;
        inner.served().remove(&self.target);
        inner.left.notify_one();
    }
}

impl Outbox {
    /// Delivers until `stopping`. Cancel-safe: what is under way is sent again by the next process.
    pub async fn work(&self, mut stopping: watch::Receiver<bool>) {
        let mut prune = tokio::time::interval(Duration::from_millis(PRUNE_INTERVAL_MS));
        while !*stopping.borrow() {
            if let Err(error) = self.round().await {
                tracing::warn!(error = %chain(&error), "messages could not be looked through");
            }
            tokio::select! {
                biased;
                // An error means that the sender is gone, and with it the service.
                _ = stopping.changed() => {}
                () = self.0.left.notified() => {}
                _ = prune.tick() => self.prune().await,
                () = tokio::time::sleep(Duration::from_millis(LOOK_INTERVAL_MS)) => {}
            }
        }
    }

    /// Begins to serve every lane that has something due, as far as there is room; gives how many those are.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn round(&self) -> Result<usize, StoreError> {
        let inner = &self.0;
        let due = {
            let mut reader = inner.parts.store.reader().await?;
            let now = inner.parts.clock.now();
            let leases = runners::now(&mut reader.conn(), now).await?;
            lanes::due(&mut reader.conn(), &inner.parts.runner, now, leases, ROUND_LANES_MAX).await?
        };
        let mut begun = 0;
        for lane in due {
            if let Some(served) = self.admit(&lane) {
                begun += 1;
                let outbox = self.clone();
                crate::seams::spawn(async move { turn::serve(&outbox, lane, served).await });
            }
        }
        Ok(begun)
    }

    /// Whether no lane is served any more by this process.
    #[must_use]
    pub fn rests(&self) -> bool {
        self.0.served().is_empty()
    }

    /// Takes a place for a lane, if there is one.
    fn admit(&self, lane: &Due) -> Option<Served> {
        let company = CompanyId::new(&lane.company_id);
        let mut served = self.0.served();
        let of_company = served.values().filter(|other| **other == company).count();
        let room = served.len() < LANES_MAX && of_company < COMPANY_LANES_MAX;
        if !room || served.contains_key(&lane.target) {
            return None;
        }
        served.insert(lane.target.clone(), company);
        Some(Served { outbox: self.clone(), target: lane.target.clone() })
    }

    /// Forgets what is old.
    async fn prune(&self) {
        let now = self.0.parts.clock.now();
        loop {
            let prune = self.0.parts.store.write_as("outbox_prune", move |conn| {
                Box::pin(async move { outbox::prune(conn, now).await })
            });
            let more: Result<bool, StoreError> = prune.await;
            match more {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    tracing::warn!(error = %chain(&error), "old messages could not be forgotten");
                    return;
                }
            }
        }
    }
}
