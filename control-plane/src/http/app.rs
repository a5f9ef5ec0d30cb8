//! What every handler may use.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::auth::api_key::ApiKeys;
use crate::auth::password::Passwords;
use crate::auth::session::Sessions;
use crate::config::Config;
use crate::hotspot::Hotspot;
use crate::limits::requests::RequestLimits;
use crate::link::{Authority, Hub};
use crate::node::Node;
use crate::outbox::Outbox;
use crate::purchase::Purchases;
use crate::seams::{Clock, Random};
use crate::store::Store;
use crate::tenants::logos::Logos;
use crate::vault::Vault;
use crate::webhook::Webhooks;

/// The parts of the running service; put together in [`crate::serve`].
pub struct App {
    /// The database.
    pub store: Store,
    /// Seals and opens secrets.
    pub vault: Arc<Vault>,
    /// Time of day.
    pub clock: Clock,
    /// Chance.
    pub random: Random,
    /// Agents connected to this process.
    pub hub: Hub,
    /// Signs agents; its fingerprint goes into enrolment tokens.
    pub authority: Arc<Authority>,
    /// Purchases under way.
    pub purchases: Purchases,
    /// Users who come back.
    pub hotspot: Hotspot,
    /// Notifications of gateways.
    pub webhooks: Webhooks,
    /// What companies are told.
    pub outbox: Outbox,
    /// API keys of routers.
    pub api_keys: ApiKeys,
    /// Sessions of administrators.
    pub sessions: Sessions,
    /// The pool that hashes passwords.
    pub passwords: Passwords,
    /// How often keys and addresses may ask.
    pub requests: RequestLimits,
    /// Changes logos.
    pub logos: Logos,
    /// Files of transactions that may be written at the same time.
    pub exports: Arc<Semaphore>,
    /// What the operator set.
    pub config: Config,
    /// `host:port` that agents dial.
    pub agent_address: String,
    /// The installation that this process is, alone.
    pub node: Node,
}

/// The state of the router.
pub type Shared = Arc<App>;
