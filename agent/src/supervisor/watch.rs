//! Looks at the routers every minute, also while the control plane is away, and reports users that are missing.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use pagos_protocol::{AgentMessage, Missing};
use tokio::sync::mpsc;

use super::chain;
use crate::executor::{Executor, ExecutorError};
use crate::seams::random;

/// How often a router is looked at, in milliseconds.
const LOOK_MS: u64 = 60_000;
/// First look after the start, in milliseconds.
const FIRST_LOOK_MS: u64 = 5_000;
/// Most routers looked at at one time.
const ROUTERS_MAX: usize = 8;

/// Looks at all routers, again and again. Never ends.
pub(super) async fn look_after(executor: Executor) {
    let mut pause = FIRST_LOOK_MS;
    loop {
        let half = Duration::from_millis(pause / 2);
        tokio::time::sleep(half + random::jitter(half)).await;
        pause = LOOK_MS;
        let routers = stream::iter(executor.known_routers().await);
        let looking = routers.for_each_concurrent(ROUTERS_MAX, |router| {
            let executor = &executor;
            async move { Box::pin(executor.look_after(&router.router_id)).await }
        });
        looking.await;
    }
}

/// Tells who is missing: all when the link is new, and again when more are found. Ends with the link.
pub(super) async fn report_missing(executor: Executor, outgoing: mpsc::Sender<AgentMessage>) {
    loop {
        match report_all(&executor, &outgoing).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => tracing::error!(error = chain(&error), "missing users cannot be reported"),
        }
        executor.missing_found().await;
    }
}

/// `false` when the link has ended.
async fn report_all(
    executor: &Executor,
    outgoing: &mpsc::Sender<AgentMessage>,
) -> Result<bool, ExecutorError> {
    for router in executor.known_routers().await {
        let mut after = String::new();
        loop {
            let purchase_ids = executor.missing(&router.router_id, &after).await?;
            let Some(last) = purchase_ids.last() else { break };
            after.clone_from(last);
            let missing = Missing { router_id: router.router_id.clone(), purchase_ids };
            if outgoing.send(AgentMessage::Missing(missing)).await.is_err() {
                return Ok(false);
            }
        }
    }
    Ok(true)
}
