//! Chaos for some minutes: `chaos [--minutes N] [--seconds N] [--seed N] [--database sqlite|postgres]`. Run it with
//! `make chaos MINUTES=10`, which does one half on each database.
#![allow(clippy::disallowed_methods, reason = "tests stand outside the simulated world")]

use std::io::Write as _;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail};
use pagos_suite::chaos::report::table;
use pagos_suite::chaos::{self, Plan};
use pagos_suite::sandbox::Database;
use tokio::task::LocalSet;

// One thread: processes that are to die with their parent die with the thread that started them.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "chaos: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> anyhow::Result<bool> {
    let (mut seconds, mut databases) = (600, vec![Database::Sqlite, Database::Postgres]);
    let mut seed = SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |age| age.as_secs());
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next().with_context(|| format!("{word} needs a value"))?;
        match word.as_str() {
            "--minutes" => seconds = value.parse::<u64>()?.saturating_mul(60),
            "--seconds" => seconds = value.parse()?,
            "--seed" => seed = value.parse()?,
            "--database" if value == "sqlite" => databases = vec![Database::Sqlite],
            "--database" if value == "postgres" => databases = vec![Database::Postgres],
            _ => bail!("{word} {value} is not understood"),
        }
    }
    let runs = u64::try_from(databases.len())?;
    let (mut reports, mut failed) = (Vec::new(), Vec::new());
    for database in databases {
        let plan = Plan { lasts: Duration::from_secs(seconds / runs), seed, database, shortened: false };
        let (name, lasts) = (database.name(), plan.lasts.as_secs());
        say(&format!("chaos on {name} for {lasts} s, seed {seed}; then up to 5 minutes to settle"));
        match LocalSet::new().run_until(chaos::run(plan)).await {
            Ok(report) => reports.push(report),
            Err(error) => failed.push(format!("WRONG on {name}: {error:#}")),
        }
    }
    say(&format!("\n{}", table(&reports)));
    failed.iter().for_each(|text| say(text));
    Ok(failed.is_empty() && reports.iter().all(|report| report.wrong().is_empty()))
}

fn say(text: &str) {
    // Nobody listens any more: the exit code still tells.
    let _ = writeln!(std::io::stdout(), "{text}");
}
