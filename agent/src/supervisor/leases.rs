//! Asks the control plane what became of reservations: all of them when the link is new, later those whose time has come.
//!
//! It never gives up and never decides by itself. A control plane that does not answer, as an older one does not, is
//! asked more and more seldom.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use pagos_protocol::{AgentMessage, Reservation, Verdicts, VerdictsWanted, site};
use tokio::sync::mpsc;

use super::chain;
use crate::executor::{Executor, ExecutorError, leases::UNNAMED_MS};
use crate::seams::{clock, random};

/// Over which time agents that come back at once spread their first questions, in milliseconds.
const FIRST_SPREAD_MS: u64 = 1_000;
/// How long an answer may take, in milliseconds.
const ANSWER_WAIT_MS: u64 = 15_000;
/// Shortest and longest pause between two looks at what is to be asked, in milliseconds.
const LOOK_MS_MIN: u64 = 100;
const LOOK_MS_MAX: u64 = 15_000;
/// First and longest pause after a question without an answer, in milliseconds.
const SILENCE_MS_MIN: u64 = 15_000;
const SILENCE_MS_MAX: u64 = 10 * 60_000;
/// Most verdicts that are carried out at one time.
const AT_WORK_MAX: usize = 8;

/// Why a question came to nothing.
enum Unanswered {
    /// No answer in time.
    Silence,
    /// The link has ended.
    LinkEnded,
    /// The journal cannot be read.
    Journal(ExecutorError),
}

/// The one who asks, for as long as one link stands.
pub(super) struct Leases {
    pub(super) executor: Executor,
    pub(super) outgoing: mpsc::Sender<AgentMessage>,
    /// Answers, as they come.
    pub(super) verdicts: mpsc::Receiver<Verdicts>,
}

impl Leases {
    /// Asks until the link ends.
    pub(super) async fn run(mut self) {
        tokio::time::sleep(random::jitter(Duration::from_millis(FIRST_SPREAD_MS))).await;
        let (mut due_only, mut silence_ms) = (false, SILENCE_MS_MIN);
        loop {
            match self.ask_all(due_only).await {
                Ok(()) => {
                    (due_only, silence_ms) = (true, SILENCE_MS_MIN);
                    self.wait_for_the_next().await;
                }
                Err(Unanswered::LinkEnded) => return,
                Err(Unanswered::Silence) => self.back_off(&mut silence_ms).await,
                Err(Unanswered::Journal(error)) => {
                    tracing::error!(error = chain(&error), "what to ask about cannot be read");
                    self.back_off(&mut silence_ms).await;
                }
            }
        }
    }

    async fn wait_for_the_next(&self) {
        // A journal that cannot be read says so at the next question.
        let next = self.executor.ask_in_ms().await.ok().flatten().unwrap_or(LOOK_MS_MAX);
        tokio::time::sleep(Duration::from_millis(next.clamp(LOOK_MS_MIN, LOOK_MS_MAX))).await;
    }

    async fn back_off(&self, silence_ms: &mut u64) {
        let half = Duration::from_millis(*silence_ms / 2);
        tokio::time::sleep(half + random::jitter(half)).await;
        *silence_ms = (*silence_ms * 2).min(SILENCE_MS_MAX);
    }

    async fn ask_all(&mut self, due_only: bool) -> Result<(), Unanswered> {
        for router in self.executor.known_routers().await {
            let mut after = String::new();
            loop {
                let page = self.executor.to_ask(&router.router_id, &after, due_only).await;
                let page = page.map_err(Unanswered::Journal)?;
                let Some(last) = page.last() else { break };
                after.clone_from(&last.purchase.id);
                for part in site::pages(page) {
                    self.ask(&router.router_id, part).await?;
                }
            }
        }
        Ok(())
    }

    async fn ask(&mut self, router_id: &str, reservations: Vec<Reservation>) -> Result<(), Unanswered> {
        let asked: BTreeSet<String> =
            reservations.iter().map(|reservation| reservation.purchase.id.clone()).collect();
        // An answer to an earlier question came too late.
        while self.verdicts.try_recv().is_ok() {}
        let question = VerdictsWanted { router_id: router_id.to_owned(), reservations };
        self.outgoing
            .send(AgentMessage::VerdictsWanted(question))
            .await
            .map_err(|_| Unanswered::LinkEnded)?;
        let mut answer = self.answer(router_id).await?;
        answer.verdicts.retain(|verdict| asked.contains(&verdict.purchase_id));
        let named: BTreeSet<String> =
            answer.verdicts.iter().map(|verdict| verdict.purchase_id.clone()).collect();
        for unnamed in asked.difference(&named) {
            self.executor.postpone(unnamed, UNNAMED_MS).await;
        }
        let (executor, outgoing) = (&self.executor, &self.outgoing);
        let carrying_out =
            stream::iter(answer.verdicts).for_each_concurrent(AT_WORK_MAX, |verdict| async move {
                let Some(settled) = executor.judge(router_id, verdict).await else { return };
                tracing::info!(
                    router.id = router_id,
                    purchase.id = settled.purchase.id,
                    "verdict was carried out"
                );
                // A link that has ended says so itself; what was done is in the journal.
                let _ = outgoing.send(AgentMessage::Settled(settled)).await;
            });
        carrying_out.await;
        Ok(())
    }

    async fn answer(&mut self, router_id: &str) -> Result<Verdicts, Unanswered> {
        let until = clock::deadline_in(ANSWER_WAIT_MS);
        loop {
            match tokio::time::timeout_at(until, self.verdicts.recv()).await {
                Ok(Some(answer)) if answer.router_id == router_id => return Ok(answer),
                Ok(Some(_)) => {}
                Ok(None) => return Err(Unanswered::LinkEnded),
                Err(_) => return Err(Unanswered::Silence),
            }
        }
    }
}
