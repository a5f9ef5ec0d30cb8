//! The command line.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use clap::Parser;

/// HTTP port when none is asked for.
pub const HTTP_PORT: u16 = 8080;

/// Runs simulator, control plane and agent on this machine, sells one plan, and stays up.
#[derive(Debug, Clone, Parser)]
#[command(name = "pagos-sandbox", version)]
pub struct Options {
    /// Make one purchase, print its receipt as JSON on standard output, and end.
    #[arg(long)]
    pub once: bool,
    /// Write addresses, logins and process ids to this file once everything is up.
    #[arg(long, value_name = "PATH")]
    pub ready_file: Option<PathBuf>,
    /// Keep data and logs here; started again with the same directory it goes on with the same companies.
    /// Without it: a new temporary directory, removed at the end.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Port of the public API; 0 takes free ports for everything, so that several sandboxes run side by side.
    #[arg(long, value_name = "N", default_value_t = HTTP_PORT)]
    pub http_port: u16,
    /// Address of this machine at which agents and the simulated router are reached; another than loopback lets an agent
    /// run on another machine.
    #[arg(long, value_name = "IP", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub site_address: IpAddr,
    /// Database of the control plane, `postgres://…` or `sqlite://…`; without it SQLite in the data directory.
    #[arg(long, value_name = "URL")]
    pub database_url: Option<String>,
}
