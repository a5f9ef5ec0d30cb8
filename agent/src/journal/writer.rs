//! The thread that owns the file: takes what waits, commits it together, answers.

use pagos_protocol::RouterSettings;
use tokio::sync::{mpsc, oneshot};

use super::{Entry, JournalError, rows::Store};
use crate::seams::clock;

/// Most requests in one transaction.
const BATCH_MAX: usize = 128;

/// After how many requests old entries are pruned again.
const PRUNE_EVERY: usize = 500;

/// Judges the stored entry and returns the one to store instead, if it should change.
pub(super) type Update = Box<dyn FnOnce(Option<Entry>) -> Option<Entry> + Send>;

/// Reads or writes whatever it wants within the batch's transaction.
pub(super) type Work = Box<dyn FnOnce(&Store) -> Result<(), JournalError> + Send>;

/// Where an answer goes. A caller that no longer listens has no effect on the work.
type Answer = oneshot::Sender<Result<(), JournalError>>;

/// One thing to do.
pub(super) enum Request {
    /// Judge and perhaps change one entry.
    Entry {
        /// Which entry.
        purchase_id: String,
        /// What to make of it.
        update: Update,
        /// Whether the caller relies on a synced disk.
        sync: bool,
        /// Who waits for the commit.
        answer: Option<Answer>,
    },
    /// Anything else.
    Work {
        /// What to do.
        work: Work,
        /// Whether the caller relies on a synced disk.
        sync: bool,
        /// Who waits for the commit.
        answer: Answer,
    },
    /// Store the settings of a router.
    PutRouter {
        /// The new settings.
        settings: RouterSettings,
        /// Who waits for the commit.
        answer: Answer,
    },
    /// Forget the settings of a router.
    DropRouter {
        /// Which router.
        router_id: String,
        /// Who waits for the commit.
        answer: Answer,
    },
    /// End the thread.
    Close {
        /// Who waits for the end.
        answer: Answer,
    },
}

/// Works until it is told to close or every handle is gone.
pub(super) fn run(mut store: Store, mut requests: mpsc::Receiver<Request>) {
    let mut since_prune = PRUNE_EVERY;
    while let Some(first) = requests.blocking_recv() {
        if let Some(answer) = work_off(&mut store, &mut requests, first, &mut since_prune) {
            return close(store, requests, answer);
        }
    }
}

/// The same as a task, for a simulated world: nothing of it waits for anything but requests.
#[cfg(feature = "simulation")]
pub(super) async fn run_simulated(mut store: Store, mut requests: mpsc::Receiver<Request>) {
    let mut since_prune = PRUNE_EVERY;
    while let Some(first) = requests.recv().await {
        if let Some(answer) = work_off(&mut store, &mut requests, first, &mut since_prune) {
            return close(store, requests, answer);
        }
    }
}

/// Commits `first` and what waits behind it. Returns whom to tell when the end was asked for.
fn work_off(
    store: &mut Store,
    requests: &mut mpsc::Receiver<Request>,
    first: Request,
    since_prune: &mut usize,
) -> Option<Answer> {
    let mut batch = vec![first];
    while batch.len() < BATCH_MAX {
        let Ok(next) = requests.try_recv() else { break };
        batch.push(next);
    }
    *since_prune += batch.len();
    let closing = commit_batch(store, batch);
    if closing.is_none() && *since_prune >= PRUNE_EVERY {
        *since_prune = 0;
        prune(store);
    }
    closing
}

fn close(store: Store, mut requests: mpsc::Receiver<Request>, answer: Answer) {
    requests.close();
    // The file is closed before anybody is told so.
    drop(store);
    let _ = answer.send(Ok(()));
}

/// Does one batch in one transaction. Returns whom to tell when the batch asked for the end.
fn commit_batch(store: &mut Store, batch: Vec<Request>) -> Option<Answer> {
    let sync = batch.iter().any(|request| match request {
        Request::Entry { sync, .. } | Request::Work { sync, .. } => *sync,
        Request::PutRouter { .. } | Request::DropRouter { .. } => true,
        Request::Close { .. } => false,
    });
    let mut answers: Vec<(Answer, Result<(), JournalError>)> = Vec::new();
    let mut closing = None;
    let begun = store.begin(sync);
    for request in batch {
        match request {
            Request::Entry { purchase_id, update, answer, .. } => {
                let done = begun.clone().and_then(|()| apply(store, &purchase_id, update));
                match (answer, done) {
                    (Some(answer), done) => answers.push((answer, done)),
                    (None, Ok(())) => {}
                    (None, Err(error)) => {
                        tracing::warn!(purchase.id = %purchase_id, error = %error, "outcome was not recorded");
                    }
                }
            }
            Request::Work { work, answer, .. } => {
                answers.push((answer, begun.clone().and_then(|()| work(store))));
            }
            Request::PutRouter { settings, answer } => {
                answers.push((answer, begun.clone().and_then(|()| store.put_router(&settings))));
            }
            Request::DropRouter { router_id, answer } => {
                answers.push((answer, begun.clone().and_then(|()| store.drop_router(&router_id))));
            }
            Request::Close { answer } => closing = Some(answer),
        }
    }
    let committed = begun.and_then(|()| store.commit());
    if let Err(error) = &committed {
        tracing::error!(error = %error, "journal transaction failed");
    }
    for (answer, done) in answers {
        // Nobody listening is fine: the commit stands all the same.
        let _ = answer.send(done.and_then(|()| committed.clone()));
    }
    closing
}

fn apply(store: &Store, purchase_id: &str, update: Update) -> Result<(), JournalError> {
    match update(store.entry(purchase_id)?) {
        Some(entry) => store.put_entry(&entry),
        None => Ok(()),
    }
}

fn prune(store: &Store) {
    match store.prune(clock::now_ms()) {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "old journal entries pruned"),
        Err(error) => tracing::warn!(error = %error, "old journal entries were not pruned"),
    }
}
