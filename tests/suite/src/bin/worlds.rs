//! Runs many seeded worlds, or one with its trace: `worlds --seeds 2000`, `worlds --seed 7`.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test program that people start by hand"
)]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use pagos_suite::world::soak::{self, Soak};
use pagos_suite::world::{Options, run};

/// From so many seeds on every crash point must have been hit.
const ALL_POINTS_FROM: u64 = 2_000;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (mut seeds, mut first, mut one) = (200, 0, None);
    while let Some(name) = arguments.next() {
        let value = arguments.next().and_then(|value| value.parse().ok());
        match (name.as_str(), value) {
            ("--seeds", Some(value)) => seeds = value,
            ("--from", Some(value)) => first = value,
            ("--seed", Some(value)) => one = Some(value),
            _ => {
                eprintln!("usage: worlds [--seeds N] [--from SEED] | worlds --seed SEED");
                return ExitCode::FAILURE;
            }
        }
    }
    match one {
        Some(seed) => watch(seed),
        None => many(first, seeds),
    }
}

fn watch(seed: u64) -> ExitCode {
    if std::env::var_os("PAGOS_TEST_WORLD_LOG").is_some() {
        tracing_subscriber::fmt().with_env_filter("debug,sqlx=warn,hyper=warn").without_time().init();
    }
    let report = run(seed, Options { echo: true, ..Options::default() });
    println!("seed {seed}, trace {}", report.hash);
    if report.breaches.is_empty() {
        return ExitCode::SUCCESS;
    }
    println!("broken promises:\n{}", report.breaches.join("\n"));
    ExitCode::FAILURE
}

fn many(first: u64, seeds: u64) -> ExitCode {
    let began = Instant::now();
    let Soak { totals, failures } = soak::run(first..first + seeds, Options::default());
    for report in &failures {
        println!("{}", report.failure());
    }
    println!("{}", soak::summary(&totals, seeds, began.elapsed().max(Duration::from_millis(1))));
    let missing = soak::not_hit(&totals);
    if !missing.is_empty() {
        println!("crash points never hit: {}", missing.join(", "));
    }
    let complete = missing.is_empty() || seeds < ALL_POINTS_FROM;
    if failures.is_empty() && complete { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
