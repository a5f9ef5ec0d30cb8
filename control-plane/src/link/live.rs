//! What the rest of the process holds of one agent's connection.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use pagos_protocol::{Command, Outcome, ServerMessage, frame};
use tokio::sync::{mpsc, oneshot, watch};

use super::SendError;
use crate::domain::id::{AgentId, RouterId, SiteId};

/// Most frames that wait to be written to one agent; one more is refused.
pub(super) const OUTBOX_MAX: usize = 256;

/// Why the server closes a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Closing {
    /// The same agent has connected anew.
    Replaced,
    /// The agent may not connect any more, or has to read anew what it serves.
    Dismissed,
    /// The server is going down; the agent may dial again after this many milliseconds.
    Goodbye {
        /// Wait of this agent, in milliseconds.
        retry_after_ms: u64,
    },
}

/// One connection, as the hub knows it.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) number: u64,
    pub(super) agent: AgentId,
    pub(super) site: SiteId,
    pub(super) routers: Vec<RouterId>,
    outbox: mpsc::Sender<Parcel>,
    closing: watch::Sender<Option<Closing>>,
    waiting: Mutex<BTreeMap<String, oneshot::Sender<Outcome>>>,
}

/// The connection's own end of a [`Live`].
#[derive(Debug)]
pub(super) struct Inbox {
    pub(super) outbox: mpsc::Receiver<Parcel>,
    pub(super) closing: watch::Receiver<Option<Closing>>,
}

/// One frame that waits to be written. `Debug` shows only its length, since frames hold passwords.
pub(super) struct Parcel {
    text: String,
    stage: Arc<Stage>,
}

impl Parcel {
    /// The text to write now; none when its sender has given up. From here on it counts as sent.
    pub(super) fn take(self) -> Option<String> {
        self.stage.advance(Stage::SENT).then_some(self.text)
    }
}

impl fmt::Debug for Parcel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parcel")
            .field("bytes", &self.text.len())
            .field("stage", &self.stage)
            .finish_non_exhaustive()
    }
}

/// Where a frame is between its sender and the socket; the two agree on one answer.
#[derive(Debug, Default)]
struct Stage(AtomicU8);

impl Stage {
    const QUEUED: u8 = 0;
    const SENT: u8 = 1;
    const WITHDRAWN: u8 = 2;

