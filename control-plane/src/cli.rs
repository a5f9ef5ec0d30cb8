//! The command line.

mod attention;
mod backup;
mod doctor;
mod import;
mod listing;
mod people;
mod recount;
mod rotate;
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
    /// es or en; without it, the terminal's own.
    #[arg(long, global = true, value_name = "LANGUAGE")]
    language: Option<String>,
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
    Attention,
    /// Say what is wrong with this installation, and what mends it; changes nothing.
    Doctor {
        /// For programs.
        #[arg(long)]
        json: bool,
    },
    /// Count all transactions anew; needed only after rows were written past the service.
    Recount,
    /// Make a super admin, or give somebody a new password.
    Admin {
        #[command(subcommand)]
        action: people::Action,
    },
    /// List all companies.
    Companies,
    /// List all sites with their agents.
    Sites {
        /// Only those of this company.
        #[arg(long, value_name = "ID")]
        company: Option<String>,
    },
    /// Copy the database into a file, also while the service runs.
    Backup {
        /// The file; it must not exist.
        file: PathBuf,
    },
    /// Put a backup in the place of the database; the service must be stopped.
    Restore {
        /// The backup.
        file: PathBuf,
    },
    /// Make a new master key and seal everything with it; the service must be stopped.
    RotateMasterKey,
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
    let asked = cli.language.as_deref();
    let language = asked.map_or_else(|| attention::language(&environment), Language::accepted);
    let text = match cli.command {
        Command::Serve { ready_file } => {
            serve(config()?, ready_file)?;
            String::new()
        }
        Command::Import(options) => {
            return runtime()?.block_on(import::import(&config()?, options, &environment, language));
        }
        Command::Doctor { json } => {
            let looking = doctor::examine(file, cli.data_dir.as_deref(), &environment, language, json);
            let (text, code) = runtime()?.block_on(looking);
            print(&text)?;
            return Ok(code);
        }
        Command::Recount => {
            runtime()?.block_on(recount::recount(&config()?))?;
            "transactions are counted anew\n".to_owned()
        }
        Command::Attention => runtime()?.block_on(attention::list(&config()?, language))?,
        Command::Admin { action } => runtime()?.block_on(people::act(&config()?, action, language))?,
        Command::Companies => runtime()?.block_on(listing::companies(&config()?, language))?,
        Command::Sites { company } => {
            runtime()?.block_on(listing::sites(&config()?, company.as_deref(), language))?
        }
        Command::Backup { file } => runtime()?.block_on(backup::back_up(&config()?, &file, language))?,
        Command::Restore { file } => runtime()?.block_on(backup::restore(&config()?, &file, language))?,
        Command::RotateMasterKey => runtime()?.block_on(rotate::rotate(&config()?, language))?,
        Command::Config { action: ConfigAction::Check } => {
            config()?;
            "configuration is good\n".to_owned()
        }
        Command::Config { action: ConfigAction::Print } => Config::printed(file, &environment)?,
    };
    print(&text)?;
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
