//! Which router is reachable through which connection. In memory: a node knows the agents connected to it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use futures_util::future::BoxFuture;
use pagos_protocol::{Action, Command, Outcome, RouterSettings};
use tokio::sync::{Notify, broadcast};

use super::live::{Closing, Inbox, Live};
use super::{LinkPort, SendError};
use crate::domain::id::{AgentId, RouterId, SiteId};
use crate::seams::{Clock, Random};

/// Arrivals kept for a slow listener; one that falls further behind is told how many it missed.
const ARRIVALS_MAX: usize = 4096;
/// How long a router may take to take over new settings, in milliseconds.
const SETTINGS_DEADLINE_MS: u64 = 15_000;
/// Part of a deadline that is kept for the way back, as a divisor.
const WAY_BACK_DIVISOR: u32 = 10;
/// Most of a deadline that is kept for the way back, in milliseconds.
const WAY_BACK_MS_MAX: u64 = 500;
/// Shortest wait that agents are asked for when the server goes down, in milliseconds.
const RETRY_AFTER_MS_MIN: u32 = 500;
/// Time per connected agent over which their return is spread, in milliseconds.
const RETRY_SPREAD_MS_PER_AGENT: u32 = 2;
/// Longest spread, in milliseconds.
const RETRY_SPREAD_MS_MAX: u32 = 15_000;
/// How long [`Hub::goodbye`] waits for connections to close, in milliseconds.
const GOODBYE_WAIT_MS: u64 = 3_000;

/// The agents connected to this node. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Hub(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    clock: Clock,
    random: Random,
    table: Mutex<Table>,
    arrivals: broadcast::Sender<RouterId>,
    emptied: Notify,
}

#[derive(Debug, Default)]
struct Table {
    by_router: BTreeMap<RouterId, Arc<Live>>,
    by_agent: BTreeMap<AgentId, Arc<Live>>,
    last_number: u64,
    closed: bool,
}

impl Table {
    fn remove(&mut self, live: &Live) {
        for router in &live.routers {
            if self.by_router.get(router).is_some_and(|entered| entered.number == live.number) {
                self.by_router.remove(router);
            }
        }
        if self.by_agent.get(&live.agent).is_some_and(|entered| entered.number == live.number) {
            self.by_agent.remove(&live.agent);
        }
    }
}

impl Hub {
    /// A hub without agents.
    #[must_use]
    pub fn new(clock: Clock, random: Random) -> Self {
        let (arrivals, _) = broadcast::channel(ARRIVALS_MAX);
        let table = Mutex::default();
        Self(Arc::new(Shared { clock, random, table, arrivals, emptied: Notify::new() }))
    }

    /// Whether the agent of `router` is connected to this node.
    #[must_use]
    pub fn connected(&self, router: &RouterId) -> bool {
        self.table().by_router.contains_key(router)
    }

    /// How many agents are connected to this node.
    #[must_use]
    pub fn agents(&self) -> usize {
        self.table().by_agent.len()
    }

    /// Every router from now on whose agent has been welcomed, one by one.
    ///
    /// A receiver that reports `Lagged` has missed some and should look at all it waits for.
    #[must_use]
    pub fn arrivals(&self) -> broadcast::Receiver<RouterId> {
        self.0.arrivals.subscribe()
    }

    /// Sends changed settings to the agent if it is connected. What it does not take now comes with the next
    /// welcome.
    pub async fn settings_changed(&self, settings: RouterSettings) {
        let router = RouterId::new(settings.router_id.as_str());
        let version = settings.version;
        let deadline = Duration::from_millis(SETTINGS_DEADLINE_MS);
        match self.send(&router, Action::SetRouter(settings), deadline).await {
            Ok(Outcome::Done { .. }) => {
                tracing::info!(router.id = %router, settings.version = version, "agent took over router settings");
            }
            Ok(Outcome::Refused { .. } | Outcome::Failed { .. } | Outcome::Unknown) => {
                tracing::warn!(router.id = %router, settings.version = version, "agent did not take over router settings");
                self.welcome_anew(&router);
            }
            Err(SendError::NoAnswer) => {
                tracing::warn!(router.id = %router, settings.version = version, "agent did not answer new router settings");
                self.welcome_anew(&router);
            }
            Err(SendError::Offline) => {
                tracing::info!(router.id = %router, settings.version = version, "router settings wait for the agent");
            }
        }
    }

    /// Lets the agent of a router dial again: its welcome brings the settings that it did not take.
    fn welcome_anew(&self, router: &RouterId) {
        if let Some(live) = self.table().by_router.get(router) {
            live.close(Closing::Dismissed);
        }
    }

    /// Closes the connection of an agent, which has been revoked.
    pub fn disconnect_agent(&self, agent: &AgentId) {
        if let Some(live) = self.table().by_agent.get(agent) {
            live.close(Closing::Dismissed);
        }
    }

    /// Closes the connection of a site's agent. If it is not revoked it dials again at once, and is told anew which
    /// routers it serves: use this too when a site gains or loses a router.
    pub fn disconnect_site(&self, site: &SiteId) {
        for live in self.table().by_agent.values().filter(|live| live.site == *site) {
            live.close(Closing::Dismissed);
        }
    }

    /// Tells all agents when to come back, spread so that they do not all come at once, and closes their connections.
    /// None is let in afterwards.
    pub async fn goodbye(&self) {
        for (live, retry_after_ms) in self.dismiss_all() {
            live.close(Closing::Goodbye { retry_after_ms });
        }
        let all_gone = async {
            loop {
                let emptied = self.0.emptied.notified();
                if self.agents() == 0 {
                    return;
                }
                emptied.await;
            }
        };
        if tokio::time::timeout(Duration::from_millis(GOODBYE_WAIT_MS), all_gone).await.is_err() {
            tracing::warn!(agents.count = self.agents(), "agents did not close their links in time");
        }
    }

