//! Keeps the link up and hands commands to the executor.
//!
//! Commands run concurrently, as many as the executor takes. One that outlives its link finishes all the same: its
//! outcome is in the journal, and the repeat that comes over the next link is answered from there.

mod leases;
mod serve;
mod watch;
mod work;

use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use pagos_protocol::Hello;
use tokio::sync::watch as signal;
use tokio::task::JoinSet;

use crate::executor::Executor;
use crate::identity::{self, Identity, IdentityError};
use crate::link::{Backoff, Ended, OpenError, Session};
use crate::seams::{clock, random};
use work::Work;

/// How long running commands may take when the agent is asked to stop, in milliseconds.
pub const DRAIN_MS: u64 = 10_000;
/// Wait of an agent that the control plane refuses, in milliseconds.
const REFUSED_WAIT_MS: u64 = 5 * 60 * 1000;
/// How often a refused agent looks whether it was enrolled again, in milliseconds.
const REFUSED_LOOK_MS: u64 = 3_000;
/// Longest wait that the control plane may ask for, in milliseconds.
const RETRY_AFTER_MS_MAX: u64 = 10 * 60 * 1000;

/// Why an agent cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// It has no identity.
    #[error("this agent has no identity")]
    Identity(#[from] IdentityError),
}

/// What to do after an attempt.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    /// Dial again after a wait that grows.
    Again,
    /// Dial again, not earlier than this many milliseconds.
    After(u64),
    /// Wait long, or until the box is enrolled again.
    Refused,
    /// End.
    Stop,
}

/// Runs the agent until `stop` turns true, then finishes what is running and closes the journal.
///
/// # Errors
/// When the box is not enrolled, or its identity cannot be read. Nothing that comes later ends the agent.
pub async fn run(
    data_dir: PathBuf,
    executor: Executor,
    stop: signal::Receiver<bool>,
) -> Result<(), StartError> {
    let first = identity::load(&data_dir)?;
    tracing::info!(agent.id = first.agent_id, site.id = first.site_id, "agent started");
    let mut supervisor =
        Supervisor { data_dir, work: Work::new(executor), stop, backoff: Backoff::default() };
    let mut watching = JoinSet::new();
    watching.spawn(watch::look_after(supervisor.work.executor().clone()));
    supervisor.keep_up().await;
    watching.shutdown().await;
    supervisor.work.finish(Duration::from_millis(DRAIN_MS)).await;
    supervisor.work.executor().close().await;
    tracing::info!("agent stopped");
    Ok(())
}

struct Supervisor {
    data_dir: PathBuf,
    work: Work,
    stop: signal::Receiver<bool>,
    backoff: Backoff,
}

impl Supervisor {
    async fn keep_up(&mut self) {
        loop {
            // Read each time: the box may have been enrolled again.
            let next = match identity::load(&self.data_dir) {
                Ok(identity) => self.attempt(&identity).await,
                Err(error) => {
                    tracing::error!(
                        error = chain(&error),
                        "identity cannot be read; this box must be enrolled again"
                    );
                    Next::Refused
                }
            };
            let stopped = match next {
                Next::Stop => true,
                Next::Again => {
                    let wait = self.backoff.next(random::jitter);
                    self.wait(wait).await
                }
                Next::After(millis) => self.wait(Duration::from_millis(millis.min(RETRY_AFTER_MS_MAX))).await,
                Next::Refused => self.wait_for_enrolment().await,
            };
            if stopped {
                return;
            }
        }
    }

    /// Opens a link and serves it to its end.
    async fn attempt(&mut self, identity: &Identity) -> Next {
        let hello = self.hello().await;
        let mut stop = self.stop.clone();
        let opened = tokio::select! {
            opened = Session::open(&identity.address, identity.tls.clone(), hello) => opened,
            () = stopped(&mut stop) => return Next::Stop,
        };
        let (session, welcome) = match opened {
            Ok(opened) => opened,
            Err(error) => return self.not_opened(&error),
        };
        let opened_at = clock::monotonic();
        tracing::info!(agent.id = identity.agent_id, routers.count = welcome.router_ids.len(), "link is up");
        let ended = Box::pin(serve::serve(session, welcome, &mut self.work, &mut stop)).await;
        self.backoff.ended(opened_at.elapsed());
        let next = after_end(&ended);
        tracing::info!(reason = ?ended, "link is down");
        next
    }

    async fn hello(&self) -> Hello {
        Hello {
            version: pagos_protocol::VERSION,
            agent_version: env!("CARGO_PKG_VERSION").to_owned(),
            journal_id: self.work.executor().journal_id().to_owned(),
            routers: self.work.executor().known_routers().await,
        }
    }

    fn not_opened(&mut self, error: &OpenError) -> Next {
        match error {
            OpenError::Refused => {
                self.work.abort();
                self.work.executor().stand_down();
                tracing::error!(
                    "the control plane refuses this agent: it was revoked, replaced, or its certificate has ended; \
                     routers are left alone until it is enrolled again"
                );
                Next::Refused
            }
            OpenError::Later { retry_after_ms } => {
                tracing::info!(retry.after_ms = retry_after_ms, "the control plane asks to come back later");
                Next::After(*retry_after_ms)
            }
            OpenError::Dial(_)
            | OpenError::Status(_)
            | OpenError::Socket(_)
            | OpenError::NoWelcome
            | OpenError::Deadline => {
                tracing::warn!(error = chain(error), "link cannot be opened");
                Next::Again
            }
        }
    }

    /// Waits; true when the agent is asked to stop.
    async fn wait(&mut self, wait: Duration) -> bool {
        tokio::time::timeout(wait, stopped(&mut self.stop)).await.is_ok()
    }

    async fn wait_for_enrolment(&mut self) -> bool {
        let refused = identity::enrolled_id(&self.data_dir);
        let until = clock::deadline_in(REFUSED_WAIT_MS);
        while clock::monotonic() < until {
            if self.wait(Duration::from_millis(REFUSED_LOOK_MS)).await {
                return true;
            }
            let now = identity::enrolled_id(&self.data_dir);
            if now.is_some() && now != refused {
                self.backoff = Backoff::default();
                return false;
            }
        }
        false
    }
}

fn after_end(ended: &Ended) -> Next {
    match ended {
        Ended::Goodbye { retry_after_ms } => Next::After(*retry_after_ms),
        Ended::Closed | Ended::Silent | Ended::NotReading | Ended::Failed(_) => Next::Again,
        Ended::Stopped => Next::Stop,
    }
}

/// An error with its causes, on one line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// Returns when the agent is asked to stop.
async fn stopped(stop: &mut signal::Receiver<bool>) {
    // A sender that is gone asks for the same.
    let _ = stop.wait_for(|stop| *stop).await;
}
