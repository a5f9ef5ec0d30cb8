//! One purchase, from the request to the device online, or back to nothing.
//!
//! | module | holds |
//! |---|---|
//! | [`state`] | what is known of a purchase |
//! | [`machine`] | what is to be done next: pure, without IO |
//! | [`schedule`] | when to try again |
//! | [`router_end`] | what an agent's outcome means for a purchase |
//! | [`timeline`] | the record of what was done |
//! | [`books`] | the transaction row that a state shows as |
//! | [`events`] | what a change tells the world |
//! | [`reply`] | what the buyer's page is told |
//! | [`intake`] | a request becomes a stored purchase, once |
//! | [`keys`] | gateway keys, opened once |
//! | [`perform`] | effects, through the link and gateway ports |
//! | [`runner`] | the loop: commit, perform, take in |
//! | [`tell`] | messages from outside reach a purchase |
//! | [`site`] | what agents ask and tell about reservations |
//! | [`sweep`] | what nobody told us, at routers and gateways |
//! | [`admin`] | what people see, ask and decide |
//! | [`counted`] | what is counted of purchases |
//! | [`facts`] | a payment in the gateway's own words |
//! | [`recovery`] | what becomes of purchases that no living process runs |
//!
//! Start reading at [`runner`]. A purchase runs in a task of its own; who asked for it only watches.

pub mod admin;
pub mod books;
pub mod counted;
pub mod events;
mod facts;
mod inbox;
pub mod intake;
mod keys;
pub mod machine;
mod offer;
pub mod perform;
pub mod recovery;
pub mod reply;
pub mod router_end;
pub mod runner;
pub mod schedule;
pub mod site;
pub mod state;
pub mod sweep;
pub mod tell;
pub mod timeline;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::domain::failure::FailureKind;
use crate::domain::id::{CompanyId, PurchaseId, RouterId};
use crate::domain::time::Timestamp;
use crate::gateway::Gateways;
use crate::limits::Limits;
use crate::link::LinkPort;
use crate::seams::{Clock, Random, instant};
use crate::store::sequence::Sequence;
use crate::store::{Store, StoreError, purchases};
use crate::vault::{Vault, VaultError};
pub use admin::AdminError;
use inbox::{Inbox, Letter};
use machine::{Message, Timing};
use reply::Reply;
use state::{Phase, Purchase};

/// How long the answer to a refused purchase waits for the user to be gone from the router, in milliseconds. When the
/// site is away it does not wait: the user is removed when the agent is back.
const REMOVAL_WAIT_MS: u64 = 3_000;

/// A page that asks makes the gateway be asked sooner, at most this often, in milliseconds.
const ASK_SOONER_MS: i64 = 3_000;
/// How often parking looks whether all purchases have finished their step, in milliseconds.
const PARK_LOOK_MS: u64 = 20;
/// How often a purchase is looked for that is just changing hands.
const HANDOVER_TRIES: u32 = 200;
/// After so many looks a purchase of this process without a task is given one.
const HANDOVER_PATIENCE: u32 = 50;
/// After so many looks a purchase of another process is left to that process.
const ELSEWHERE_TRIES: u32 = 3;
/// Pause between two looks, in milliseconds.
const HANDOVER_PAUSE_MS: u64 = 5;

/// What purchases are made with.
pub struct Parts {
    /// The database.
    pub store: Store,
    /// Seals what must not be read at rest.
    pub vault: Arc<Vault>,
    /// Time.
    pub clock: Clock,
    /// Chance.
    pub random: Random,
    /// Routers.
    pub link: Arc<dyn LinkPort>,
    /// Money.
    pub gateways: Gateways,
    /// Names the installation of this process; only one process at a time is it.
    pub node: String,
    /// Address of this service as gateways see it, without a slash at the end; none when they cannot.
    pub public_url: Option<String>,
    /// How much may go on at once.
    pub limits: Limits,
    /// Limits in time.
    pub timing: Timing,
    /// Longest wait for a router to make or confirm a user, in milliseconds.
    pub reserve_timeout_ms: u64,
    /// Longest wait for a router to remove a user, in milliseconds.
    pub release_timeout_ms: u64,
    /// Phone for gateways when neither buyer nor company has one.
    pub fallback_phone: Option<String>,
}

/// All purchases of this process. Cheap to clone.
#[derive(Clone)]
pub struct Purchases(Arc<Inner>);

pub(crate) struct Inner {
    parts: Parts,
    /// Names this process in the rows it runs.
    runner: String,
    transactions: Sequence,
    keys: keys::Keys,
    running: Mutex<BTreeMap<PurchaseId, Running>>,
    stopping: watch::Sender<bool>,
}

/// A purchase that has a task in this process.
struct Running {
    company: CompanyId,
    router: RouterId,
    state: watch::Receiver<Arc<Purchase>>,
    inbox: Arc<Inbox>,
    /// When its page last made it ask the gateway sooner.
    asked_at: Timestamp,
}

