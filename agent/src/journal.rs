//! What the agent remembers: router settings, and for each purchase the newest decision about it and how it ended.
//!
//! One SQLite file (WAL), written by one thread of its own; async code talks to it through a bounded channel and never
//! blocks. Requests that wait at the same time are committed together, so one disk sync serves many purchases.
//!
//! Invariants:
//! - What [`Journal::decide`] writes is on disk, synced, when it returns: it comes before any act on a router.
//! - What [`Journal::record`] writes is not synced, since every act can be repeated; a later read sees it, and it
//!   survives a crash of the process.
//! - Requests take effect in the order in which they were made.
//!
//! This module knows no router and no command; what an entry means is the executor's business.

mod entry;
mod pages;
mod quotas;
mod rows;
mod writer;

use std::{path::Path, path::PathBuf, sync::Arc};

use pagos_protocol::RouterSettings;
use tokio::sync::{mpsc, oneshot};

pub use entry::{Entry, Kind, Seen, Slot};
pub use quotas::Quota;
use writer::{Request, Update, Work};

use crate::seams::task::crash_point;

/// Most requests that wait for the journal's thread; further callers wait for room.
const REQUESTS_WAITING_MAX: usize = 256;

/// How long the mark of a finished purchase is kept, in milliseconds: 90 days.
pub const MARK_KEPT_MS: i64 = 90 * 24 * 60 * 60 * 1000;

/// Why the journal cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum JournalError {
    /// The file cannot be created, or its rights cannot be set.
    #[error("cannot prepare the journal file {path}")]
    File {
        /// Where the journal should be.
        path: PathBuf,
        /// What the system said.
        source: Arc<std::io::Error>,
    },
    /// The file is no journal, or cannot be brought up to date.
    #[error("cannot open the journal {path}")]
    Open {
        /// Where the journal is.
        path: PathBuf,
        /// What SQLite said.
        source: Arc<rusqlite::Error>,
    },
    /// A newer agent has written the file; going on could lose what it remembers.
    #[error("the journal {path} is of a newer agent (schema {found}, this agent knows {known})")]
    Newer {
        /// Where the journal is.
        path: PathBuf,
        /// Schema version in the file.
        found: u32,
        /// Newest schema version of this program.
        known: u32,
    },
    /// A transaction failed; nothing of it was written.
    #[error("cannot write the journal")]
    Write(#[source] Arc<rusqlite::Error>),
    /// A stored value makes no sense.
    #[error("the journal holds a bad value in {table}.{column} of {id}")]
    Inconsistent {
        /// Table of the value.
        table: &'static str,
        /// Column of the value.
        column: &'static str,
        /// Key of the row.
        id: String,
    },
    /// The journal has been closed.
    #[error("the journal is closed")]
    Closed,
}

impl From<rusqlite::Error> for JournalError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Write(Arc::new(error))
    }
}

/// What [`Journal::decide`] came to.
#[derive(Debug)]
pub struct Decided<T> {
    /// What the caller's function decided; `None` when the entry could not even be read.
    pub verdict: Option<T>,
    /// Whether what it wanted written is on disk.
    pub written: Result<(), JournalError>,
}

/// Handle to the journal; cheap to clone.
#[derive(Debug, Clone)]
pub struct Journal {
    id: Arc<str>,
    routers: Arc<[RouterSettings]>,
    requests: mpsc::Sender<Request>,
}