    fn dismiss_all(&self) -> Vec<(Arc<Live>, u64)> {
        let mut table = self.table();
        table.closed = true;
        let agents = u32::try_from(table.by_agent.len()).unwrap_or(u32::MAX);
        let spread = agents.saturating_mul(RETRY_SPREAD_MS_PER_AGENT).clamp(1, RETRY_SPREAD_MS_MAX);
        let wait = || u64::from(RETRY_AFTER_MS_MIN + self.0.random.below(spread));
        table.by_agent.values().map(|live| (live.clone(), wait())).collect()
    }

    /// Whether no agent is let in any more.
    pub(super) fn closed(&self) -> bool {
        self.table().closed
    }

    /// Enters a connection; an older one of the same agent is closed. None when the hub is closed.
    pub(super) fn enter(
        &self,
        agent: &AgentId,
        site: &SiteId,
        routers: &[RouterId],
    ) -> Option<(Entered, Inbox)> {
        let mut table = self.table();
        if table.closed {
            return None;
        }
        table.last_number += 1;
        let (live, inbox) = Live::new(table.last_number, agent.clone(), site.clone(), routers.to_vec());
        if let Some(older) = table.by_agent.insert(agent.clone(), live.clone()) {
            table.remove(&older);
            older.close(Closing::Replaced);
        }
        for router in routers {
            table.by_router.insert(router.clone(), live.clone());
        }
        Some((Entered { hub: self.clone(), live }, inbox))
    }

    pub(super) fn announce(&self, live: &Live) {
        for router in &live.routers {
            // Nobody may be listening.
            let _ = self.0.arrivals.send(router.clone());
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.table.lock().expect("no holder of this lock panics")
    }
}

/// An entry in the hub; dropping it takes the connection out again.
#[derive(Debug)]
pub(super) struct Entered {
    hub: Hub,
    pub(super) live: Arc<Live>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        let mut table = self.hub.table();
        table.remove(&self.live);
        let empty = table.by_agent.is_empty();
        drop(table);
        self.live.abandon();
        if empty {
            self.hub.0.emptied.notify_waiters();
        }
    }
}

impl LinkPort for Hub {
    fn send(
        &self,
        router: &RouterId,
        action: Action,
        deadline: Duration,
    ) -> BoxFuture<'static, Result<Outcome, SendError>> {
        let Some(live) = self.table().by_router.get(router).cloned() else {
            return Box::pin(std::future::ready(Err(SendError::Offline)));
        };
        let id = self.0.random.uuid(self.0.clock.now());
        let command = Command {
            id,
            router_id: router.as_str().into(),
            deadline_ms: agent_deadline_ms(deadline),
            action,
        };
        Box::pin(live.deliver(command, deadline))
    }
}

/// What the agent may use of a deadline, so that its answer arrives before the end.
fn agent_deadline_ms(deadline: Duration) -> u64 {
    let way_back = (deadline / WAY_BACK_DIVISOR).min(Duration::from_millis(WAY_BACK_MS_MAX));
    u64::try_from(deadline.saturating_sub(way_back).as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use pagos_protocol::Action;

    use super::{Hub, agent_deadline_ms};
    use crate::domain::id::{AgentId, RouterId, SiteId};
    use crate::link::live::Closing;
    use crate::link::{LinkPort, SendError};
    use crate::seams::{Clock, Random};

    fn hub() -> Hub {
        Hub::new(Clock::System, Random::default())
    }

    fn ids(agent: &str) -> (AgentId, SiteId, Vec<RouterId>) {
        (AgentId::new(agent), SiteId::new("site"), vec![RouterId::new("RTR_1")])
    }

    #[test]
    fn the_agent_gets_a_little_less_than_the_deadline() {
        assert_eq!(agent_deadline_ms(Duration::from_secs(20)), 19_500);
        assert_eq!(agent_deadline_ms(Duration::from_secs(1)), 900);
        assert_eq!(agent_deadline_ms(Duration::ZERO), 0);
    }

    #[tokio::test]
    async fn a_router_without_an_agent_is_offline() {
        let sent = hub().send(&RouterId::new("RTR_1"), Action::Probe, Duration::from_secs(1)).await;
        assert_eq!(sent, Err(SendError::Offline));
    }

    #[tokio::test]
    async fn a_new_connection_replaces_the_old_and_outlives_its_end() {
        let hub = hub();
        let (agent, site, routers) = ids("agent");
        let (old, old_inbox) = hub.enter(&agent, &site, &routers).expect("open");
        let (_new, new_inbox) = hub.enter(&agent, &site, &routers).expect("open");
        assert_eq!(*old_inbox.closing.borrow(), Some(Closing::Replaced));
        drop(old);
        assert!(hub.connected(&routers[0]));
        assert_eq!(*new_inbox.closing.borrow(), None);
    }

    #[tokio::test]
    async fn after_goodbye_nobody_is_let_in() {
        let hub = hub();
        let (agent, site, routers) = ids("agent");
        let (entered, inbox) = hub.enter(&agent, &site, &routers).expect("open");
        let ended = tokio::spawn(async move {
            let mut closing = inbox.closing;
            closing.changed().await.expect("hub");
            let reason = *closing.borrow();
            drop(entered);
            reason
        });
        hub.goodbye().await;
        assert!(matches!(ended.await.expect("task"), Some(Closing::Goodbye { retry_after_ms: 500.. })));
        assert!(hub.enter(&agent, &site, &routers).is_none());
        assert!(!hub.connected(&routers[0]));
    }
}
