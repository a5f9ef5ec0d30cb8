//! One open link: its frames to the executor, the outcomes back.

use std::pin::pin;
use std::time::Duration;

use pagos_protocol::{AgentMessage, Code, HandOver, Outcome, ServerMessage, Welcome};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::leases::Leases;
use super::watch::report_missing;
use super::work::{Work, report};
use super::{DRAIN_MS, chain, stopped};
use crate::executor::COMMANDS_MAX;
use crate::link::{Ended, Session};
use crate::seams::clock;

/// Most messages that wait between the link and the executor; beyond, the link is not read.
const INCOMING_MAX: usize = 16;
/// Most outcomes that wait to be sent; one more is dropped. Room for those of all commands that the executor takes, and
/// for as many that it turns away at once.
const OUTGOING_MAX: usize = 2 * COMMANDS_MAX;
/// Most answers about reservations that wait; one is asked for at a time.
const VERDICTS_MAX: usize = 4;
/// How often a stopping agent looks whether its commands are done, in milliseconds.
const DRAIN_LOOK_MS: u64 = 20;
/// How long a stopping agent waits for its link to close, in milliseconds.
const CLOSE_MS: u64 = 2_000;

/// Serves a link until it ends, or until the agent is asked to stop and what was running is done.
pub(super) async fn serve(
    session: Session,
    welcome: Welcome,
    work: &mut Work,
    stop: &mut watch::Receiver<bool>,
) -> Ended {
    if !take_over(work, welcome).await {
        return Ended::Closed;
    }
    let (incoming, mut messages) = mpsc::channel(INCOMING_MAX);
    let (outcomes, outgoing) = mpsc::channel(OUTGOING_MAX);
    let (verdicts, answers) = mpsc::channel(VERDICTS_MAX);
    let leases = Leases { executor: work.executor().clone(), outgoing: outcomes.clone(), verdicts: answers };
    // Ends with this function: what it has begun goes on in the executor.
    let mut asking = JoinSet::new();
    asking.spawn(leases.run());
    asking.spawn(report_missing(work.executor().clone(), outcomes.clone()));
    let mut link = pin!(session.run(incoming, outgoing));
    loop {
        tokio::select! {
            ended = &mut link => return ended,
            () = stopped(stop) => break,
            Some(message) = messages.recv() => match message {
                ServerMessage::Command(command) => work.start(command, &outcomes),
                // Failure is logged; the link stays, since the routers it had are still good.
                ServerMessage::Welcome(welcome) => drop(take_over(work, welcome).await),
                // One that finds no room is asked for again.
                ServerMessage::Verdicts(answer) => drop(verdicts.try_send(answer)),
                ServerMessage::HandOver(page) => hand_over(work, page, &outcomes).await,
                ServerMessage::Goodbye(_) | ServerMessage::Unknown => {}
            },
        }
    }
    asking.shutdown().await;
    let until = clock::deadline_in(DRAIN_MS);
    while !work.idle() && clock::monotonic() < until {
        tokio::select! {
            ended = &mut link => return stop_after(&ended),
            Some(message) = messages.recv() => turn_away(message, &outcomes),
            () = tokio::time::sleep(Duration::from_millis(DRAIN_LOOK_MS)) => {}
        }
    }
    // Without a sender the link closes itself, after what still waits has been sent.
    drop(outcomes);
    match tokio::time::timeout(Duration::from_millis(CLOSE_MS), link).await {
        Ok(ended) => stop_after(&ended),
        // Commands that are cut off still hold senders.
        Err(_) => Ended::Stopped,
    }
}

/// Hands the list of routers to the executor; false when it could not be stored.
async fn take_over(work: &Work, welcome: Welcome) -> bool {
    match work.executor().welcome(&welcome.router_ids, welcome.routers).await {
        Ok(()) => {
            work.executor().agree(welcome.reserve_lease_ms, welcome.hand_over);
            true
        }
        Err(error) => {
            tracing::error!(error = chain(&error), "routers of the site cannot be taken over");
            false
        }
    }
}

/// Has the journal remember a page of reservations, and says so after the last.
async fn hand_over(work: &Work, page: HandOver, outgoing: &mpsc::Sender<AgentMessage>) {
    match work.executor().hand_over(page).await {
        Ok(false) => {}
        Ok(true) => {
            let journal_id = work.executor().journal_id().to_owned();
            tracing::info!("open reservations have been handed over");
            if outgoing.try_send(AgentMessage::HandOverDone { journal_id }).is_err() {
                tracing::warn!("end of the hand-over was not reported; it is repeated with the next link");
            }
        }
        Err(error) => tracing::error!(error = chain(&error), "handed-over reservations were not stored"),
    }
}

fn turn_away(message: ServerMessage, outcomes: &mpsc::Sender<AgentMessage>) {
    match message {
        // An earlier delivery of the command may be at work: nothing can be said about the router.
        ServerMessage::Command(command) => {
            report(command.id, Outcome::failed(Code::Busy, "the agent is stopping"), outcomes);
        }
        ServerMessage::Welcome(_)
        | ServerMessage::Verdicts(_)
        | ServerMessage::HandOver(_)
        | ServerMessage::Goodbye(_)
        | ServerMessage::Unknown => {}
    }
}

/// However the link ended: the agent stops.
fn stop_after(ended: &Ended) -> Ended {
    tracing::debug!(reason = ?ended, "link ended while the agent was stopping");
    Ended::Stopped
}
