//! The persistent connection of one router: a task that owns the socket, and a handle to ask it.
//!
//! The task dials when a command asks for it, logs in once, and sends commands of many callers with tags, so that a
//! slow one delays nobody. It never sends a command twice: a command that was sent before the connection ended is
//! answered with [`CallError::Lost`], and its caller reads back what became of it. Every call is answered by its
//! deadline.

mod link;
mod task;

use std::time::Duration;

use pagos_protocol::RouterSettings;
use tokio::sync::{mpsc, oneshot};

use super::{CallError, Reply, Request};
use crate::seams::{clock::Instant, task as task_seam};

/// How long the TCP connection may take.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the login may take: up to nine seconds were seen on a small loaded router.
pub const LOGIN_TIMEOUT: Duration = Duration::from_secs(15);

/// After so long without a word from the router it is asked for its identity.
pub const IDLE_PROBE_AFTER: Duration = Duration::from_secs(30);

/// The same while commands are open: a router that rebooted leaves a connection that only seems to stand.
pub const BUSY_PROBE_AFTER: Duration = Duration::from_secs(5);

/// How long the router may then say nothing at all before the connection is given up. Small loaded routers take seconds.
pub const PROBE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the router may take to give up a command that was cancelled.
pub const CANCEL_GRACE: Duration = Duration::from_secs(5);

/// Most commands open at one time on one router.
pub const COMMANDS_OPEN_MAX: usize = 64;

/// Most commands that wait for one router.
pub const COMMANDS_WAITING_MAX: usize = 1024;

/// Most cancelled commands that a router may leave unanswered.
pub const ABANDONED_MAX: usize = 32;

/// The port that means TLS.
const TLS_PORT: u16 = 8729;

/// One command and its caller.
#[derive(Debug)]
struct Call {
    request: Request,
    deadline: Instant,
    answer: oneshot::Sender<Result<Reply, CallError>>,
}

impl Call {
    fn fail(self, error: CallError) {
        // A caller that is gone needs no answer.
        let _ = self.answer.send(Err(error));
    }
}

/// What the task is asked.
#[derive(Debug)]
enum Ask {
    Call(Call),
    /// Answer when no command that was given up can still change the router.
    Settle(oneshot::Sender<()>),
}

/// Handle to the connection of one router; cheap to clone. The connection ends when the last handle is dropped.
#[derive(Debug, Clone)]
pub struct Connection {
    asks: mpsc::Sender<Ask>,
}

impl Connection {
    /// Starts the task of a router. Nothing is dialled before the first call. Must be called within a tokio runtime.
    #[must_use]
    pub fn start(settings: RouterSettings) -> Self {
        let (asks, asked) = mpsc::channel(COMMANDS_OPEN_MAX);
        task_seam::spawn(task::Task::new(settings, asked).run());
        Self { asks }
    }

    /// Sends a command and waits for its reply, until `deadline` at the latest.
    ///
    /// Dropping the future does not take a command back that was sent.
    ///
    /// # Errors
    /// See [`CallError`]; [`CallError::effect_unknown`] tells whether the command may have taken effect.
    pub async fn call(&self, request: Request, deadline: Instant) -> Result<Reply, CallError> {
        let (answer, answered) = oneshot::channel();
        let call = Ask::Call(Call { request, deadline, answer });
        match tokio::time::timeout_at(deadline, self.asks.send(call)).await {
            Err(_) => return Err(CallError::DeadlinePassed { sent: false }),
            Ok(Err(_)) => return Err(CallError::Retired),
            Ok(Ok(())) => {}
        }
        answered.await.unwrap_or_else(|_| Err(CallError::Lost("the connection's task ended".into())))
    }

    /// Waits until no command that missed its deadline can still take effect: the router has given it up, or the
    /// connection that carried it is closed. Takes little longer than [`CANCEL_GRACE`].
    pub async fn settle(&self) {
        let (answer, answered) = oneshot::channel();
        if self.asks.send(Ask::Settle(answer)).await.is_ok() {
            // A task that ended has closed its connection.
            let _ = answered.await;
        }
    }
}

#[cfg(test)]
mod tests;
