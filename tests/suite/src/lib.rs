//! Harness, checkers of the five promises, and house rules, for the tests that run the real processes.
//!
//! | module | holds |
//! |---|---|
//! | [`programs`] | where the built programs are |
//! | [`services`] | a PostgreSQL server of the test run's own, one database per test |
//! | [`sandbox`] | a running sandbox: kill its processes, start them again |
//! | [`simulator`] | the simulator's control API |
//! | [`portal`] | what a captive portal sends |
//! | [`operator`] | what operators send |
//! | [`evidence`] | state of simulator, database and journal, read together |
//! | [`checkers`] | P1 to P5 over that evidence |
//! | [`chaos`] | purchases while everything breaks at random |
//! | [`faults`] | faults with names, and the proof of how each ended |
//! | [`fuzz`] | Schemathesis over the description of the interface |
//! | [`bench`](mod@bench) | benchmarks of the real processes |
//! | [`old_database`] | a database of the service that the product replaces |
//! | [`content`](mod@content) | everything that a database holds, to be compared |
//! | [`tidy`] | house rules over the source text |
//! | [`world`] | seeded worlds |
//! | [`wait`] | waiting for something with a deadline |
#![allow(clippy::disallowed_methods, reason = "tests stand outside the simulated world")]

pub mod bench;
pub mod chaos;
pub mod checkers;
pub mod content;
pub mod evidence;
pub mod faults;
pub mod fuzz;
pub mod old_database;
pub mod operator;
pub mod portal;
pub mod programs;
pub mod sandbox;
pub mod services;
pub mod simulator;
pub mod tidy;
pub mod wait;
pub mod world;

/// Turns each named async function that takes a [`sandbox::Database`] into two tests, one per database.
#[macro_export]
macro_rules! on_both_databases {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() -> anyhow::Result<()> {
                Box::pin(super::$name($crate::sandbox::Database::Sqlite)).await
            })+
        }
        mod postgres {
            $(#[tokio::test]
            async fn $name() -> anyhow::Result<()> {
                Box::pin(super::$name($crate::sandbox::Database::Postgres)).await
            })+
        }
    };
}
