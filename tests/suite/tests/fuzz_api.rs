//! The interface keeps to its published description, as a program that others wrote sees it; `make fuzz-api` tries more.
#![allow(clippy::disallowed_methods, reason = "tests stand outside the simulated world")]

use pagos_suite::fuzz;
use pagos_suite::sandbox::Database;

/// Requests of each kind for each endpoint.
const EXAMPLES: u32 = 10;
/// So that every run tries the same.
const SEED: u64 = 1;

#[tokio::test]
async fn nothing_answers_in_a_way_that_is_not_described() -> anyhow::Result<()> {
    // The stricter one of the two; `make fuzz-api` tries both.
    let outcomes = fuzz::run(Database::Postgres, EXAMPLES, Some(SEED)).await?;
    let bad: Vec<String> = outcomes
        .iter()
        .filter(|outcome| !outcome.good)
        .map(|outcome| format!("── {}\n{}", outcome.name, outcome.said))
        .collect();
    assert!(bad.is_empty(), "{}", bad.concat());
    Ok(())
}
