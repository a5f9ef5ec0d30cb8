//! Parts that break a promise on purpose: the checkers must notice.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use pagos_control_plane::domain::id::RouterId;
use pagos_control_plane::link::{Hub, LinkPort as _};
use pagos_control_plane::purchase::state::Purchase;
use pagos_protocol::Action;
use pagos_protocol::command::{PurchaseRef, Release};
use pagos_simulator::fault::{FaultBoard, FaultKind, FaultRequest};

/// What is wrong on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misdeed {
    /// The gateway charges again under the same key.
    ChargesTwice,
    /// The control plane counts users as removed that it never asked to be removed.
    ForgetsReleases,
    /// The control plane has users removed whose charge has no answer.
    ReleasesUnknown,
    /// The routers say that there is no such user, and keep it.
    KeepsUsers,
}

/// How often the control plane that is too quick looks for charges without an answer, in milliseconds.
const LOOK_MS: u64 = 300;
/// How long it waits for an agent, in milliseconds.
const WAIT_MS: u64 = 10_000;

/// A router keeps the users that it is told to remove.
pub(super) fn keep_users(faults: &FaultBoard) {
    let fault = FaultRequest {
        pattern: Some("/ip/hotspot/user/remove".into()),
        message: Some("no such item".into()),
        ..FaultRequest::new("router", FaultKind::Error)
    };
    faults.post(fault).expect("a fault that routers know");
}

/// Has the user of every purchase removed whose charge has no answer. Never ends.
pub(super) async fn release_unknown(database: PathBuf, hub: Hub) {
    let mut done = BTreeSet::new();
    loop {
        tokio::time::sleep(Duration::from_millis(LOOK_MS)).await;
        for purchase in unknown(&database).unwrap_or_default() {
            let id = purchase.terms.id.to_string();
            if !done.insert(id.clone()) {
                continue;
            }
            let action = Action::Release(Release {
                purchase: PurchaseRef { id, version: purchase.command_version + 1 },
                name: purchase.user.name.clone(),
                profile: String::new(),
            });
            let router = RouterId::new(purchase.terms.router.as_str());
            let _ = hub.send(&router, action, Duration::from_millis(WAIT_MS)).await;
        }
    }
}

fn unknown(database: &Path) -> anyhow::Result<Vec<Purchase>> {
    let books = rusqlite::Connection::open(database)?;
    books.busy_timeout(Duration::from_secs(5))?;
    let mut rows = books.prepare("SELECT state FROM purchases WHERE phase = 'unknown' ORDER BY id")?;
    let states = rows.query_map([], |row| row.get::<_, String>(0))?;
    states.map(|state| serde_json::from_str(&state?).context("reading a purchase")).collect()
}
