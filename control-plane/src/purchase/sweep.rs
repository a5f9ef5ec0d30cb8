//! Looks for what nobody told us: users that stand on a router and must not, or must and do not; money at a gateway
//! that no purchase knows.
//!
//! | module | holds |
//! |---|---|
//! | [`routers`] | what routers hold against what they should hold |
//! | [`gateways`] | what gateways were paid against what we know |
//! | [`look_backs`] | whether completed purchases are still paid |
//!
//! A sweep changes nothing itself: it tells the purchase, or puts the payment before a person.

mod gateways;
mod look_backs;
mod routers;

pub use gateways::Owner;

use std::time::Duration;

use tokio::time::MissedTickBehavior;

use super::{PurchaseError, Purchases};
use crate::causes::chain;

/// How often routers are swept, in milliseconds.
const ROUTERS_INTERVAL_MS: u64 = 600_000;
/// How often gateways are swept, in milliseconds.
const GATEWAYS_INTERVAL_MS: u64 = 3_600_000;
/// How often completed purchases are looked back at, in milliseconds: a few each time, so that no gateway sees a crowd.
const LOOK_BACKS_INTERVAL_MS: u64 = 60_000;

impl Purchases {
    /// Sweeps now and then, each kind by itself: one that takes long holds up no other. Never ends.
    pub async fn keep_sweeping(&self) {
        tokio::join!(
            now_and_then(ROUTERS_INTERVAL_MS, || self.sweep_routers()),
            now_and_then(GATEWAYS_INTERVAL_MS, || self.sweep_gateways()),
            now_and_then(LOOK_BACKS_INTERVAL_MS, || self.look_back()),
        );
    }
}

async fn now_and_then<F: Future<Output = Result<(), PurchaseError>>>(
    interval_ms: u64,
    sweep: impl Fn() -> F,
) {
    let mut ticks = tokio::time::interval(Duration::from_millis(interval_ms));
    // What was missed is not made up for.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = sweep().await {
            tracing::warn!(error = %chain(&error), "sweep could not be finished");
        }
    }
}
