//! Carries out what the control plane asks of the site's routers.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use pagos_protocol::{Code, Command, Outcome, RouterSettings, frame::RouterKnown};

use crate::journal::{Journal, JournalError};

/// Why the executor cannot take over new routers.
#[derive(Debug, thiserror::Error)]
pub enum ExecutorError {
    /// The journal could not be written.
    #[error("cannot store the routers")]
    Journal(#[source] JournalError),
}

/// Does commands, each at most once at a time; cheap to clone.
#[derive(Clone)]
pub struct Executor {
    inner: Arc<Inner>,
}

struct Inner {
    journal: Journal,
    routers: Mutex<BTreeMap<String, RouterSettings>>,
}

impl Executor {
    /// Starts with the routers that the journal holds.
    ///
    /// # Errors
    /// None at present.
    pub fn open(journal: Journal) -> Result<Self, ExecutorError> {
        let routers =
            journal.routers_at_open().iter().map(|known| (known.router_id.clone(), known.clone())).collect();
        Ok(Self { inner: Arc::new(Inner { journal, routers: Mutex::new(routers) }) })
    }

    /// Does one command within its deadline.
    pub async fn execute(&self, command: Command) -> Outcome {
        Outcome::refused(Code::Unsupported, command.id)
    }

    /// Takes over the list of the site's routers and newer settings.
    ///
    /// # Errors
    /// When the journal could not be written.
    pub async fn welcome(
        &self,
        router_ids: &[String],
        settings: Vec<RouterSettings>,
    ) -> Result<(), ExecutorError> {
        for new in settings.into_iter().filter(|new| router_ids.contains(&new.router_id)) {
            self.inner.journal.put_router(new.clone()).await.map_err(ExecutorError::Journal)?;
            self.lock().insert(new.router_id.clone(), new);
        }
        self.lock().retain(|id, _| router_ids.contains(id));
        Ok(())
    }

    /// The routers this agent has settings for.
    pub async fn known_routers(&self) -> Vec<RouterKnown> {
        self.lock()
            .values()
            .map(|known| RouterKnown { router_id: known.router_id.clone(), settings_version: known.version })
            .collect()
    }

    /// Id of the journal.
    #[must_use]
    pub fn journal_id(&self) -> &str {
        self.inner.journal.id()
    }

    /// Ends the work.
    pub async fn close(&self) {
        self.inner.journal.close().await;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, RouterSettings>> {
        self.inner.routers.lock().expect("no holder panics")
    }
}
