//! What was typed.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Parser, Subcommand};

/// What the program is to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Args {
    pub(super) order: Order,
    pub(super) data_dir: Option<PathBuf>,
    pub(super) config: Option<PathBuf>,
}

/// The commands.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Make this box an agent.
    Enroll { token: String },
    /// Be the agent.
    Run,
    /// Look whether the configuration is good.
    ConfigCheck,
    /// Show the configuration.
    ConfigPrint,
}

/// Why there is nothing to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// Help was asked for.
    Help,
    /// The version was asked for.
    Version,
    /// Something typed is wrong.
    Wrong {
        /// The argument, if it can be named.
        what: String,
    },
}

#[derive(Parser)]
#[command(name = "pagos-agent", version, disable_help_subcommand = true)]
struct Typed {
    #[arg(long, global = true)]
    data_dir: Option<PathBuf>,
    #[arg(long, global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    order: TypedOrder,
}

#[derive(Subcommand)]
enum TypedOrder {
    Enroll {
        token: String,
    },
    Run,
    Config {
        #[command(subcommand)]
        what: TypedConfig,
    },
}

#[derive(Subcommand)]
enum TypedConfig {
    Check,
    Print,
}

/// Reads the command line.
pub(super) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Args, Stop> {
    let typed = Typed::try_parse_from(arguments).map_err(|error| stop(&error))?;
    let order = match typed.order {
        TypedOrder::Enroll { token } => Order::Enroll { token },
        TypedOrder::Run => Order::Run,
        TypedOrder::Config { what: TypedConfig::Check } => Order::ConfigCheck,
        TypedOrder::Config { what: TypedConfig::Print } => Order::ConfigPrint,
    };
    Ok(Args { order, data_dir: typed.data_dir, config: typed.config })
}

fn stop(error: &clap::Error) -> Stop {
    if error.kind() == ErrorKind::DisplayHelp {
        return Stop::Help;
    }
    if error.kind() == ErrorKind::DisplayVersion {
        return Stop::Version;
    }
    Stop::Wrong { what: culprit(error) }
}

fn culprit(error: &clap::Error) -> String {
    for kind in [ContextKind::InvalidSubcommand, ContextKind::InvalidArg] {
        if let Some(ContextValue::String(text)) = error.get(kind) {
            return text.clone();
        }
        if let Some(ContextValue::Strings(texts)) = error.get(kind) {
            return texts.join(" ");
        }
    }
    String::new()
}

#[cfg(test)]
mod tests {
    use super::{Args, Order, Stop, parse};

    fn typed(line: &str) -> Result<Args, Stop> {
        parse(line.split(' ').map(Into::into))
    }

    #[test]
    fn the_commands() {
        let args = typed("pagos-agent enroll pagos1_x --data-dir /d").expect("args");
        assert_eq!(args.order, Order::Enroll { token: "pagos1_x".into() });
        assert_eq!(args.data_dir, Some("/d".into()));
        let args = typed("pagos-agent --config /c run").expect("args");
        assert_eq!((args.order, args.config), (Order::Run, Some("/c".into())));
        assert_eq!(typed("pagos-agent config print").expect("args").order, Order::ConfigPrint);
        assert_eq!(typed("pagos-agent config check").expect("args").order, Order::ConfigCheck);
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(typed("pagos-agent fly"), Err(Stop::Wrong { what: "fly".into() }));
        assert_eq!(typed("pagos-agent run --fast"), Err(Stop::Wrong { what: "--fast".into() }));
        assert_eq!(typed("pagos-agent enroll"), Err(Stop::Wrong { what: "<TOKEN>".into() }));
        assert!(matches!(typed("pagos-agent"), Err(Stop::Wrong { .. })));
        assert_eq!(typed("pagos-agent --help"), Err(Stop::Help));
        assert_eq!(typed("pagos-agent enroll --help"), Err(Stop::Help));
        assert_eq!(typed("pagos-agent --version"), Err(Stop::Version));
    }
}
