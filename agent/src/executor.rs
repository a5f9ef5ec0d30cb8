//! Carries out what the control plane asks of the site's routers.
//!
//! A command of a purchase passes these stations: the purchase's lock, the journal ([`decision`]: answer again, refuse,
//! or run), the router, the journal again, the report. Deliveries of the same purchase never run at the same time;
//! those of different purchases do.
//!
//! Invariants:
//! - Nothing is asked of a router for a purchase before the journal holds the command, synced.
//! - `Refused` means that nothing of the command is on the router. When that cannot be known it is `Failed`.
//! - A user is removed only if its comment or the journal says that it is the purchase's.
//! - Dropping a future of [`Executor::execute`] does not stop what it started.
//!
//! This module does not know the link.

pub mod decision;

mod act;
mod check_user;
mod confirm;
mod credentials;
mod describe;
pub mod leases;
mod login;
mod ownership;
mod probe;
mod profiles;
mod purchase;
mod reconnect;
mod release;
mod reserve;
mod revoke;
mod routers;
mod settings;
mod site;
mod turns;
mod watch;

use std::{sync::Arc, time::Duration};

use pagos_protocol::{Action, Code, Command, Outcome, RouterSettings, frame::RouterKnown};
use tokio::sync::{Mutex, Notify, Semaphore, oneshot};

use crate::{
    journal::{Journal, JournalError},
    seams::{
        clock::{self, Instant},
        task,
    },
};
use act::Act;
use routers::{Place, Routers};
use site::Terms;
use turns::Turns;
use watch::Watched;

/// Most commands at work at one time, of all routers.
pub const COMMANDS_MAX: usize = 2048;

/// How long [`Executor::close`] waits for commands at work.
pub const CLOSE_WAIT: Duration = Duration::from_secs(10);

