//! Keeps the counts of transactions short of few rows, so that reading them stays cheap.

use std::time::Duration;

use crate::causes::chain;
use crate::domain::time::Timestamp;
use crate::seams::Clock;
use crate::store::{Store, StoreError, counts};

/// How often rows are carried over, in milliseconds.
const INTERVAL_MS: u64 = 5_000;
/// A purchase is left alone so long before its row is carried over: most are decided by then, in milliseconds.
const REST_MS: i64 = 10_000;
/// Most rows of one transaction; purchases wait for it on SQLite.
const ROWS_MAX: i64 = 200;

/// Carries rows over for as long as the service runs.
pub async fn keep(store: &Store, clock: &Clock) {
    let mut tick = tokio::time::interval(Duration::from_millis(INTERVAL_MS));
    loop {
        tick.tick().await;
        if let Err(error) = settle(store, clock.now().plus(-REST_MS)).await {
            tracing::warn!(error = %chain(&error), "transactions were not carried over into the counts");
        }
    }
}

/// Carries all rows over that are older than `before`, some at a time.
///
/// # Errors
/// When the database refuses; what was carried over stays so.
pub async fn settle(store: &Store, before: Timestamp) -> Result<(), StoreError> {
    loop {
        let carried = store.write::<_, StoreError, _>(move |conn| {
            Box::pin(async move { counts::carry_over(conn, before, ROWS_MAX).await })
        });
        if i64::try_from(carried.await?).unwrap_or(0) < ROWS_MAX {
            return Ok(());
        }
    }
}