    /// Moves a queued frame on; false when it was moved on before.
    fn advance(&self, to: u8) -> bool {
        self.0.compare_exchange(Self::QUEUED, to, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

impl Live {
    /// A connection that is about to be entered into the hub, and the end its task works on.
    pub(super) fn new(
        number: u64,
        agent: AgentId,
        site: SiteId,
        routers: Vec<RouterId>,
    ) -> (Arc<Self>, Inbox) {
        let (sender, outbox) = mpsc::channel(OUTBOX_MAX);
        let (close, closing) = watch::channel(None);
        let live =
            Self { number, agent, site, routers, outbox: sender, closing: close, waiting: Mutex::default() };
        (Arc::new(live), Inbox { outbox, closing })
    }

    /// Sends a command and waits for its outcome.
    pub(super) async fn deliver(
        self: Arc<Self>,
        command: Command,
        deadline: Duration,
    ) -> Result<Outcome, SendError> {
        let id = command.id.clone();
        let text = match frame::encode(&ServerMessage::Command(command)) {
            Ok(text) => text,
            Err(error) => {
                tracing::error!(command.id = id, error = %error, "command does not fit into a frame");
                return Err(SendError::Offline);
            }
        };
        let (answer, answered) = oneshot::channel();
        self.waiting().insert(id.clone(), answer);
        let waiting = Waiting { live: &self, id };
        let stage = Arc::new(Stage::default());
        let parcel = Parcel { text, stage: stage.clone() };
        if self.outbox.try_send(parcel).is_err() {
            return Err(SendError::Offline);
        }
        let result = tokio::time::timeout(deadline, answered).await;
        drop(waiting);
        match result {
            Ok(Ok(outcome)) => Ok(outcome),
            // The link ended, or the time is over.
            Ok(Err(_)) | Err(_) if stage.advance(Stage::WITHDRAWN) => Err(SendError::Offline),
            Ok(Err(_)) | Err(_) => Err(SendError::NoAnswer),
        }
    }

    /// Hands an outcome to who waits for it; false when nobody does.
    pub(super) fn settle(&self, id: &str, outcome: Outcome) -> bool {
        let Some(answer) = self.waiting().remove(id) else { return false };
        answer.send(outcome).is_ok()
    }

    /// Asks the connection's task to close. The first reason stands.
    pub(super) fn close(&self, reason: Closing) {
        self.closing.send_if_modified(|closing| {
            let first = closing.is_none();
            closing.get_or_insert(reason);
            first
        });
    }

    /// Nobody will answer any more. To be called after the [`Inbox`] is gone.
    pub(super) fn abandon(&self) {
        self.waiting().clear();
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<String, oneshot::Sender<Outcome>>> {
        self.waiting.lock().expect("no holder of this lock panics")
    }
}

/// Takes a command off the list of those that wait, also when the caller goes away.
struct Waiting<'a> {
    live: &'a Live,
    id: String,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.live.waiting().remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use pagos_protocol::{Action, Command, Done, Outcome, RouterSettings, Secret};

    use super::{Inbox, Live, OUTBOX_MAX};
    use crate::domain::id::{AgentId, SiteId};
    use crate::link::SendError;

    fn link() -> (Arc<Live>, Inbox) {
        Live::new(1, AgentId::new("a"), SiteId::new("s"), Vec::new())
    }

    fn command(id: &str) -> Command {
        Command { id: id.into(), router_id: "RTR_1".into(), deadline_ms: 10, action: Action::Probe }
    }

    #[tokio::test(start_paused = true)]
    async fn a_command_that_was_never_written_is_offline_and_is_not_written_later() {
        let (live, mut inbox) = link();
        let result = live.clone().deliver(command("c1"), Duration::from_millis(10)).await;
        assert_eq!(result, Err(SendError::Offline));
        assert_eq!(inbox.outbox.recv().await.and_then(super::Parcel::take), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_written_command_without_an_outcome_is_no_answer() {
        let (live, mut inbox) = link();
        let sending = tokio::spawn(live.clone().deliver(command("c1"), Duration::from_millis(10)));
        assert!(inbox.outbox.recv().await.and_then(super::Parcel::take).is_some());
        assert_eq!(sending.await.expect("task"), Err(SendError::NoAnswer));
        assert!(!live.settle("c1", Outcome::done(Done::Released)), "a late outcome finds nobody");
    }

    #[tokio::test(start_paused = true)]
    async fn a_link_that_ends_tells_what_was_sent_from_what_was_not() {
        let (live, mut inbox) = link();
        let sent = tokio::spawn(live.clone().deliver(command("c1"), Duration::from_secs(60)));
        assert!(inbox.outbox.recv().await.and_then(super::Parcel::take).is_some());
        let queued = tokio::spawn(live.clone().deliver(command("c2"), Duration::from_secs(60)));
        tokio::task::yield_now().await;
        drop(inbox);
        live.abandon();
        assert_eq!(sent.await.expect("task"), Err(SendError::NoAnswer));
        assert_eq!(queued.await.expect("task"), Err(SendError::Offline));
    }

    #[tokio::test]
    async fn debug_of_a_waiting_frame_hides_its_text() {
        let (live, mut inbox) = link();
        let settings = RouterSettings {
            router_id: "RTR_1".into(),
            version: 1,
            host: "10.0.0.1".into(),
            port: 8729,
            username: "api".into(),
            password: Secret::new("s3creta"),
        };
        let command = Command { action: Action::SetRouter(settings), ..command("c1") };
        let sending = tokio::spawn(live.deliver(command, Duration::from_secs(1)));
        let parcel = inbox.outbox.recv().await.expect("a frame");
        let shown = format!("{parcel:?}");
        assert!(
            shown.contains("bytes") && !shown.contains("s3creta") && !shown.contains("10.0.0.1"),
            "{shown}"
        );
        sending.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_queue_refuses_at_once() {
        let (live, _inbox) = link();
        let mut waiting = tokio::task::JoinSet::new();
        for number in 0..OUTBOX_MAX {
            waiting.spawn(live.clone().deliver(command(&format!("c{number}")), Duration::from_secs(60)));
        }
        tokio::task::yield_now().await;
        let result = live.clone().deliver(command("one more"), Duration::from_secs(60)).await;
        assert_eq!(result, Err(SendError::Offline));
    }

    #[tokio::test(start_paused = true)]
    async fn an_outcome_reaches_its_own_command_once() {
        let (live, mut inbox) = link();
        let sending = tokio::spawn(live.clone().deliver(command("c1"), Duration::from_secs(1)));
        assert!(inbox.outbox.recv().await.and_then(super::Parcel::take).is_some());
        assert!(!live.settle("c2", Outcome::done(Done::Released)));
        assert!(live.settle("c1", Outcome::done(Done::Reserved)));
        assert!(!live.settle("c1", Outcome::done(Done::Released)));
        assert_eq!(sending.await.expect("task"), Ok(Outcome::done(Done::Reserved)));
    }
}
