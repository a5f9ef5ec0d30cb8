//! Where an agent's questions and reports about reservations are served, one after the other, beside its outcomes.
//!
//! An agent whose journal is new is first told the open reservations of its routers. Only when it says that it has
//! them all is its journal taken for known.

use std::sync::Arc;
use std::time::Duration;

use pagos_protocol::site::{self, ENTRIES_MAX};
use pagos_protocol::{AgentMessage, HandOver, ServerMessage, Settled, Verdicts, VerdictsWanted, frame};
use tokio::sync::{mpsc, oneshot};

use super::Identity;
use crate::causes::chain;
use crate::domain::id::{PurchaseId, RouterId};
use crate::link::listener::Context;
use crate::link::live::Live;
use crate::link::site::Place;
use crate::store::{StoreError, agents};

/// Most messages of one agent that wait to be served; one more is dropped, and the agent asks again. A site that lost all
/// users of two days reports them in so few.
pub(super) const WAITING_MAX: usize = 64;
/// Pause before a hand-over that failed begins anew, in milliseconds.
const RETRY_MS: u64 = 5_000;

/// Most frames of the desk that wait to be written.
const FRAMES_MAX: usize = 4;

/// What the desk wants written.
pub(super) struct Tray {
    /// Its frames.
    pub(super) frames: mpsc::Receiver<String>,
    /// Commands are held back until this resolves: an agent with a new journal could not take reservations.
    pub(super) opened: oneshot::Receiver<()>,
}

/// The desk of one connection.
pub(super) struct Desk {
    context: Context,
    identity: Identity,
    live: Arc<Live>,
    /// Frames to be written, before all commands.
    out: mpsc::Sender<String>,
    /// Lets the commands out; gone when it has.
    open: Option<oneshot::Sender<()>>,
    /// The journal that is not known, until its agent has all reservations.
    new_journal: Option<String>,
    /// Whether the last page has been queued.
    handed_over: bool,
}

impl Desk {
    /// A desk for a welcomed connection, and where the frames come out that it wants written. `new_journal` is the
    /// agent's journal if it was not known.
    pub(super) fn new(
        context: Context,
        identity: Identity,
        live: Arc<Live>,
        new_journal: Option<String>,
    ) -> (Self, Tray) {
        let (out, frames) = mpsc::channel(FRAMES_MAX);
        let (open, opened) = oneshot::channel();
        let open = Some(open);
        let desk = Self { context, identity, live, out, open, new_journal, handed_over: false };
        (desk, Tray { frames, opened })
    }

    /// Serves until the connection ends. Boxed work, so that an idle link does not keep room for it.
    pub(super) async fn run(mut self, mut messages: mpsc::Receiver<Box<AgentMessage>>) {
        if self.new_journal.is_some() {
            Box::pin(self.hand_over()).await;
        }
        if let Some(open) = self.open.take() {
            // The writer is there as long as this is.
            let _ = open.send(());
        }
        // Commands reach the agent after the last page.
        self.context.hub.announce(&self.live);
        while let Some(message) = messages.recv().await {
            Box::pin(self.serve(*message)).await;
        }
    }

    async fn serve(&mut self, message: AgentMessage) {
        match message {
            AgentMessage::VerdictsWanted(question) => self.judge(question).await,
            AgentMessage::Settled(Settled { router_id, purchase, outcome }) => {
                let Some(place) = self.place(&router_id) else { return };
                let id = PurchaseId::new(purchase.id);
                self.context.site.settled(&place, &id, purchase.version, outcome).await;
            }
            AgentMessage::Missing(missing) => {
                let Some(place) = self.place(&missing.router_id) else { return };
                let ids = missing.purchase_ids.into_iter().take(ENTRIES_MAX).map(PurchaseId::new);
                self.context.site.missing(&place, ids.collect()).await;
            }
            AgentMessage::HandOverDone { journal_id } => self.journal_known(&journal_id).await,
            AgentMessage::Hello(_) | AgentMessage::Outcome { .. } | AgentMessage::Unknown => {}
        }
    }

