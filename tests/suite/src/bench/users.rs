//! How much longer a purchase takes when the router has 5,000 users than when it has none.

use std::time::{Duration, Instant};

use super::options::Options;
use super::place::Place;
use super::report::{Budget, Report};
use super::times::Times;
use super::wire::Connection;
use crate::sandbox::Database;
use crate::simulator::gateways::Gateway;

/// Users put on the router.
const USERS: u32 = 5_000;
/// Purchases before the first measurement, so that connections and caches are warm.
const WARM_UP: u64 = 20;

/// Both medians are taken one purchase at a time, in one run against the same processes. Gateway and router answer at
/// once: waiting for them would hide the difference.
///
/// # Errors
/// When a purchase fails or the books do not agree.
pub async fn measure(database: Database, options: &Options, report: &mut Report) -> anyhow::Result<()> {
    let count = options.single_purchases();
    let place = Place::start(database).await?;
    sell(&place, "warm-up", WARM_UP).await?;
    let none = sell(&place, "none", count).await?;
    place.sandbox.simulator()?.preload(USERS).await?;
    let many = sell(&place, "many", count).await?;
    place.verify(usize::try_from(WARM_UP + 2 * count)?).await?;
    let [none, many] = [none, many].map(|times| times.median_ms());
    report.add(database, "one purchase at a time, no users on the router, median", none, "ms", None);
    report.add(database, "one purchase at a time, 5,000 users on the router, median", many, "ms", None);
    report.add(database, "5,000 users ÷ none", many / none, "", Some(Budget::AtMost(1.2)));
    Ok(())
}

async fn sell(place: &Place, round: &'static str, count: u64) -> anyhow::Result<Times> {
    let make = place.purchases(Gateway::Conekta, round)?;
    let mut connection = Connection::open(&place.ready().base_url).await?;
    let mut took: Vec<Duration> = Vec::new();
    for number in 0..count {
        let call = make(number);
        let started = Instant::now();
        connection.send(call).await?.good()?;
        took.push(started.elapsed());
    }
    Ok(Times::of(took))
}
