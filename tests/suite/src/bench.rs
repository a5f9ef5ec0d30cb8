//! Benchmarks of the real processes. They judge nothing but correctness: a busy machine would make any other verdict lie.
//!
//! | module | holds |
//! |---|---|
//! | [`options`] | the command line |
//! | [`machine`] | disk syncs, processor time, memory |
//! | [`times`] | medians and percentiles |
//! | [`wire`] | a kept HTTP connection |
//! | [`load`] | so many callers at once, for a while |
//! | [`place`] | a sandbox with slow gateways and router; the check at the end |
//! | [`purchases`] | purchases per second, and what one costs |
//! | [`users`] | a router with 5,000 users |
//! | [`tenants`] | a tenant whose router hangs |
//! | [`lists`], [`ledger`] | lists and dashboards over a million transactions |
//! | [`catalogue`] | reads; memory of idle processes |
//! | [`import`] | taking over a large old database |
//! | [`report`] | the table |
#![allow(clippy::float_arithmetic, reason = "durations, not money")]

pub mod catalogue;
pub mod import;
pub mod ledger;
pub mod lists;
pub mod load;
pub mod machine;
pub mod options;
pub mod place;
pub mod purchases;
pub mod report;
pub mod tenants;
pub mod times;
pub mod users;
pub mod wire;

use std::io::Write as _;

use anyhow::Context;

use crate::sandbox::Database;
use crate::services::Services;
use options::{Options, Row};
use report::Report;

/// Measures what was asked for. Says on standard error where it is.
///
/// # Errors
/// When something does not start, a call fails, or money and purchases do not agree afterwards.
pub async fn run(options: &Options) -> anyhow::Result<Report> {
    let mut report = Report::default();
    if options.databases.contains(&Database::Postgres) {
        Services::start_synced().await?;
    }
    for database in options.databases.iter().copied() {
        // Where both databases and the agent's journal lie.
        let sync = machine::sync_latency(&std::env::temp_dir(), options.syncs())?;
        report.add(database, "disk sync of 4 KiB, median", sync.median_ms(), "ms", None);
        report.add(database, "disk sync of 4 KiB, p99", sync.percentile_ms(99), "ms", None);
        for row in &options.rows {
            let _ = writeln!(std::io::stderr(), "measuring {} on {}", row.word(), database.name());
            let measured = async {
                match row {
                    Row::Purchases => purchases::measure(database, options, &sync, &mut report).await,
                    Row::Users => users::measure(database, options, &mut report).await,
                    Row::Tenants => tenants::measure(database, options, &mut report).await,
                    Row::Lists => lists::measure(database, options, &mut report).await,
                    Row::Catalogue => catalogue::measure(database, options, &mut report).await,
                    Row::Import => import::measure(database, options, &mut report).await,
                }
            };
            Box::pin(measured)
                .await
                .with_context(|| format!("measuring {} on {}", row.word(), database.name()))?;
        }
    }
    Ok(report)
}
