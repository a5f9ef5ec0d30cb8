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

use super::Purchases;
use crate::causes::chain;

/// How often routers are swept, in milliseconds.
const ROUTERS_INTERVAL_MS: u64 = 600_000;
/// How often gateways are swept, in milliseconds.
const GATEWAYS_INTERVAL_MS: u64 = 3_600_000;
/// How often completed purchases are looked back at, in milliseconds: a few each time, so that no gateway sees a crowd.
const LOOK_BACKS_INTERVAL_MS: u64 = 60_000;

impl Purchases {
    /// Sweeps now and then. Never ends.
    pub async fn keep_sweeping(&self) {
        let mut routers = tokio::time::interval(Duration::from_millis(ROUTERS_INTERVAL_MS));
        let mut gateways = tokio::time::interval(Duration::from_millis(GATEWAYS_INTERVAL_MS));
        let mut look_backs = tokio::time::interval(Duration::from_millis(LOOK_BACKS_INTERVAL_MS));
        loop {
            let swept = tokio::select! {
                biased;
                _ = routers.tick() => self.sweep_routers().await,
                _ = gateways.tick() => self.sweep_gateways().await,
                _ = look_backs.tick() => self.look_back().await,
            };
            if let Err(error) = swept {
                tracing::warn!(error = %chain(&error), "sweep could not be finished");
            }
        }
    }
}
