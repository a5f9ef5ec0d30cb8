//! How long it takes to take over a large old database, and how much memory.

use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;

use super::machine::{of_process, peak_kib};
use super::options::Options;
use super::report::{Budget, Report};
use crate::old_database::{ENCRYPTION_KEY, Sizes, fill};
use crate::programs::program;
use crate::sandbox::Database;
use crate::services::Services;

/// How often the memory is looked at, in milliseconds: the kernel keeps the peak, but not beyond the end.
const LOOK_MS: u64 = 20;
const MIB_KIB: f64 = 1024.0;
/// How much more memory the larger import may take.
const GROWTH_MAX: f64 = 1.2;

struct Run {
    seconds: f64,
    /// Of it on a processor: what a busy machine does not stretch.
    processor: f64,
    peak_mib: f64,
    taken: String,
}

/// Imports 100,000 and 1,000,000 transactions, each twice: the second run must find nothing to do.
///
/// # Errors
/// When an import fails.
pub async fn measure(database: Database, options: &Options, report: &mut Report) -> anyhow::Result<()> {
    let sizes = if options.quick { [1_000, 10_000] } else { [100_000, 1_000_000] };
    let mut peaks = Vec::new();
    for transactions in sizes {
        let services = Services::shared().await?;
        let old = services.database().await?;
        fill(&old, Sizes { companies: 50, routers: 500, products: 5_000, transactions }, "UTC").await?;
        let dir = tempfile::tempdir()?;
        let url = match database {
            Database::Sqlite => format!("sqlite:{}", dir.path().join("pagos.db").display()),
            Database::Postgres => services.database().await?,
        };
        let call = || -> anyhow::Result<Command> {
            let mut command = Command::new(program("pagos-control-plane")?);
            command.args(["import", "--apply", "--data-dir"]).arg(dir.path()).env("PAGOS_DATABASE_URL", &url);
            command.env("DATABASE_URL", &old).env("ENCRYPTION_KEY_MERCADO_PAGO", ENCRYPTION_KEY);
            Ok(command)
        };
        let first = run(call()?).await?;
        ensure!(first.taken == transactions.to_string(), "{} taken of {transactions}", first.taken);
        let again = run(call()?).await?;
        ensure!(again.taken == "0", "the second run took {}", again.taken);
        let name = |what: &str| format!("import of {transactions} transactions, {what}");
        report.add(database, &name("time"), first.seconds, "s", Some(Budget::AtMost(300.0)));
        report.add(database, &name("own processor time"), first.processor, "s", None);
        report.add(database, &name("peak memory"), first.peak_mib, "MiB", Some(Budget::AtMost(150.0)));
        report.add(database, &name("second run"), again.seconds, "s", None);
        peaks.push(first.peak_mib);
    }
    let growth = peaks[1] / peaks[0];
    report.add(
        database,
        "memory of the larger import ÷ the smaller",
        growth,
        "",
        Some(Budget::AtMost(GROWTH_MAX)),
    );
    Ok(())
}

async fn run(mut command: Command) -> anyhow::Result<Run> {
    let started = Instant::now();
    let spawned =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true).spawn();
    let mut child = spawned.context("starting the import")?;
    let (pid, mut out) = (child.id().context("it has an id")?, child.stdout.take().context("it speaks")?);
    let (mut text, mut peak, mut processor) = (String::new(), 0, Duration::ZERO);
    let mut reading = Box::pin(out.read_to_string(&mut text));
    let status = loop {
        peak = peak_kib(pid).unwrap_or(peak);
        processor = of_process(pid).unwrap_or(processor);
        tokio::select! {
            _ = &mut reading => break child.wait().await?,
            () = tokio::time::sleep(Duration::from_millis(LOOK_MS)) => {}
        }
    };
    drop(reading);
    ensure!(status.success(), "the import ended with {status}:\n{text}");
    let row = text.lines().rfind(|line| line.starts_with("transacciones")).context("there is a summary")?;
    let taken = row.split_whitespace().nth(2).unwrap_or_default().to_owned();
    let peak_mib = f64::from(u32::try_from(peak)?) / MIB_KIB;
    let (seconds, processor) = (started.elapsed().as_secs_f64(), processor.as_secs_f64());
    Ok(Run { seconds, processor, peak_mib, taken })
}
