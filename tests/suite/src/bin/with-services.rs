//! Starts the servers that tests need, runs a command with their addresses in its environment, and stops them.
//!
//! `with-services cargo test --workspace`
#![allow(clippy::disallowed_methods, reason = "tests stand outside the simulated world")]

use std::io::Write as _;
use std::process::{Command, ExitCode};

use anyhow::Context;
use pagos_suite::services::{Postgres, SERVER_VARIABLE};

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "with-services: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<bool> {
    let mut words = std::env::args().skip(1);
    let program = words.next().context("which command? with-services COMMAND [ARGUMENT...]")?;
    let server = Postgres::start()?;
    let status = Command::new(&program)
        .args(words)
        .env(SERVER_VARIABLE, server.url())
        .status()
        .with_context(|| format!("running {program}"))?;
    Ok(status.success())
}
