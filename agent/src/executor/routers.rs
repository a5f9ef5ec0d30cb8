//! The routers of the site: settings, connection, and how many commands each has.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use pagos_protocol::{Code, Outcome, RouterSettings, frame::RouterKnown};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::routeros::Connection;

/// Most commands at work or waiting on one router.
pub(super) const ROUTER_COMMANDS_MAX: usize = 512;

#[derive(Debug)]
struct Router {
    settings: RouterSettings,
    connection: Connection,
    places: Arc<Semaphore>,
}

/// The routers in use, by id.
#[derive(Debug, Default)]
pub(super) struct Routers {
    routers: Mutex<BTreeMap<String, Router>>,
}

/// A command's place at its router.
#[derive(Debug)]
pub(super) struct Admitted {
    /// The router's connection.
    pub(super) connection: Connection,
    _permit: OwnedSemaphorePermit,
}

/// Why a command has no place at its router.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoPlace {
    /// The agent has no such router.
    Unknown,
    /// Too many commands are there.
    Full,
}

/// What [`Routers::place`] came to.
pub(super) type Place = Result<Admitted, NoPlace>;

impl NoPlace {
    /// The code to report.
    pub(super) fn code(self) -> Code {
        match self {
            Self::Unknown => Code::UnknownRouter,
            Self::Full => Code::Busy,
        }
    }

    /// The report of a command that changes nothing.
    pub(super) fn refused(self) -> Outcome {
        Outcome::refused(self.code(), "")
    }
}

impl Routers {
    /// Uses these settings from now on. Commands at work finish with the connection they have.
    pub(super) fn put(&self, settings: RouterSettings) {
        let mut routers = self.routers();
        let places = routers
            .get(&settings.router_id)
            .map_or_else(|| Arc::new(Semaphore::new(ROUTER_COMMANDS_MAX)), |old| Arc::clone(&old.places));
        let connection = Connection::start(settings.clone());
        routers.insert(settings.router_id.clone(), Router { settings, connection, places });
    }

    /// Forgets a router. Commands at work finish with the connection they have.
    pub(super) fn remove(&self, router_id: &str) {
        self.routers().remove(router_id);
    }

    /// Forgets all routers.
    pub(super) fn clear(&self) {
        self.routers().clear();
    }

    /// Version of the settings in use.
    pub(super) fn version(&self, router_id: &str) -> Option<u64> {
        self.routers().get(router_id).map(|router| router.settings.version)
    }

    /// All routers and the versions of their settings.
    pub(super) fn known(&self) -> Vec<RouterKnown> {
        let known = |router: &Router| RouterKnown {
            router_id: router.settings.router_id.clone(),
            settings_version: router.settings.version,
        };
        self.routers().values().map(known).collect()
    }

    /// A place for one command; kept until it is dropped.
    pub(super) fn place(&self, router_id: &str) -> Place {
        let routers = self.routers();
        let router = routers.get(router_id).ok_or(NoPlace::Unknown)?;
        let permit = Arc::clone(&router.places).try_acquire_owned().map_err(|_| NoPlace::Full)?;
        Ok(Admitted { connection: router.connection.clone(), _permit: permit })
    }

    fn routers(&self) -> MutexGuard<'_, BTreeMap<String, Router>> {
        self.routers.lock().expect("no holder panics")
    }
}
