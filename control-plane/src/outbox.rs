//! What the world outside is told: webhooks of companies, and their chats. From the stored message to its delivery.
//!
//! | module | holds |
//! |---|---|
//! | [`dispatch`] | finds lanes with something due, and serves them |
//! | [`turn`] | one lane, message after message |
//! | [`schedule`] | when to try again: pure |
//! | [`verdict`] | what a try means for its message and its target: pure |
//! | [`webhook`] | one message to an endpoint |
//! | [`telegram`] | one message to a chat |
//! | [`trial`] | an admin tries an endpoint or a chat |
//!
//! A message is written in the transaction that makes the fact it tells ([`crate::store::outbox::put`]); nobody waits for
//! its delivery. Each target has a lane: one process at a time, one message at a time. A slow or dead target holds up its own
//! lane only. Delivery is at least once: a process that ends between sending and writing that down sends again, under the
//! same id.

mod dispatch;
mod schedule;
pub mod telegram;
mod trial;
mod turn;
mod verdict;
pub mod webhook;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::domain::bucket::Buckets;
use crate::domain::id::CompanyId;
use crate::seams::{Clock, Random};
use crate::store::{Store, StoreError};
use crate::vault::{Vault, VaultError};
use telegram::Telegram;
use webhook::Sender;

pub use trial::TrialError;
pub use verdict::{Answer, Setback};

/// What messages are delivered with.
pub struct Parts {
    /// The database.
    pub store: Store,
    /// Opens secrets.
    pub vault: Arc<Vault>,
    /// Time.
    pub clock: Clock,
    /// Chance.
    pub random: Random,
    /// Names this process where it serves a lane; its lease is kept by whoever runs purchases.
    pub runner: String,
    /// Sends to endpoints.
    pub webhooks: Sender,
    /// Sends to chats.
    pub telegram: Telegram,
}

/// All deliveries of this process. Cheap to clone.
#[derive(Clone)]
pub struct Outbox(Arc<Inner>);

struct Inner {
    parts: Parts,
    /// Lanes that this process serves now, and whose they are.
    served: Mutex<BTreeMap<String, CompanyId>>,
    /// Tells that a lane was left.
    left: Notify,
    /// How often admins may try something.
    trials: Mutex<Buckets<CompanyId>>,
}

/// Why a message could not be worked on.
#[derive(Debug, thiserror::Error)]
enum WorkError {
    /// The database did not do its part.
    #[error("message could not be read or stored")]
    Store(#[from] StoreError),
    /// A secret did not open.
    #[error("secret of a target could not be opened")]
    Vault(#[from] VaultError),
}

impl Outbox {
    /// Makes the service; nothing runs yet.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let (served, trials) = (Mutex::default(), Mutex::default());
        Self(Arc::new(Inner { parts, served, left: Notify::new(), trials }))
    }
}

impl Inner {
    fn served(&self) -> MutexGuard<'_, BTreeMap<String, CompanyId>> {
        self.served.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
