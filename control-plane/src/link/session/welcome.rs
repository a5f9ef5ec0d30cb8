//! What an agent is told first: its routers, and the settings that it does not have yet.

use std::collections::BTreeMap;

use pagos_protocol::site::RESERVE_LEASE_MS;
use pagos_protocol::{Hello, RouterSettings, Welcome};

use super::Identity;
use crate::causes::chain;
use crate::domain::id::RouterId;
use crate::link::listener::Context;
use crate::link::settings::{self, Stored};
use crate::store::StoreError;
use crate::store::agents::{self, SiteRouter};

/// Most settings in one welcome, so that it fits into a frame; the rest goes with the next one.
const SETTINGS_MAX: usize = 100;

/// The routers of the agent's site.
pub(super) async fn router_ids(context: &Context, identity: &Identity) -> Result<Vec<RouterId>, StoreError> {
    Ok(rows(context, identity).await?.into_iter().map(|row| RouterId::new(row.id)).collect())
}

/// Whether the identity may still connect.
pub(super) async fn live(context: &Context, identity: &Identity) -> Result<bool, StoreError> {
    let mut reader = context.store.reader().await?;
    let row = agents::find_by_fingerprint(&mut reader.conn(), &identity.fingerprint).await?;
    Ok(row.is_some_and(|row| row.revoked_at.is_none()))
}

/// The welcome for an agent that said `hello`.
pub(super) async fn read(
    context: &Context,
    identity: &Identity,
    hello: &Hello,
) -> Result<Welcome, StoreError> {
    let rows = rows(context, identity).await?;
    let router_ids = rows.iter().map(|row| row.id.clone()).collect();
    let mut routers: Vec<RouterSettings> =
        newer(rows, hello).iter().filter_map(|row| settings(context, identity, row)).collect();
    if routers.len() > SETTINGS_MAX {
        tracing::warn!(site.id = %identity.site, routers.count = routers.len(), "more router settings than fit into one welcome");
        routers.truncate(SETTINGS_MAX);
    }
    Ok(Welcome {
        version: pagos_protocol::VERSION,
        router_ids,
        routers,
        reserve_lease_ms: Some(RESERVE_LEASE_MS),
        hand_over: identity.new_journal(hello).is_some(),
    })
}

async fn rows(context: &Context, identity: &Identity) -> Result<Vec<SiteRouter>, StoreError> {
    let mut reader = context.store.reader().await?;
    agents::site_routers(&mut reader.conn(), &identity.company, &identity.site).await
}

/// Rows with settings that the agent does not have.
fn newer(rows: Vec<SiteRouter>, hello: &Hello) -> Vec<SiteRouter> {
    let known: BTreeMap<&str, u64> =
        hello.routers.iter().map(|router| (router.router_id.as_str(), router.settings_version)).collect();
    rows.into_iter()
        // A router that nobody has given an address is set up at the site.
        .filter(|row| !row.host.is_empty())
        .filter(|row| known.get(row.id.as_str()).is_none_or(|known| *known < version(row)))
        .collect()
}

fn version(row: &SiteRouter) -> u64 {
    u64::try_from(row.settings_version).unwrap_or_default()
}

fn settings(context: &Context, identity: &Identity, row: &SiteRouter) -> Option<RouterSettings> {
    let stored = Stored {
        id: &row.id,
        version: row.settings_version,
        host: &row.host,
        port: row.port,
        username: &row.username,
        password_sealed: &row.password_sealed,
    };
    settings::open(&context.vault, &identity.company, stored)
        .inspect_err(|error| tracing::error!(error = chain(error), "router settings cannot be sent"))
        .ok()
}

#[cfg(test)]
mod tests {
    use pagos_protocol::Hello;
    use pagos_protocol::frame::RouterKnown;

    use super::newer;
    use crate::store::agents::SiteRouter;

    fn row(id: &str, version: i64, host: &str) -> SiteRouter {
        SiteRouter {
            id: id.into(),
            settings_version: version,
            host: host.into(),
            port: 8728,
            username: "api".into(),
            password_sealed: String::new(),
        }
    }

    #[test]
    fn only_newer_settings_are_sent() {
        let known = |id: &str, version| RouterKnown { router_id: id.into(), settings_version: version };
        let hello = Hello {
            version: 1,
            agent_version: "0".into(),
            journal_id: "j".into(),
            routers: vec![known("same", 2), known("older", 1), known("foreign", 9)],
        };
        let rows = vec![row("same", 2, "h"), row("older", 2, "h"), row("new", 1, "h"), row("empty", 1, "")];
        let ids: Vec<String> = newer(rows, &hello).into_iter().map(|row| row.id).collect();
        assert_eq!(ids, ["older", "new"]);
    }
}