/// What went wrong inside, while serving a purchase.
#[derive(Debug, thiserror::Error)]
pub enum PurchaseError {
    /// The database did not do what was asked.
    #[error("purchase could not be read or stored")]
    Store(#[from] StoreError),
    /// A sealed value did not open.
    #[error("sealed value of a purchase could not be opened")]
    Vault(#[from] VaultError),
    /// It has something left to do, but no task takes it up.
    #[error("purchase {0} is not run by any process")]
    NotRun(PurchaseId),
    /// The stored state is not one.
    #[error("stored state of purchase {0} cannot be read")]
    State(PurchaseId),
}

impl Purchases {
    /// Makes the service; nothing runs yet.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let runner = parts.random.uuid(parts.clock.now());
        Self(Arc::new(Inner {
            parts,
            runner,
            transactions: Sequence::new("transactions"),
            keys: keys::Keys::default(),
            running: Mutex::default(),
            stopping: watch::Sender::new(false),
        }))
    }

    /// Names this process wherever it holds something that others may take over when its lease ends.
    #[must_use]
    pub fn runner(&self) -> &str {
        &self.0.runner
    }

    /// What the page of `router` is told about the purchase: waits until it is decided, at most until the answer
    /// deadline of the purchase. None when there is no such purchase at this router.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn answer(&self, router: &RouterId, id: &PurchaseId) -> Result<Option<Reply>, PurchaseError> {
        let Some(mut state) = self.watch(router, id).await? else { return Ok(None) };
        let purchase = settled(&mut state, &self.0.parts).await;
        Ok(Some(self.0.reply(&purchase)?))
    }

    /// What the page of `router` is told about the purchase right now.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn status(&self, router: &RouterId, id: &PurchaseId) -> Result<Option<Reply>, PurchaseError> {
        let Some(state) = self.watch(router, id).await? else { return Ok(None) };
        let purchase = Arc::clone(&state.borrow());
        let now = self.0.parts.clock.now();
        if let Some(running) = self.0.lock().get_mut(id)
            && now.since(running.asked_at) >= ASK_SOONER_MS
        {
            running.asked_at = now;
            running.inbox.put(Letter::unanswered(Message::Asked));
        }
        Ok(Some(self.0.reply(&purchase)?))
    }

    /// Asks nothing new to be done and waits until every purchase has finished its step, at most `limit`.
    /// What is left is stored and goes on when a process starts again.
    pub async fn park(&self, limit: Duration) {
        self.0.stopping.send_replace(true);
        let deadline = instant() + limit;
        while !self.0.lock().is_empty() && instant() < deadline {
            tokio::time::sleep(Duration::from_millis(PARK_LOOK_MS)).await;
        }
        self.end_lease().await;
    }

    /// Follows a purchase: the live one, or the stored one, which is set going if it has something left to do.
    async fn watch(
        &self,
        router: &RouterId,
        id: &PurchaseId,
    ) -> Result<Option<watch::Receiver<Arc<Purchase>>>, PurchaseError> {
        for attempt in 1..=HANDOVER_TRIES {
            if let Some(running) = self.0.lock().get(id) {
                return Ok((running.router == *router).then(|| running.state.clone()));
            }
            let row = purchases::find(&mut self.0.parts.store.reader().await?.conn(), router, id).await?;
            let Some(row) = row else { return Ok(None) };
            if !row.open || *self.0.stopping.borrow() {
                return Ok(Some(watch::channel(Arc::new(read_state(&row)?)).1));
            }
            // A row of this process without a task is getting its task, or has lost it: then it is given a new one.
            let elsewhere = row.runner != self.0.runner;
            if elsewhere || attempt % HANDOVER_PATIENCE == 0 {
                if let Some(state) = self.adopt(row.clone(), Vec::new()).await? {
                    return Ok(Some(state));
                }
                // Another living process runs it: what is stored is what it last made sure of.
                if elsewhere && attempt >= ELSEWHERE_TRIES {
                    return Ok(Some(watch::channel(Arc::new(read_state(&row)?)).1));
                }
            }
            tokio::time::sleep(Duration::from_millis(HANDOVER_PAUSE_MS)).await;
        }
        Err(PurchaseError::NotRun(id.clone()))
    }
}

impl Inner {
    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<PurchaseId, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reply(&self, purchase: &Purchase) -> Result<Reply, PurchaseError> {
        let password =
            if machine::is_usable(purchase) { Some(perform::password(self, purchase)?) } else { None };
        Ok(reply::reply(purchase, password, self.parts.clock.now()))
    }
}

fn read_state(row: &purchases::Row) -> Result<Purchase, PurchaseError> {
    serde_json::from_str(&row.state).map_err(|_| PurchaseError::State(PurchaseId::new(&row.id)))
}

/// Waits until the purchase has an answer that will not change, or the buyer has waited long enough.
async fn settled(state: &mut watch::Receiver<Arc<Purchase>>, parts: &Parts) -> Arc<Purchase> {
    let purchase = Arc::clone(&state.borrow_and_update());
    let age = parts.clock.now().since(purchase.terms.created_at);
    // A clock that was set back makes nobody wait longer.
    let left = parts.timing.answer_deadline_ms.saturating_sub(age).min(parts.timing.answer_deadline_ms);
    let left = u64::try_from(left).unwrap_or(0);
    let mut deadline = instant() + Duration::from_millis(left);
    loop {
        let purchase = Arc::clone(&state.borrow_and_update());
        if reply::is_settled(&purchase) {
            return purchase;
        }
        if purchase.phase == Phase::Declined {
            let site_away = purchase.failure.is_some_and(|failure| failure.kind == FailureKind::Unavailable);
            let patience = if site_away { 0 } else { REMOVAL_WAIT_MS };
            deadline = deadline.min(instant() + Duration::from_millis(patience));
        }
        tokio::select! {
            biased;
            changed = state.changed() => if changed.is_err() { return Arc::clone(&state.borrow()) },
            () = tokio::time::sleep_until(deadline) => return Arc::clone(&state.borrow()),
        }
    }
}

#[cfg(test)]
mod crash_tests;
