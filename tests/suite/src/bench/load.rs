//! Makes load: so many at once, each on a kept connection, each sending its next call as soon as it has its answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::machine::Cpu;
use super::times::{Times, median};
use super::wire::{Call, Connection};
use crate::sandbox::Pids;

/// Makes the call of a number; no two calls of one run have the same.
pub type Maker = Arc<dyn Fn(u64) -> Call + Send + Sync>;

/// How much load, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// How many at once.
    pub at_once: usize,
    /// Time before the measurement.
    pub warm_up: Duration,
    /// Length of one window.
    pub window: Duration,
    /// How many windows follow each other.
    pub windows: u32,
}

/// A call that was answered.
#[derive(Debug, Clone)]
pub struct Sample {
    /// When its answer was there.
    pub ended: Instant,
    /// How long that took.
    pub took: Duration,
    /// `Server-Timing` of the answer.
    pub timing: Option<String>,
}

/// What a run showed.
#[derive(Debug)]
pub struct Run {
    /// Answers within each window.
    pub windows: Vec<Vec<Sample>>,
    /// Length of a window.
    pub window: Duration,
    /// Processor time used in all windows.
    pub cpu: Cpu,
    /// All answers, those before and after the windows included.
    pub answered: usize,
}

impl Run {
    /// Answers per second: the median of the windows.
    #[must_use]
    pub fn per_second(&self) -> f64 {
        median(self.windows.iter().map(|samples| per_second(samples.len(), self.window)).collect())
    }

    /// Answers within the windows.
    pub fn samples(&self) -> impl Iterator<Item = &Sample> {
        self.windows.iter().flatten()
    }

    /// How long the answers within the windows took.
    #[must_use]
    pub fn times(&self) -> Times {
        Times::of(self.samples().map(|sample| sample.took).collect())
    }

    /// A part's processor time per answer, in milliseconds.
    #[must_use]
    pub fn cpu_ms(&self, part: Duration) -> f64 {
        let count = self.samples().count();
        part.as_secs_f64() * 1e3 / f64::from(u32::try_from(count).unwrap_or(u32::MAX))
    }
}

fn per_second(count: usize, window: Duration) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / window.as_secs_f64()
}

/// Makes load as planned. Every call must be answered with 200.
///
/// # Errors
/// When one is not, or a process is gone.
pub async fn run(base_url: &str, plan: Plan, pids: &Pids, make: Maker) -> anyhow::Result<Run> {
    let mut connections = Vec::with_capacity(plan.at_once);
    for _ in 0..plan.at_once {
        connections.push(Connection::open(base_url).await?);
    }
    let numbers = Arc::new(AtomicU64::new(0));
    let begin = Instant::now() + plan.warm_up;
    let end = begin + plan.window * plan.windows;
    let mut workers = JoinSet::new();
    for connection in connections {
        workers.spawn(work(connection, Arc::clone(&numbers), Arc::clone(&make), end));
    }
    sleep_until(begin).await;
    let before = Cpu::now(pids)?;
    sleep_until(end).await;
    let cpu = Cpu::now(pids)?.since(&before);
    let mut samples = Vec::new();
    while let Some(done) = workers.join_next().await {
        samples.extend(done.context("a worker ended")??);
    }
    let answered = samples.len();
    let mut windows = Vec::new();
    for number in 0..plan.windows {
        let (from, until) = (begin + plan.window * number, begin + plan.window * (number + 1));
        let within = |sample: &&Sample| sample.ended >= from && sample.ended < until;
        windows.push(samples.iter().filter(within).cloned().collect());
    }
    Ok(Run { windows, window: plan.window, cpu, answered })
}

async fn work(
    mut connection: Connection,
    numbers: Arc<AtomicU64>,
    make: Maker,
    end: Instant,
) -> anyhow::Result<Vec<Sample>> {
    let mut samples = Vec::new();
    while Instant::now() < end {
        let call = make(numbers.fetch_add(1, Ordering::Relaxed));
        let started = Instant::now();
        let reply = connection.send(call).await?.good()?;
        let ended = Instant::now();
        samples.push(Sample { ended, took: ended - started, timing: reply.timing });
    }
    Ok(samples)
}
