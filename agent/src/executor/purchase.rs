//! The stations of a command of a purchase: turn, journal, router, journal, report.

use pagos_protocol::{Action, Code, Command, Done, Outcome};
use tokio::{sync::oneshot, time::timeout_at};

use super::{
    Inner, Place,
    act::Act,
    confirm,
    decision::{Asking, Before, Row, Verdict, decide},
    login, release, reserve,
};
use crate::seams::clock::{self, Instant};

/// How an act ended, and what it learnt about the user's row.
pub(super) struct Ended {
    pub(super) outcome: Outcome,
    pub(super) row: Row,
}

impl Ended {
    /// An end that says nothing new about the row.
    pub(super) fn with(outcome: Outcome) -> Self {
        Self { outcome, row: Row::Same }
    }
}

/// What the journal said about a command that is to be run.
struct Task {
    before: Before,
    row_id: Option<String>,
    profile: String,
}

/// Does a command of a purchase and reports. May go on after the report, until nothing that was given up can still
/// change the router; only then comes the turn of the purchase's next command.
pub(super) async fn run(
    inner: &Inner,
    command: Command,
    place: Place,
    deadline: Instant,
    report: oneshot::Sender<Outcome>,
) {
    // Whoever waits for a report may be gone: that never matters to the work.
    let Some(asking) = Asking::of(&command.action) else {
        let _ = report.send(Outcome::refused(Code::Unsupported, ""));
        return;
    };
    let Ok(turn) = timeout_at(deadline, inner.turns.wait(&asking.purchase_id)).await else {
        // What the one at work does to the router is not known here.
        let _ =
            report.send(Outcome::failed(Code::DeadlinePassed, "another command of the purchase is at work"));
        return;
    };
    let task = match take_up(inner, &asking, &command.router_id, deadline).await {
        Ok(task) => task,
        Err(outcome) => {
            let _ = report.send(outcome);
            return;
        }
    };
    let (ended, act) = act(&command.action, &task, place, deadline).await;
    record(inner, asking, &ended).await;
    let failed = matches!(ended.outcome, Outcome::Failed { .. });
    let _ = report.send(ended.outcome);
    if let (true, Some(act)) = (failed, act) {
        act.settle().await;
    }
    drop(turn);
}

/// Asks the journal, and has it remember the command. `Err` is the report when it is not to be run.
async fn take_up(
    inner: &Inner,
    asking: &Asking,
    router_id: &str,
    deadline: Instant,
) -> Result<Task, Outcome> {
    let judged = asking.clone();
    let router = router_id.to_owned();
    let deciding = inner.journal.decide(&asking.purchase_id, move |entry| {
        let now_ms = clock::now_ms();
        let verdict = decide(entry.as_ref(), judged.asked, judged.version, now_ms);
        let row_id = entry.as_ref().and_then(|entry| entry.row_id.clone());
        match &verdict {
            Verdict::Replay(_) | Verdict::Stale => (None, (verdict, row_id, String::new())),
            Verdict::Run(_) => {
                let entry = judged.taken_up(entry, &router, now_ms);
                let known = (verdict, entry.row_id.clone(), entry.profile.clone());
                (Some(entry), known)
            }
        }
    });
    let Ok(decided) = timeout_at(deadline, deciding).await else {
        return Err(Outcome::failed(Code::DeadlinePassed, "the journal was not written in time"));
    };
    match (decided.written, decided.verdict) {
        (Ok(()), Some((Verdict::Run(before), row_id, profile))) => Ok(Task { before, row_id, profile }),
        (Ok(()), Some((Verdict::Replay(outcome), ..))) => Err(outcome),
        (Ok(()), Some((Verdict::Stale, ..))) => Err(Outcome::refused(Code::Stale, "")),
        (Ok(()), None) => Err(Outcome::failed(Code::JournalFailed, "the journal did not answer")),
        (Err(error), verdict) => {
            tracing::error!(purchase.id = %asking.purchase_id, error = %error, "command was not journalled");
            let untouched = matches!(
                verdict,
                Some((Verdict::Run(Before::Unknown | Before::Nothing) | Verdict::Stale, ..))
            );
            let detail = error.to_string();
            Err(if untouched {
                Outcome::refused(Code::JournalFailed, detail)
            } else {
                Outcome::failed(Code::JournalFailed, detail)
            })
        }
    }
}

/// Does the act. Returns it when it has been at the router.
async fn act(action: &Action, task: &Task, place: Place, deadline: Instant) -> (Ended, Option<Act>) {
    let unsure = match action {
        // A reservation is refused only if no earlier one can have left a user.
        Action::Reserve(_) => matches!(task.before, Before::Something | Before::Resumed),
        Action::Confirm(_)
        | Action::Release(_)
        | Action::Login(_)
        | Action::DescribeUser { .. }
        | Action::ListProfiles
        | Action::Probe
        | Action::SetRouter(_)
        | Action::Unknown => task.before == Before::Resumed,
    };
    if let (Action::Release(_), Before::Nothing) = (action, task.before) {
        return (Ended { outcome: Outcome::done(Done::Released), row: Row::Gone }, None);
    }
    let mut act = match place {
        Ok(place) => Act::start(place, deadline),
        Err(none) if unsure => return (Ended::with(Outcome::failed(none.code(), "")), None),
        Err(none) => return (Ended::with(none.refused()), None),
    };
    if unsure {
        act.resume();
    }
    let row_id = task.row_id.as_deref();
    let ended = match action {
        Action::Reserve(reserve) => reserve::run(&mut act, reserve, row_id).await,
        Action::Confirm(confirm) => confirm::run(&mut act, confirm, row_id).await,
        Action::Release(release) => {
            let known = task.before != Before::Unknown;
            release::run(&mut act, release, row_id, &task.profile, known).await
        }
        Action::Login(login) => Ended::with(login::run(&mut act, login).await),
        Action::DescribeUser { .. }
        | Action::ListProfiles
        | Action::Probe
        | Action::SetRouter(_)
        | Action::Unknown => Ended::with(Outcome::refused(Code::Unsupported, "")),
    };
    (ended, Some(act))
}

async fn record(inner: &Inner, asking: Asking, ended: &Ended) {
    let purchase_id = asking.purchase_id.clone();
    let (outcome, row) = (ended.outcome.clone(), ended.row.clone());
    inner
        .journal
        .record(&purchase_id, move |entry| asking.ended(entry, &outcome, row, clock::now_ms()))
        .await;
}
