//! How many times per second portals can read what is on sale.

use std::sync::Arc;

use hyper::Method;
use hyper::body::Bytes;

use super::load::{self, Plan};
use super::machine::resident_kib;
use super::options::Options;
use super::place::Place;
use super::report::{Budget, Report};
use super::wire::Call;
use crate::sandbox::Database;

/// Portals that read at once.
const AT_ONCE: usize = 32;

/// Reads of the catalogue, and what the processes hold in memory before anything was asked of them.
///
/// # Errors
/// When a read fails.
pub async fn measure(database: Database, options: &Options, report: &mut Report) -> anyhow::Result<()> {
    let place = Place::start(database).await?;
    let pids = &place.ready().pids;
    for (part, pid, budget_mib) in [("control plane", pids.control_plane, 32.0), ("agent", pids.agent, 8.0)] {
        let mib = f64::from(u32::try_from(resident_kib(pid)?)?) / 1024.0;
        report.add(
            database,
            &format!("memory of the {part}, nothing to do"),
            mib,
            "MiB",
            Some(Budget::AtMost(budget_mib)),
        );
    }
    let key = place.ready().api_key.clone();
    let plan = Plan {
        at_once: AT_ONCE,
        warm_up: options.warm_up(),
        window: options.window(),
        windows: options.windows(),
    };
    let make = Arc::new(move |_| Call {
        method: Method::GET,
        path: "/api/v1/catalogo_perfiles_venta".to_owned(),
        headers: vec![("X-API-Key", key.clone())],
        body: Bytes::new(),
    });
    let run = load::run(&place.ready().base_url, plan, pids, make).await?;
    report.add(database, "catalogue reads", run.per_second(), "/s", Some(Budget::AtLeast(5000.0)));
    let own = run.cpu_ms(run.cpu.own());
    report.add(database, "own processor time per catalogue read", own, "ms", None);
    place.verify(0).await
}
