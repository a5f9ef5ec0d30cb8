//! The program `pagos-simulator`: a simulator of its own, told by its arguments, until it is asked to end.

use anyhow::Context;
use clap::Parser;
use pagos_simulator::config::{Config, RouterConfig};
use pagos_simulator::simulator::Simulator;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tokio::io::AsyncReadExt;
use tokio::signal::unix::{SignalKind, signal};

/// Stands in for MikroTik routers, Conekta and Mercado Pago, with faults on demand.
#[derive(Debug, Parser)]
#[command(name = "pagos-simulator", version)]
struct Arguments {
    /// Where the control API listens; port 0 for any.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    control: SocketAddr,
    /// Where Conekta listens; port 0 for any.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    conekta: SocketAddr,
    /// Where Mercado Pago listens; port 0 for any.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    mercado_pago: SocketAddr,
    /// A router, any number of times; without one, there is one called kiosco.
    ///
    /// name=kiosco,version=7.20.8,listen=127.0.0.1:0,user=admin,password=simulador,users=0,license=6; any part may be
    /// left out.
    #[arg(long, value_name = "KEY=VALUE,...")]
    router: Vec<RouterConfig>,
    /// File that tells, as JSON, where everything can be reached; it appears when all is ready.
    #[arg(long, value_name = "PATH")]
    ready_file: Option<PathBuf>,
    /// End when standard input ends, so that the simulator does not outlive who started it.
    #[arg(long, alias = "die-with-parent")]
    exit_on_stdin_eof: bool,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Runtime::new().context("the runtime did not start")?;
    let ended = runtime.block_on(run(arguments));
    // A read of standard input may still be blocked: do not wait for it.
    runtime.shutdown_background();
    ended
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();

    let mut config = Config {
        control: arguments.control,
        conekta: arguments.conekta,
        mercado_pago: arguments.mercado_pago,
        ..Config::default()
    };
    if !arguments.router.is_empty() {
        config.routers = arguments.router;
    }
    // Before anybody is told that it is ready: from then on it must end in order.
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be waited for")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be waited for")?;
    let simulator = Simulator::start(config).await.context("the simulator did not start")?;
    let ready = serde_json::to_string(simulator.ready()).context("the ready file cannot be made")?;
    if let Some(path) = &arguments.ready_file {
        write_whole(path, &ready)
            .with_context(|| format!("the ready file {} was not written", path.display()))?;
    }
    writeln!(std::io::stdout(), "{ready}").context("standard output is closed")?;

    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        () = stdin_ended(), if arguments.exit_on_stdin_eof => {}
    }
    simulator.stop().await;
    Ok(())
}

/// Writes a file that others never see half done.
fn write_whole(path: &Path, text: &str) -> std::io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let unfinished = path.with_file_name(name);
    std::fs::write(&unfinished, text)?;
    std::fs::rename(&unfinished, path)
}

async fn stdin_ended() {
    let mut stdin = tokio::io::stdin();
    let mut bytes = [0; 256];
    while stdin.read(&mut bytes).await.is_ok_and(|count| count > 0) {}
}