/// Why the executor cannot take over routers.
#[derive(Debug, thiserror::Error)]
pub enum ExecutorError {
    /// The journal could not be written; nothing was changed.
    #[error("cannot store the routers of the site")]
    Journal(#[source] JournalError),
    /// The journal could not be read or written.
    #[error("cannot read or store the reservations of the site")]
    Reservations(#[source] JournalError),
    /// There is no tokio runtime to work in.
    #[error("the executor must be opened within a tokio runtime")]
    NoRuntime,
}

/// Does commands; cheap to clone.
#[derive(Clone)]
pub struct Executor {
    inner: Arc<Inner>,
}

struct Inner {
    journal: Journal,
    routers: Routers,
    turns: Turns,
    /// One permit per command at work.
    places: Arc<Semaphore>,
    /// Held while the list of routers changes, so that journal and memory change in the same order.
    settings: Mutex<()>,
    /// What the control plane said about reservations.
    terms: Terms,
    /// What was last seen of the routers.
    watched: Watched,
    /// Rung when users have been found missing.
    missing_found: Notify,
    /// When the journal was opened, wall clock in milliseconds.
    opened_at: i64,
}

impl Executor {
    /// Starts with the routers that the journal holds. No connection is made yet.
    ///
    /// # Errors
    /// [`ExecutorError::NoRuntime`] outside a tokio runtime.
    pub fn open(journal: Journal) -> Result<Self, ExecutorError> {
        tokio::runtime::Handle::try_current().map_err(|_| ExecutorError::NoRuntime)?;
        let routers = Routers::default();
        for settings in journal.routers_at_open() {
            routers.put(settings.clone());
        }
        let inner = Inner {
            journal,
            routers,
            turns: Turns::default(),
            places: Arc::new(Semaphore::new(COMMANDS_MAX)),
            settings: Mutex::new(()),
            terms: Terms::default(),
            watched: Watched::default(),
            missing_found: Notify::new(),
            opened_at: clock::now_ms(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Does one command, or answers it from the journal, within `deadline_ms` of the call.
    ///
    /// Cancel-safe: what was started goes on when the future is dropped, and its end is journalled.
    pub async fn execute(&self, command: Command) -> Outcome {
        let deadline = clock::deadline_in(command.deadline_ms);
        let Ok(place) = Arc::clone(&self.inner.places).try_acquire_owned() else {
            // An earlier delivery of the command may be at work: nothing can be said about the router.
            return Outcome::failed(Code::Busy, "the agent has too much to do");
        };
        let (report, reported) = oneshot::channel();
        let inner = Arc::clone(&self.inner);
        task::spawn(async move {
            inner.carry_out(command, deadline, report).await;
            drop(place);
        });
        reported.await.unwrap_or_else(|_| Outcome::failed(Code::RouterError, "the command was not finished"))
    }

    /// Takes over the list of the site's routers: drops all others, and takes those of `settings` that are newer.
    ///
    /// # Errors
    /// When the journal could not be written; the call may be repeated.
    pub async fn welcome(
        &self,
        router_ids: &[String],
        settings: Vec<RouterSettings>,
    ) -> Result<(), ExecutorError> {
        settings::welcome(&self.inner, router_ids, settings).await.map_err(ExecutorError::Journal)
    }

    /// The routers this agent has settings for, by id.
    #[expect(clippy::unused_async, reason = "the link awaits it; where settings are kept may change")]
    pub async fn known_routers(&self) -> Vec<RouterKnown> {
        self.inner.routers.known()
    }

    /// Id of the journal.
    #[must_use]
    pub fn journal_id(&self) -> &str {
        self.inner.journal.id()
    }

    /// Takes no more commands, waits up to [`CLOSE_WAIT`] for those at work, closes connections and journal.
    pub async fn close(&self) {
        let all = u32::try_from(COMMANDS_MAX).unwrap_or(u32::MAX);
        match tokio::time::timeout(CLOSE_WAIT, self.inner.places.acquire_many(all)).await {
            Ok(Ok(places)) => places.forget(),
            // Closed already.
            Ok(Err(_)) => {}
            Err(_) => tracing::warn!("commands were still at work when the executor was closed"),
        }
        self.inner.places.close();
        self.inner.routers.clear();
        self.inner.journal.close().await;
    }
}

impl Inner {
    async fn carry_out(&self, command: Command, deadline: Instant, report: oneshot::Sender<Outcome>) {
        let place = self.routers.place(&command.router_id);
        let outcome = match &command.action {
            Action::Reserve(_)
            | Action::Confirm(_)
            | Action::Release(_)
            | Action::Revoke(_)
            | Action::Login(_) => {
                return purchase::run(self, command, place, deadline, report).await;
            }
            Action::Reconnect(ask) => {
                return reconnect::run(self, &command.router_id, ask, place, deadline, report).await;
            }
            Action::SetRouter(settings) => settings::set(self, &command.router_id, settings.clone()).await,
            Action::CheckUser { .. }
            | Action::DescribeUser { .. }
            | Action::DescribeUsers { .. }
            | Action::ListProfiles
            | Action::Probe => match place {
                Ok(place) => look(&Act::start(place, deadline), &command.action).await,
                Err(none) => none.refused(),
            },
            Action::Unknown => Outcome::refused(Code::Unsupported, ""),
        };
        // Whoever asked may be gone.
        let _ = report.send(outcome);
    }
}

/// Does the acts that only look.
async fn look(act: &Act, action: &Action) -> Outcome {
    match action {
        Action::CheckUser { credentials } => check_user::run(act, credentials).await,
        Action::DescribeUser { name } => describe::run(act, name).await,
        Action::DescribeUsers { names } => describe::run_many(act, names).await,
        Action::ListProfiles => profiles::run(act).await,
        Action::Probe => probe::run(act).await,
        Action::Reserve(_)
        | Action::Confirm(_)
        | Action::Release(_)
        | Action::Revoke(_)
        | Action::Login(_)
        | Action::Reconnect(_)
        | Action::SetRouter(_)
        | Action::Unknown => Outcome::refused(Code::Unsupported, ""),
    }
}
