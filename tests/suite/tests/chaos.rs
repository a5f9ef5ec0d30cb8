//! A short chaos: `make chaos` runs it for as long as you want.
#![allow(clippy::disallowed_methods, reason = "tests stand outside the simulated world")]

use std::time::Duration;

use pagos_suite::chaos::{self, Plan};
use pagos_suite::on_both_databases;
use pagos_suite::sandbox::Database;
use tokio::task::LocalSet;

/// How long it breaks.
const LASTS: Duration = Duration::from_secs(20);
/// Where chance begins; the report of a failure names it.
const SEED: u64 = 20_261_122;

on_both_databases!(every_purchase_has_its_end_whatever_breaks);

async fn every_purchase_has_its_end_whatever_breaks(database: Database) -> anyhow::Result<()> {
    let plan = Plan { lasts: LASTS, seed: SEED, database, shortened: true };
    let report = LocalSet::new().run_until(chaos::run(plan)).await?;
    assert!(report.wrong().is_empty(), "{report}");
    Ok(())
}