impl Journal {
    /// Opens the journal, and makes it (readable by its owner only) when there is none. Blocks for a few disk accesses.
    ///
    /// # Errors
    /// When the file cannot be made, read or brought up to date.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let store = rows::Store::open(path)?;
        let id = store.journal_id()?;
        let routers = store.routers()?;
        let (requests, waiting) = mpsc::channel(REQUESTS_WAITING_MAX);
        #[cfg(feature = "simulation")]
        if crate::seams::simulation::is_installed() {
            // A thread of its own would write at moments that nobody can repeat.
            crate::seams::task::spawn(writer::run_simulated(store, waiting));
            return Ok(Self { id: id.into(), routers: routers.into(), requests });
        }
        std::thread::Builder::new()
            .name("journal".into())
            .spawn(move || writer::run(store, waiting))
            .map_err(|error| JournalError::File { path: path.to_owned(), source: Arc::new(error) })?;
        Ok(Self { id: id.into(), routers: routers.into(), requests })
    }

    /// Id of this journal, made when its file was.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The routers that were stored when the journal was opened.
    #[must_use]
    pub fn routers_at_open(&self) -> &[RouterSettings] {
        &self.routers
    }

    /// Reads the entry of a purchase, lets `decide` judge it, and writes the entry it returns, if any.
    ///
    /// Returns when that is synced to disk. Reading, judging and writing are one transaction.
    pub async fn decide<T: Send + 'static>(
        &self,
        purchase_id: &str,
        decide: impl FnOnce(Option<Entry>) -> (Option<Entry>, T) + Send + 'static,
    ) -> Decided<T> {
        let (verdict, decided) = oneshot::channel();
        let update: Update = Box::new(move |entry| {
            let (entry, value) = decide(entry);
            // The receiver is gone only if the caller is: nobody wants to know.
            let _ = verdict.send(value);
            entry
        });
        let written = self.update(purchase_id, update, true).await;
        let mut decided = decided;
        Decided { verdict: decided.try_recv().ok(), written }
    }

    /// Changes the entry of a purchase. Returns as soon as the request is queued; it is not synced to disk.
    pub async fn record(
        &self,
        purchase_id: &str,
        update: impl FnOnce(Option<Entry>) -> Option<Entry> + Send + 'static,
    ) {
        let request = Request::Entry {
            purchase_id: purchase_id.to_owned(),
            update: Box::new(update),
            sync: false,
            answer: None,
        };
        if self.requests.send(request).await.is_err() {
            tracing::warn!(purchase.id = purchase_id, "outcome was not recorded: the journal is closed");
        }
    }

    /// The entry of a purchase, with everything that was recorded before this call.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn entry(&self, purchase_id: &str) -> Result<Option<Entry>, JournalError> {
        let decided = self.decide(purchase_id, |entry| (None, entry)).await;
        decided.written.map(|()| decided.verdict.flatten())
    }

    /// Does `work` in a transaction, after everything that was asked before, and gives what it returns. `sync` says whether
    /// what it writes must be on disk then.
    async fn with<T: Send + 'static>(
        &self,
        sync: bool,
        work: impl FnOnce(&rows::Store) -> Result<T, JournalError> + Send + 'static,
    ) -> Result<T, JournalError> {
        let (give, mut given) = oneshot::channel();
        let (answer, answered) = oneshot::channel();
        let work: Work = Box::new(move |store| {
            let value = work(store)?;
            // The receiver is gone only if the caller is: nobody wants to know.
            let _ = give.send(value);
            Ok(())
        });
        self.ask(Request::Work { work, sync, answer }, answered).await?;
        given.try_recv().map_err(|_| JournalError::Closed)
    }

    /// Stores the settings of a router in place of any older ones, synced.
    ///
    /// # Errors
    /// When nothing was written.
    pub async fn put_router(&self, settings: RouterSettings) -> Result<(), JournalError> {
        let (answer, answered) = oneshot::channel();
        self.ask(Request::PutRouter { settings, answer }, answered).await
    }

    /// Forgets the settings of a router, synced.
    ///
    /// # Errors
    /// When nothing was written.
    pub async fn drop_router(&self, router_id: String) -> Result<(), JournalError> {
        let (answer, answered) = oneshot::channel();
        self.ask(Request::DropRouter { router_id, answer }, answered).await
    }

    /// Writes what is queued and ends the journal's thread. Every later request fails with [`JournalError::Closed`].
    pub async fn close(&self) {
        let (answer, answered) = oneshot::channel();
        // Closed already is as good.
        let _ = self.ask(Request::Close { answer }, answered).await;
    }

    async fn update(&self, purchase_id: &str, update: Update, sync: bool) -> Result<(), JournalError> {
        let (answer, answered) = oneshot::channel();
        let request =
            Request::Entry { purchase_id: purchase_id.to_owned(), update, sync, answer: Some(answer) };
        self.ask(request, answered).await
    }

    async fn ask(
        &self,
        request: Request,
        answered: oneshot::Receiver<Result<(), JournalError>>,
    ) -> Result<(), JournalError> {
        crash_point("journal", "commit", "before").await;
        self.requests.send(request).await.map_err(|_| JournalError::Closed)?;
        let done = answered.await;
        crash_point("journal", "commit", "after").await;
        done.map_err(|_| JournalError::Closed)?
    }
}

#[cfg(test)]
mod tests;
