//! Tries the whole interface with requests that fit its description and with such that do not: `make fuzz-api`.
#![allow(clippy::disallowed_methods, reason = "tests stand outside the simulated world")]

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;
use pagos_suite::fuzz;
use pagos_suite::sandbox::Database;

// One thread: processes that are to die with their parent die with the thread that started them.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<ExitCode> {
    let mut words = std::env::args().skip(1);
    let examples = words.next().map_or(Ok(100), |word| word.parse()).context("how many examples?")?;
    let seed = words.next().map(|word| word.parse()).transpose().context("which seed?")?;
    let mut good = true;
    for database in [Database::Sqlite, Database::Postgres] {
        for outcome in fuzz::run(database, examples, seed).await? {
            good &= outcome.good;
            let verdict = if outcome.good { "good" } else { "BAD" };
            let title = format!("{}, {}: {verdict}", database.name(), outcome.name);
            writeln!(std::io::stdout(), "── {title}\n{}", outcome.said)?;
        }
    }
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
