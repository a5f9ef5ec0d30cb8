//! How much longer a purchase takes when the router has 5,000 users than when it has none. Run it with `make bench-users`.
//!
//! Both medians are taken in the same run against the same processes. It judges nothing by itself: a measurement on a busy
//! machine is no test.
#![allow(clippy::disallowed_methods, reason = "tests stand outside the simulated world")]
#![allow(clippy::float_arithmetic, reason = "durations, not money")]

use std::io::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use pagos_suite::portal::{Order, Portal};
use pagos_suite::sandbox::{Database, Sandbox};

/// Purchases per median.
const PURCHASES: usize = 50;
/// Purchases before the first measurement, so that connections and caches are warm.
const WARM_UP: usize = 20;
/// Users put on the router.
const USERS: u32 = 5_000;
/// What the ratio should not exceed.
const RATIO_MAX: f64 = 1.2;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match measure().await {
        Ok(report) => {
            let _ = writeln!(std::io::stdout(), "{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "bench-users: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn measure() -> anyhow::Result<String> {
    let sandbox = Sandbox::start(Database::Sqlite).await?;
    let (portal, product) = (sandbox.portal()?, sandbox.ready.productos[0].id);
    sell(&portal, product, "warm-up", WARM_UP).await?;
    let none = sell(&portal, product, "none", PURCHASES).await?;
    sandbox.simulator()?.preload(USERS).await?;
    let many = sell(&portal, product, "many", PURCHASES).await?;
    let (none, many) = (Timing::of(none), Timing::of(many));
    let ratio = many.median / none.median;
    let verdict = if ratio <= RATIO_MAX { "within" } else { "above" };
    Ok(format!(
        "users on the router   purchases   median ms   slowest ms\n\
         {:>19}   {PURCHASES:>9}   {:>9.2}   {:>10.2}\n\
         {USERS:>19}   {PURCHASES:>9}   {:>9.2}   {:>10.2}\n\
         ratio of the medians: {ratio:.2}, {verdict} {RATIO_MAX}",
        "none", none.median, none.slowest, many.median, many.slowest
    ))
}

/// Makes purchases one after the other; gives how long each took.
async fn sell(portal: &Portal, product: i64, round: &str, count: usize) -> anyhow::Result<Vec<Duration>> {
    let mut took = Vec::with_capacity(count);
    for number in 0..count {
        let order = Order::new(&format!("{round}-{number}"), product);
        let started = Instant::now();
        let answer = portal.buy(&order).await?;
        took.push(started.elapsed());
        anyhow::ensure!(answer.status == 200, "a purchase failed: {answer:?}");
    }
    Ok(took)
}

/// Times of one round, in milliseconds.
struct Timing {
    median: f64,
    slowest: f64,
}

impl Timing {
    fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let ms = |time: Option<&Duration>| time.map_or(f64::NAN, |time| time.as_secs_f64() * 1e3);
        let half = times.len() / 2;
        let median = f64::midpoint(ms(times.get((times.len() - 1) / 2)), ms(times.get(half)));
        Self { median, slowest: ms(times.last()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_of_the_sorted_times() {
        let times = |ms: &[u64]| Timing::of(ms.iter().map(|ms| Duration::from_millis(*ms)).collect());
        assert!((times(&[9, 1, 5]).median - 5.0).abs() < 1e-9);
        assert!((times(&[9, 1, 5, 7]).median - 6.0).abs() < 1e-9);
        assert!((times(&[9, 1, 5, 7]).slowest - 9.0).abs() < 1e-9);
    }
}
