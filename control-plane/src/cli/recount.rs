//! `pagos-control-plane recount`: makes the counts of transactions anew, also while the service runs.

use anyhow::Context;

use crate::config::Config;
use crate::seams::Clock;
use crate::store::{Store, StoreError, counts};
use crate::tenants;

/// Makes the counts anew.
///
/// # Errors
/// When the database cannot be opened or refuses.
pub(super) async fn recount(config: &Config) -> anyhow::Result<()> {
    let store = Store::open(&config.database()).await.context("opening the database")?;
    let counted =
        store.write::<_, StoreError, _>(|conn| Box::pin(async move { counts::recount(conn).await }));
    counted.await.context("counting transactions")?;
    tenants::counts::settle(&store, Clock::System.now()).await.context("counting new transactions")
}
