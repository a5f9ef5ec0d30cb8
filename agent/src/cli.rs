//! The command line of `pagos-agent`.
//!
//! Texts for people are Spanish or English by locale. Every wrong input ends in one sentence that says what happened
//! and what to do, and in an exit code other than zero.

mod args;
mod log;
mod text;

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::config::{self, Config};
use crate::enrolment;
use crate::executor::Executor;
use crate::journal::Journal;
use crate::supervisor;
use args::{Args, Order};
use text::Language;

/// File of the journal in the data directory.
const JOURNAL_FILE: &str = "journal.db";
/// How long the runtime may take to end after everything is closed, in milliseconds.
const RUNTIME_END_MS: u64 = 500;

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let language = Language::of_environment();
    let args = match args::parse(std::env::args_os()) {
        Ok(args) => args,
        Err(args::Stop::Help) => return say(text::help(language)),
        Err(args::Stop::Version) => return say(concat!("pagos-agent ", env!("CARGO_PKG_VERSION"))),
        Err(args::Stop::Wrong { what }) => return fail(&text::wrong_arguments(language, &what)),
    };
    let mut config = match config::load(args.config.as_deref(), std::env::vars()) {
        Ok(config) => config,
        Err(error) => return fail(&text::config_error(language, &error)),
    };
    if let Some(data_dir) = args.data_dir.clone() {
        config.data_dir = data_dir;
    }
    obey(args, &config, language)
}

fn obey(args: Args, config: &Config, language: Language) -> ExitCode {
    match args.order {
        Order::ConfigPrint => say(config::print(config).trim_end()),
        Order::ConfigCheck => say(text::config_good(language)),
        Order::Enroll { token } => enroll(&config.data_dir, &token, language),
        Order::Run => {
            log::start(&config.log, std::io::stderr().is_terminal());
            match in_runtime(run(config)) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => fail(&text::run_error(language, &error)),
            }
        }
    }
}

fn enroll(data_dir: &Path, token: &str, language: Language) -> ExitCode {
    let result = in_runtime(async { Ok(enrolment::enroll(data_dir, token).await) });
    match result {
        Ok(Ok(enrolled)) => say(&text::enrolled(language, &enrolled)),
        Ok(Err(error)) => fail(&text::enrol_error(language, &error)),
        Err(error) => fail(&text::run_error(language, &error)),
    }
}

async fn run(config: &Config) -> anyhow::Result<()> {
    // Before the journal: a box that is not enrolled has nothing to remember.
    crate::identity::load(&config.data_dir)?;
    let journal = Journal::open(&config.data_dir.join(JOURNAL_FILE))?;
    let executor = Executor::open(journal)?;
    let (stop, stopping) = watch::channel(false);
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("asked to stop");
        // The supervisor holds the other end until it has ended.
        let _ = stop.send(true);
    });
    Box::pin(supervisor::run(config.data_dir.clone(), executor, stopping)).await?;
    Ok(())
}

fn in_runtime<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start")?;
    let result = runtime.block_on(work);
    runtime.shutdown_timeout(Duration::from_millis(RUNTIME_END_MS));
    result
}

fn say(line: &str) -> ExitCode {
    // A reader that has gone away wants nothing.
    let _ = writeln!(std::io::stdout(), "{line}");
    ExitCode::SUCCESS
}

fn fail(line: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "{line}");
    ExitCode::FAILURE
}
