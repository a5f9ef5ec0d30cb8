//! Commands under way, each in a task of its own. How many there may be, in all and on one router, is the executor's to
//! say.

use std::time::Duration;

use pagos_protocol::{Action, AgentMessage, Code, Command, Outcome};
use tokio::sync::mpsc::{self, error::TrySendError};
use tokio::task::JoinSet;

use crate::executor::Executor;
use crate::seams::{clock, task};

/// The commands under way, over all links.
pub(super) struct Work {
    executor: Executor,
    tasks: JoinSet<()>,
}

impl Work {
    pub(super) fn new(executor: Executor) -> Self {
        Self { executor, tasks: JoinSet::new() }
    }

    pub(super) fn executor(&self) -> &Executor {
        &self.executor
    }

    /// Starts a command; its outcome goes to `outcomes`, unless that link has ended by then.
    pub(super) fn start(&mut self, command: Command, outcomes: &mpsc::Sender<AgentMessage>) {
        self.reap();
        let executor = self.executor.clone();
        let outcomes = outcomes.clone();
        let work = async move {
            let id = command.id.clone();
            let note = Note::of(&command);
            let outcome = Box::pin(executor.execute(command)).await;
            note.write(&outcome);
            report(id, outcome, &outcomes);
        };
        task::spawn_in(&mut self.tasks, work);
    }

    /// Waits until nothing is under way; what takes longer than `limit` is left to the journal.
    pub(super) async fn finish(&mut self, limit: Duration) {
        let all_done = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(limit, all_done).await.is_err() {
            tracing::warn!(
                commands.count = self.tasks.len(),
                "commands were cut off by the end of the agent"
            );
            self.tasks.shutdown().await;
        }
    }

    /// Stops all commands where they are. The journal knows how far they came.
    pub(super) fn abort(&mut self) {
        self.tasks.abort_all();
        self.reap();
    }

    /// Whether something is under way.
    pub(super) fn idle(&mut self) -> bool {
        self.reap();
        self.tasks.is_empty()
    }

    fn reap(&mut self) {
        while let Some(done) = self.tasks.try_join_next() {
            if let Err(error) = done {
                if error.is_panic() {
                    tracing::error!(error = %error, "a command ended in a panic");
                }
            }
        }
    }
}

/// Hands an outcome to the link, without waiting: a link that takes nothing must not keep commands in memory.
///
/// What does not get through is no loss: the repeat of the command is answered from the journal.
pub(super) fn report(id: String, outcome: Outcome, outcomes: &mpsc::Sender<AgentMessage>) {
    match outcomes.try_send(AgentMessage::Outcome { id, outcome }) {
        // A link that has ended says so itself.
        Ok(()) | Err(TrySendError::Closed(_)) => {}
        Err(TrySendError::Full(_)) => {
            tracing::warn!("an outcome was dropped: too many wait to be sent");
        }
    }
}

/// What the log says of a command; never a name, a password or an address.
struct Note {
    kind: &'static str,
    router_id: String,
    purchase_id: Option<String>,
    began: clock::Instant,
}

impl Note {
    fn of(command: &Command) -> Self {
        let (kind, purchase) = match &command.action {
            Action::Reserve(reserve) => ("reserve", Some(&reserve.purchase)),
            Action::Confirm(confirm) => ("confirm", Some(&confirm.purchase)),
            Action::Release(release) => ("release", Some(&release.purchase)),
            Action::Revoke(revoke) => ("revoke", Some(&revoke.purchase)),
            Action::Login(login) => ("login", Some(&login.purchase)),
            Action::Reconnect(_) => ("reconnect", None),
            Action::CheckUser { .. } => ("check_user", None),
            Action::DescribeUser { .. } => ("describe_user", None),
            Action::DescribeUsers { .. } => ("describe_users", None),
            Action::ListProfiles => ("list_profiles", None),
            Action::Probe => ("probe", None),
            Action::SetRouter(_) => ("set_router", None),
            Action::Unknown => ("unknown", None),
        };
        Self {
            kind,
            router_id: command.router_id.clone(),
            purchase_id: purchase.map(|purchase| purchase.id.clone()),
            began: clock::monotonic(),
        }
    }

    fn write(&self, outcome: &Outcome) {
        let took_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (result, code) = match outcome {
            Outcome::Done { .. } => ("done", None),
            Outcome::Refused { code, .. } => ("refused", Some(code)),
            Outcome::Failed { code, .. } => ("failed", Some(code)),
            Outcome::Unknown => ("unknown", None),
        };
        tracing::info!(
            command.kind = self.kind,
            command.result = result,
            command.code = code.and_then(name),
            command.took_ms = took_ms,
            router.id = self.router_id,
            purchase.id = self.purchase_id,
            "command carried out"
        );
    }
}

/// The code as it is on the wire.
fn name(code: &Code) -> Option<String> {
    serde_json::to_value(code).ok()?.as_str().map(str::to_owned)
}
