//! One agent's connection, from its hello to its end.

mod desk;
mod pump;
mod welcome;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use pagos_protocol::{AgentMessage, Hello, frame};

use super::enrolment::VERSION_CHARS_MAX;
use super::hub::Entered;
use super::listener::Context;
use super::live::Inbox;
use crate::causes::chain;
use crate::domain::id::{AgentId, CompanyId, SiteId};
use crate::store::agents::AgentRow;
use crate::store::{StoreError, agents};
use desk::{Desk, Tray};

/// How long an agent may take to say hello, in milliseconds.
const HELLO_DEADLINE_MS: u64 = 10_000;

/// Whom a certificate belongs to; nothing of it comes from the agent.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    agent: AgentId,
    site: SiteId,
    company: CompanyId,
    fingerprint: Arc<str>,
    /// The journal that is known to hold all open reservations.
    journal: Option<Arc<str>>,
}

impl Identity {
    pub(super) fn new(row: &AgentRow, fingerprint: Arc<str>) -> Self {
        Self {
            agent: AgentId::new(row.id.as_str()),
            site: SiteId::new(row.site_id.as_str()),
            company: CompanyId::new(row.company_id.as_str()),
            fingerprint,
            journal: row.journal_id.as_deref().map(Arc::from),
        }
    }
}

impl Identity {
    /// The journal that the agent said hello with, if it is not the one that is known.
    fn new_journal(&self, hello: &Hello) -> Option<String> {
        let journal = clipped(&hello.journal_id);
        (self.journal.as_deref() != Some(journal.as_str())).then_some(journal)
    }
}

/// What is kept of a text that an agent says about itself.
fn clipped(text: &str) -> String {
    text.chars().take(VERSION_CHARS_MAX).collect()
}

/// Why a connection came to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum End {
    /// The first message was something else, or none came in time.
    #[error("agent did not say hello")]
    NoHello,
    /// Nothing was heard for too long.
    #[error("agent was silent for too long")]
    Silent,
    /// The agent takes nothing off the connection.
    #[error("agent does not read")]
    NotReading,
    /// The connection failed, or a frame was too large.
    #[error("connection failed: {0}")]
    Failed(axum::Error),
    /// A frame that no agent sends.
    #[error("agent sent a frame that is not text")]
    NotText,
    /// The agent closed it.
    #[error("agent closed the link")]
    Left,
    /// We closed it.
    #[error("link closed by the server")]
    Closed(super::live::Closing),
    /// The agent was revoked, or its routers changed, while it connected.
    #[error("identity or routers changed while the agent connected")]
    Changed,
    /// The server is going down.
    #[error("server takes no agents any more")]
    ShuttingDown,
    /// The database did not answer.
    #[error("agent cannot be looked up")]
    Store(#[from] StoreError),
}

/// Serves one connection until it ends, and logs why it did.
pub(super) async fn run(socket: WebSocket, context: Context, identity: Identity) {
    let (agent, site) = (identity.agent.clone(), identity.site.clone());
    // Boxed, so that an idle link does not keep the room that its greeting needed.
    let end = match Box::pin(greet(socket, context, identity)).await {
        // The inbox ends before the entry does, so that what was queued counts as never sent.
        Ok(Greeted { socket, entered, inbox, desk, tray }) => {
            pump::run(socket, &entered.live, inbox, desk, tray).await
        }
        Err(end) => end,
    };
    log_end(&agent, &site, &end);
}

fn log_end(agent: &AgentId, site: &SiteId, end: &End) {
    match end {
        End::NoHello | End::NotText | End::NotReading => {
            tracing::warn!(agent.id = %agent, site.id = %site, reason = %end, "agent disconnected");
        }
        End::Store(error) => {
            tracing::error!(agent.id = %agent, error = chain(error), "agent disconnected");
        }
        End::Silent | End::Failed(_) | End::Left | End::Closed(_) | End::Changed | End::ShuttingDown => {
            tracing::info!(agent.id = %agent, site.id = %site, reason = %end, "agent disconnected");
        }
    }
}

/// A connection that has been welcomed.
struct Greeted {
    socket: WebSocket,
    // Dropped in this order: the inbox ends before the entry does.
    inbox: Inbox,
    entered: Entered,
    desk: Desk,
    tray: Tray,
}

/// Hello and welcome.
async fn greet(mut socket: WebSocket, context: Context, identity: Identity) -> Result<Greeted, End> {
    let hello = hello(&mut socket).await?;
    let (entered, inbox) = enter(&mut socket, &context, &identity, &hello).await?;
    tracing::info!(
        agent.id = %identity.agent,
        site.id = %identity.site,
        agent.version = hello.agent_version,
        routers.count = entered.live.routers.len(),
        "agent connected"
    );
    let new_journal = identity.new_journal(&hello);
    let (desk, tray) = Desk::new(context, identity, entered.live.clone(), new_journal);
    Ok(Greeted { socket, inbox, entered, desk, tray })
}

async fn hello(socket: &mut WebSocket) -> Result<Hello, End> {
    let first = tokio::time::timeout(Duration::from_millis(HELLO_DEADLINE_MS), socket.recv()).await;
    let text = match first {
        Ok(Some(Ok(Message::Text(text)))) => text,
        Ok(Some(Err(error))) => return Err(End::Failed(error)),
        Ok(None | Some(Ok(_))) | Err(_) => return Err(End::NoHello),
    };
    match frame::decode::<AgentMessage>(&text) {
        Ok(AgentMessage::Hello(hello)) => Ok(hello),
        Ok(
            AgentMessage::Outcome { .. }
            | AgentMessage::VerdictsWanted(_)
            | AgentMessage::Settled(_)
            | AgentMessage::Missing(_)
            | AgentMessage::HandOverDone { .. }
            | AgentMessage::Unknown,
        )
        | Err(_) => Err(End::NoHello),
    }
}

/// Enters the connection into the hub and welcomes the agent.
///
/// Commands queue from the moment of entry and are written after the welcome. What the welcome says is read after the
/// entry, so a change made in between reaches the agent one way or the other.
async fn enter(
    socket: &mut WebSocket,
    context: &Context,
    identity: &Identity,
    hello: &Hello,
) -> Result<(Entered, Inbox), End> {
    let routers = welcome::router_ids(context, identity).await?;
    let (entered, inbox) =
        context.hub.enter(&identity.agent, &identity.site, &routers).ok_or(End::ShuttingDown)?;
    let welcome = welcome::read(context, identity, hello).await?;
    if !welcome::live(context, identity).await?
        || welcome.router_ids.iter().ne(routers.iter().map(|id| id.as_str()))
    {
        return Err(End::Changed);
    }
    note_seen(context, identity, hello).await;
    pump::send_welcome(socket, welcome).await?;
    Ok((entered, inbox))
}

async fn note_seen(context: &Context, identity: &Identity, hello: &Hello) {
    let agent = identity.agent.clone();
    let version = clipped(&hello.agent_version);
    let now = context.clock.now();
    let written = context
        .store
        .write::<_, StoreError, _>(move |conn| {
            Box::pin(async move { agents::seen(conn, &agent, &version, now).await })
        })
        .await;
    if let Err(error) = written {
        tracing::warn!(agent.id = %identity.agent, error = chain(&error), "hello was not noted");
    }
}
