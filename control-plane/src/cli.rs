//! The command line.

mod attention;
mod import;
mod table;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::{Parser, Subcommand};
use tokio::runtime::Runtime;

use crate::config::Config;
use crate::serve;
use crate::text::Language;

/// How long work on other threads may take after the service has stopped, in milliseconds.
const LEFTOVERS_MS: u64 = 500;

/// Cloud service of Pagos Hotspot: sells WiFi access on MikroTik hotspots.
#[derive(Debug, Parser)]
#[command(name = "pagos-control-plane", version)]
pub struct Cli {
    /// Configuration file (TOML); what it does not say keeps its default.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where database, master key and other files are kept; wins over the configuration.
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the service.
    Serve {
        /// File that is written, as JSON, when the service is up.
        #[arg(long, value_name = "PATH")]
        ready_file: Option<PathBuf>,
    },
    /// List what waits for a person; reads the database, also while the service runs.
    Attention {
        /// es or en; without it, the terminal's own.
        #[arg(long, value_name = "LANGUAGE")]
        language: Option<String>,
    },
    /// Take over the database of the service that this one replaces.
    Import(import::Options),
    /// Look at the configuration.
    Config {
        #[command(subcommand)]
        action: ConfigAction,
    },
}

#[derive(Debug, Subcommand)]
enum ConfigAction {
    /// Say whether the configuration can be used.
    Check,
    /// Print the whole configuration in force, secrets redacted.
    Print,
}

/// Does what the command line asks for; gives what the process ends with.
///
/// # Errors
/// When it cannot be done.
pub fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let environment = environment();
    let file = cli.config.as_deref();
    let config = || -> anyhow::Result<Config> {
        let mut config = Config::load(file, &environment)?;
        if let Some(data_dir) = cli.data_dir.clone() {
            config.data_dir = data_dir;
        }
        Ok(config)
    };
    let language =
        |asked: Option<&str>| asked.map_or_else(|| attention::language(&environment), Language::accepted);
    match cli.command {
        Command::Serve { ready_file } => serve(config()?, ready_file)?,
        Command::Attention { language: asked } => {
            print(&runtime()?.block_on(attention::list(&config()?, language(asked.as_deref())))?)?;
        }
        Command::Import(options) => {
            let language = language(options.language.as_deref());
            return runtime()?.block_on(import::import(&config()?, options, &environment, language));
        }
        Command::Config { action: ConfigAction::Check } => {
            config()?;
            print("configuration is good\n")?;
        }
        Command::Config { action: ConfigAction::Print } => print(&Config::printed(file, &environment)?)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn serve(config: Config, ready_file: Option<PathBuf>) -> anyhow::Result<()> {
    serve::logging::start(&config.log)?;
    let runtime = runtime()?;
    let outcome = runtime.block_on(serve::run(config, ready_file));
    // Work that cannot be cancelled, such as a password being hashed, must not hold up the end.
    runtime.shutdown_timeout(Duration::from_millis(LEFTOVERS_MS));
    outcome
}

fn runtime() -> anyhow::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting the runtime")
}

fn print(text: &str) -> anyhow::Result<()> {
    std::io::stdout().write_all(text.as_bytes()).context("printing")
}

fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}
