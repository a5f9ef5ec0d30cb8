//! Many worlds at once.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::points::POINTS;
use super::stage::Totals;
use super::{Options, Report};

/// What came of many worlds.
#[derive(Debug, Default)]
pub struct Soak {
    /// What they counted together.
    pub totals: Totals,
    /// Those that broke a promise, by seed.
    pub failures: Vec<Report>,
}

/// Runs the worlds of all seeds, as many at a time as there are processors.
#[must_use]
pub fn run_with(seeds: Range<u64>, threads: usize, options: Options) -> Soak {
    let (next, soak) = (AtomicU64::new(seeds.start), Mutex::new(Soak::default()));
    thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    let report = super::run(seed, options);
                    let mut soak = soak.lock().unwrap_or_else(PoisonError::into_inner);
                    soak.totals.add(&report.totals);
                    if !report.breaches.is_empty() {
                        soak.failures.push(report);
                    }
                }
            });
        }
    });
    let mut soak = soak.into_inner().unwrap_or_else(PoisonError::into_inner);
    soak.failures.sort_by_key(|report| report.seed);
    soak
}

/// As [`run_with`], on all processors.
#[must_use]
pub fn run(seeds: Range<u64>, options: Options) -> Soak {
    run_with(seeds, thread::available_parallelism().map_or(1, usize::from), options)
}

/// Crash points at which no process was killed.
#[must_use]
pub fn not_hit(totals: &Totals) -> Vec<&'static str> {
    POINTS.iter().filter(|point| !totals.points.contains_key(**point)).copied().collect()
}

/// The crash point of the list that killed the fewest processes, and how many.
#[must_use]
pub fn least_hit(totals: &Totals) -> (&'static str, u64) {
    let hits = |point: &'static str| (point, totals.points.get(point).copied().unwrap_or_default());
    POINTS.iter().map(|point| hits(point)).min_by_key(|(_, hits)| *hits).unwrap_or_default()
}

/// What is printed at the end.
#[must_use]
pub fn summary(totals: &Totals, seeds: u64, took: Duration) -> String {
    let Totals { crashes, cuts, duplicates, purchases, paid, jumps, reboots, journals_lost, .. } = totals;
    let hit = POINTS.len() - not_hit(totals).len();
    let (least, hits) = least_hit(totals);
    let hours = totals.simulated_ms / 3_600_000;
    let per_second = u128::from(seeds) * 1_000 / took.as_millis().max(1);
    format!(
        "{seeds} worlds in {} s ({per_second}/s), {hours} simulated hours\n\
         {purchases} purchases, {paid} of them paid; {crashes} crashes, {cuts} cuts, {duplicates} duplicates, \
         {jumps} clock jumps, {reboots} reboots, {journals_lost} journals lost\n\
         {hit} of {} crash points hit, the least of them {hits} times: {least}",
        took.as_secs(),
        POINTS.len(),
    )
}
