//! The stations of a command of a purchase: turn, journal, router, journal, report.

use pagos_protocol::{Action, Code, Command, Done, Outcome};
use tokio::{sync::oneshot, time::timeout_at};

use super::{
    Inner, Place,
    act::Act,
    confirm,
    decision::{Asking, Before, Row, Verdict, decide},
    leases, login,
    ownership::Known,
    release, reserve, revoke,
};
use crate::{
    journal::{Entry, Kind},
    seams::clock::{self, Instant},
};

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
    entry: Entry,
}

/// What the journal decided, and the entry it holds now; none when it holds none.
type Decision = (Verdict, Option<Entry>);

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
    let (ended, act) = act(inner, &command.action, &task, place, deadline).await;
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
    let (lease_ms, opened_at) = (inner.lease_ms(), inner.opened_at);
    let deciding = inner.journal.decide(&asking.purchase_id, move |entry| -> (_, Decision) {
        let now_ms = clock::now_ms();
        let verdict = decide(entry.as_ref(), judged.asked, judged.version, now_ms);
        match &verdict {
            Verdict::Replay(_) | Verdict::Stale => (None, (verdict, None)),
            Verdict::Run(_) => {
                let doubt = entry.as_ref().is_some_and(|entry| is_cut_off(entry, opened_at));
                let mut entry = judged.taken_up(entry, &router, now_ms);
                entry.doubt |= doubt;
                entry.ask_at = leases::ask_at(&entry, now_ms, lease_ms);
                (Some(entry.clone()), (verdict, Some(entry)))
            }
        }
    });
    let Ok(decided) = timeout_at(deadline, deciding).await else {
        return Err(Outcome::failed(Code::DeadlinePassed, "the journal was not written in time"));
    };
    match (decided.written, decided.verdict) {
        (Ok(()), Some((Verdict::Run(before), Some(entry)))) => Ok(Task { before, entry }),
        (Ok(()), Some((Verdict::Replay(outcome), _))) => Err(outcome),
        (Ok(()), Some((Verdict::Stale, _))) => Err(Outcome::refused(Code::Stale, "")),
        (Ok(()), Some((Verdict::Run(_), None)) | None) => {
            Err(Outcome::failed(Code::JournalFailed, "the journal did not answer"))
        }
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

/// Whether the newest decision is a reservation that was cut off: by the end of the process while it was at work, or
/// while it was made sure that nothing of it is still under way.
fn is_cut_off(entry: &Entry, opened_at: i64) -> bool {
    let Some((Kind::Reserve, slot)) = &entry.decision else { return false };
    match &slot.outcome {
        None | Some(Outcome::Unknown) => true,
        Some(Outcome::Failed { .. }) => entry.started_at < opened_at,
        Some(Outcome::Done { .. } | Outcome::Refused { .. }) => false,
    }
}

/// Does the act. Returns it when it has been at the router.
async fn act(
    inner: &Inner,
    action: &Action,
    task: &Task,
    place: Place,
    deadline: Instant,
) -> (Ended, Option<Act>) {
    // A reservation is refused only if no earlier one can have left a user.
    let reserving = matches!(action, Action::Reserve(_));
    let unsure = task.before == Before::Resumed || (reserving && task.before == Before::Something);
    if let (Action::Release(_), Before::Nothing, false) = (action, task.before, task.entry.doubt) {
        return (Ended::with(Outcome::done(Done::Released)), None);
    }
    let place = place.map_err(super::routers::NoPlace::code).and_then(|place| {
        // With an empty journal nobody could say what else stands on the router.
        if reserving && !inner.is_ready() { Err(Code::Busy) } else { Ok(place) }
    });
    let mut act = match place {
        Ok(place) => Act::start(place, deadline),
        Err(code) if unsure => return (Ended::with(Outcome::failed(code, "")), None),
        Err(code) => return (Ended::with(Outcome::refused(code, "")), None),
    };
    if unsure {
        act.resume();
    }
    let entry = &task.entry;
    let known = Known {
        journal: &inner.journal,
        router_id: &entry.router_id,
        purchase_id: &entry.purchase_id,
        row_id: entry.row_id.as_deref(),
        profile: &entry.profile,
        purchase: task.before != Before::Unknown,
        confirmed: entry.confirmed,
    };
    let ended = match action {
        Action::Reserve(reserve) => reserve::run(&mut act, reserve, known.row_id).await,
        Action::Confirm(confirm) => confirm::run(&mut act, confirm, &known).await,
        Action::Release(release) => release::run(&mut act, release, &known, entry.doubt).await,
        Action::Revoke(revoke) => revoke::run(&mut act, revoke, &known).await,
        Action::Login(login) => Ended::with(login::run(&mut act, login).await),
        Action::Reconnect(_)
        | Action::CheckUser { .. }
        | Action::DescribeUser { .. }
        | Action::DescribeUsers { .. }
        | Action::ListProfiles
        | Action::Probe
        | Action::SetRouter(_)
        | Action::Unknown => Ended::with(Outcome::refused(Code::Unsupported, "")),
    };
    (ended, Some(act))
}

async fn record(inner: &Inner, asking: Asking, ended: &Ended) {
    let purchase_id = asking.purchase_id.clone();
    let (outcome, row, lease_ms) = (ended.outcome.clone(), ended.row.clone(), inner.lease_ms());
    let update = move |entry: Option<Entry>| {
        let now_ms = clock::now_ms();
        let mut entry = asking.ended(entry, &outcome, row, now_ms)?;
        entry.ask_at = leases::ask_at(&entry, now_ms, lease_ms);
        Some(entry)
    };
    inner.journal.record(&purchase_id, update).await;
}