    /// The router of that id, if it is one of this agent's.
    fn place(&self, router_id: &str) -> Option<Place> {
        let router = self.live.routers.iter().find(|router| router.as_str() == router_id);
        if router.is_none() {
            tracing::warn!(agent.id = %self.live.agent, "message about a router of another site dropped");
        }
        Some(Place { router: router?.clone(), company: self.identity.company.clone() })
    }

    async fn post(&self, message: &ServerMessage) {
        match frame::encode(message) {
            // The receiver is gone when the link has ended.
            Ok(text) => drop(self.out.send(text).await),
            Err(error) => {
                tracing::error!(agent.id = %self.live.agent, error = %error, "message does not fit into a frame");
            }
        }
    }

    async fn judge(&self, question: VerdictsWanted) {
        let Some(place) = self.place(&question.router_id) else { return };
        let mut reservations = question.reservations;
        reservations.truncate(ENTRIES_MAX);
        match self.context.site.verdicts(&place, reservations).await {
            Ok(verdicts) => {
                let router_id = question.router_id;
                self.post(&ServerMessage::Verdicts(Verdicts { router_id, verdicts })).await;
            }
            Err(error) => {
                // The agent keeps what it has and asks again.
                tracing::error!(router.id = %place.router, error = chain(&error), "verdicts cannot be given");
            }
        }
    }

    /// Tells all open reservations, again from the start when the database fails in between.
    async fn hand_over(&mut self) {
        while let Err(error) = self.tell_all().await {
            tracing::error!(
                agent.id = %self.live.agent, error = chain(&error), "open reservations cannot be handed over"
            );
            tokio::time::sleep(Duration::from_millis(RETRY_MS)).await;
        }
        self.handed_over = true;
    }

    async fn tell_all(&self) -> Result<(), StoreError> {
        let mut count = 0;
        for router in &self.live.routers {
            count += self.tell(router).await?;
        }
        // An agent without routers is told nothing, and takes no reservations either.
        if let Some(router) = self.live.routers.last() {
            let end = HandOver { router_id: router.as_str().into(), reservations: Vec::new(), last: true };
            self.post(&ServerMessage::HandOver(end)).await;
            tracing::info!(agent.id = %self.live.agent, reservations.count = count, "open reservations handed over");
        }
        Ok(())
    }

    /// Tells those of one router; how many they were.
    async fn tell(&self, router: &RouterId) -> Result<usize, StoreError> {
        let place = Place { router: router.clone(), company: self.identity.company.clone() };
        let (mut after, mut count) = (None, 0);
        loop {
            let page = self.context.site.open_reservations(&place, after.as_ref(), ENTRIES_MAX).await?;
            let (told, last) = (page.len(), page.last().map(|last| PurchaseId::new(&last.purchase.id)));
            for reservations in site::pages(page) {
                let router_id = router.as_str().into();
                let message = HandOver { router_id, reservations, last: false };
                self.post(&ServerMessage::HandOver(message)).await;
            }
            count += told;
            if told < ENTRIES_MAX {
                return Ok(count);
            }
            after = last;
        }
    }

    async fn journal_known(&mut self, journal_id: &str) {
        let expected = self.new_journal.as_deref() == Some(super::clipped(journal_id).as_str());
        if !(expected && self.handed_over) {
            tracing::warn!(agent.id = %self.live.agent, "end of a hand-over that is not under way dropped");
            return;
        }
        let (agent, company) = (self.identity.agent.clone(), self.identity.company.clone());
        let journal = super::clipped(journal_id);
        let work = self.context.store.write::<_, StoreError, _>(move |conn| {
            Box::pin(async move { agents::journal_known(conn, &company, &agent, &journal).await })
        });
        match work.await {
            Ok(()) => self.new_journal = None,
            Err(error) => {
                // The next link begins the hand-over anew.
                tracing::error!(agent.id = %self.live.agent, error = chain(&error), "journal was not noted");
            }
        }
    }
}
