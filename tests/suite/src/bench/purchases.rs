//! Purchases per second, and what one costs.

use std::collections::BTreeMap;
use std::time::Duration;

use super::load::{self, Plan, Run};
use super::options::Options;
use super::place::{GATEWAY_MS, Place};
use super::report::{Budget, Report};
use super::times::Times;
use crate::sandbox::Database;
use crate::simulator::gateways::Gateway;

/// Calls to Conekta that a buyer waits for: opening the order, beside the reservation; the charge; reading it again.
const CONEKTA_CALLS: u32 = 3;
/// Disk syncs of the control plane that a buyer waits for: asked, about to be charged, paid. The agent's, before the
/// router, falls into the time in which the order is opened.
const SYNCS: u32 = 3;

/// One number of buyers at once, and what it should bring.
struct Level {
    at_once: usize,
    gateway: Gateway,
    /// Whether the gateway tells of each payment by webhook.
    webhooks: bool,
    per_second_min: Option<f64>,
}

/// What the levels measure: purchases per second, own processor time and own waiting time.
///
/// # Errors
/// When a purchase fails or the books do not agree.
pub async fn measure(
    database: Database,
    options: &Options,
    sync: &Times,
    report: &mut Report,
) -> anyhow::Result<()> {
    let conekta = |at_once, per_second_min| Level {
        at_once,
        gateway: Gateway::Conekta,
        webhooks: false,
        per_second_min,
    };
    let levels = [
        conekta(16, None),
        conekta(64, Some(400.0)),
        conekta(256, Some(1000.0)),
        Level { gateway: Gateway::MercadoPago, ..conekta(64, None) },
        Level { gateway: Gateway::MercadoPago, webhooks: true, ..conekta(64, None) },
    ];
    for level in levels {
        let run = run(database, options, &level).await?;
        let name = name(&level);
        let budget = level.per_second_min.map(Budget::AtLeast);
        report.add(database, &format!("purchases, {name}"), run.per_second(), "/s", budget);
        let times = run.times();
        report.add(database, &format!("time of a purchase, median, {name}"), times.median_ms(), "ms", None);
        report.add(
            database,
            &format!("time of a purchase, p99, {name}"),
            times.percentile_ms(99),
            "ms",
            None,
        );
        cost(database, &name, &run, report);
        if level.at_once == 16 {
            own_time(database, &run, sync, report);
        }
    }
    Ok(())
}

fn name(level: &Level) -> String {
    let gateway = match level.gateway {
        Gateway::Conekta => "",
        Gateway::MercadoPago => ", Mercado Pago",
    };
    let webhooks = if level.webhooks { " with webhooks" } else { "" };
    format!("{} at once{gateway}{webhooks}", level.at_once)
}

async fn run(database: Database, options: &Options, level: &Level) -> anyhow::Result<Run> {
    let place =
        if level.webhooks { Place::start_told(database).await? } else { Place::start(database).await? };
    place.slow_down().await?;
    let plan = Plan {
        at_once: level.at_once,
        warm_up: options.warm_up(),
        window: options.window(),
        windows: options.windows(),
    };
    let make = place.purchases(level.gateway, "load")?;
    let run = load::run(&place.ready().base_url, plan, &place.ready().pids, make).await?;
    place.verify(run.answered).await?;
    Ok(run)
}

/// Processor time per purchase, by part.
fn cost(database: Database, name: &str, run: &Run, report: &mut Report) {
    let cpu = run.cpu;
    let parts = [
        ("own processor time", cpu.own(), Some(Budget::AtMost(0.8))),
        ("of it control plane", cpu.control_plane, None),
        ("of it agent", cpu.agent, None),
        ("simulator", cpu.simulator, None),
        ("load generator", cpu.load, None),
        ("rest of the machine", cpu.rest(), None),
    ];
    for (part, time, budget) in parts {
        report.add(database, &format!("{part} per purchase, {name}"), run.cpu_ms(time), "ms", budget);
    }
}

/// What is left of a purchase's time once gateway and syncs are taken away; and where the server says it went.
fn own_time(database: Database, run: &Run, sync: &Times, report: &mut Report) {
    let away = Duration::from_millis(GATEWAY_MS).as_secs_f64() * 1e3 * f64::from(CONEKTA_CALLS)
        + sync.median_ms() * f64::from(SYNCS);
    let times = run.times();
    let what = "own time of a purchase";
    report.add(database, &format!("{what}, median, 16 at once"), times.median_ms() - away, "ms", None);
    let budget = Some(Budget::AtMost(25.0));
    report.add(database, &format!("{what}, p99, 16 at once"), times.percentile_ms(99) - away, "ms", budget);
    let mut steps: BTreeMap<String, Vec<Duration>> = BTreeMap::new();
    for (name, time) in run.samples().filter_map(|sample| sample.timing.as_deref()).flat_map(steps_of) {
        steps.entry(name.to_owned()).or_default().push(time);
    }
    for (name, times) in steps {
        let median = Times::of(times).median_ms();
        report.add(database, &format!("step {name}, median, 16 at once"), median, "ms", None);
    }
}

/// Names and durations of a `Server-Timing` header as the control plane writes it.
fn steps_of(header: &str) -> impl Iterator<Item = (&str, Duration)> {
    header.split(", ").filter_map(|entry| {
        let (name, millis) = entry.split_once(";dur=")?;
        Some((name, Duration::from_secs_f64(millis.parse::<f64>().ok()? / 1e3)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_read_from_the_header() {
        let steps: Vec<_> = steps_of("accept;dur=1.204, reserve;dur=52.000").collect();
        let expected = [("accept", Duration::from_micros(1_204)), ("reserve", Duration::from_millis(52))];
        assert_eq!(steps, expected);
    }
}
