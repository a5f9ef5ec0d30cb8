//! The sandbox itself: its receipt, its end, and its second start.
#![allow(clippy::disallowed_methods, reason = "tests stand outside the simulated world")]

use std::path::Path;
use std::process::Output;
use std::time::Duration;

use anyhow::Context as _;
use pagos_suite::checkers::assert_promises;
use pagos_suite::evidence::Evidence;
use pagos_suite::on_both_databases;
use pagos_suite::programs::program;
use pagos_suite::sandbox::{Database, Sandbox, is_running, signal};
use pagos_suite::services::Services;
use pagos_suite::wait::until;
use serde_json::Value;
use tokio::process::Command;

/// Long enough for a process to disappear.
const GONE_WITHIN: Duration = Duration::from_secs(20);
/// How far the steps may be from the total, in hundredths of the total.
const STEPS_OFF_MAX: f64 = 10.0;

on_both_databases!(
    once_prints_a_receipt_that_simulator_and_database_confirm,
    the_first_purchase_keeps_the_promises
);

async fn once_prints_a_receipt_that_simulator_and_database_confirm(database: Database) -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let url = match database {
        Database::Sqlite => format!("sqlite://{}", dir.path().join("control-plane/pagos.db").display()),
        Database::Postgres => Services::shared().await?.database().await?,
    };
    let named = (database == Database::Postgres).then_some(url.as_str());
    let output = once(dir.path(), named).await?;
    let receipt: Value =
        serde_json::from_slice(&output.stdout).context("standard output is the receipt alone")?;
    let text = |name: &str| {
        receipt[name].as_str().map(str::to_owned).with_context(|| format!("{name} in {receipt}"))
    };

    let state: Value = serde_json::from_slice(&std::fs::read(dir.path().join("simulator.state.json"))?)?;
    let memory: Value = serde_json::from_slice(&std::fs::read(dir.path().join("sandbox.json"))?)?;
    let router_id = memory["router_id"].as_str().context("the sandbox remembers its router")?;
    let evidence =
        Evidence::of_ours(&url, &[&dir.path().join("agent")]).await?.with_outside(&state, router_id)?;
    let purchase = evidence.purchase(&text("purchase_id")?).context("the purchase is in the database")?;
    assert_eq!(purchase.payment_id, Some(text("gateway_order_id")?));
    assert_eq!(purchase.user, text("hotspot_user")?);
    assert!(
        evidence
            .payments
            .iter()
            .any(|payment| Some(&payment.id) == purchase.payment_id.as_ref() && payment.status == "paid")
    );
    assert!(evidence.users.iter().any(|user| user.name == purchase.user));
    assert_eq!(text("device_state")?, "conectado");
    assert_eq!(steps_off(&receipt), None);
    Ok(())
}

async fn the_first_purchase_keeps_the_promises(database: Database) -> anyhow::Result<()> {
    let sandbox = Sandbox::start(database).await?;
    let evidence = sandbox.settled(GONE_WITHIN).await?;
    assert_eq!(evidence.purchases.len(), 1);
    assert_eq!(evidence.purchases[0].phase, "completed");
    assert_promises(&evidence);
    Ok(())
}

#[tokio::test]
async fn the_story_is_told_in_the_language_of_the_locale() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let english = run(dir.path(), None, "en_US.UTF-8").await?;
    let spanish = run(dir.path(), None, "es_MX.UTF-8").await?;
    assert!(String::from_utf8_lossy(&english.stderr).contains("A purchase"));
    assert!(String::from_utf8_lossy(&spanish.stderr).contains("Una compra"));
    Ok(())
}

#[tokio::test]
async fn a_second_start_goes_on_with_the_same_company() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    once(dir.path(), None).await?;
    let first = std::fs::read_to_string(dir.path().join("sandbox.json"))?;
    once(dir.path(), None).await?;
    assert_eq!(std::fs::read_to_string(dir.path().join("sandbox.json"))?, first);
    Ok(())
}

#[tokio::test]
async fn a_sandbox_that_is_asked_to_end_takes_everything_along() -> anyhow::Result<()> {
    let sandbox = Sandbox::start(Database::Sqlite).await?;
    let pids = sandbox.ready.pids.clone();
    let status = sandbox.end().await?;
    assert!(status.success(), "{status}");
    for id in [pids.control_plane, pids.agent, pids.simulator] {
        assert!(!is_running(id), "{id} has outlived the sandbox");
    }
    Ok(())
}

#[tokio::test]
async fn a_killed_sandbox_leaves_nothing_running() -> anyhow::Result<()> {
    let sandbox = Sandbox::start(Database::Sqlite).await?;
    let pids = sandbox.ready.pids.clone();
    signal("KILL", sandbox.id().context("the sandbox runs")?);
    until("nothing of it runs", GONE_WITHIN, || async {
        let left = [pids.control_plane, pids.agent, pids.simulator].into_iter().any(is_running);
        Ok((!left).then_some(()))
    })
    .await
}

#[tokio::test]
async fn a_part_that_dies_is_reported_and_left_dead() -> anyhow::Result<()> {
    let mut sandbox = Sandbox::start(Database::Sqlite).await?;
    let agent = sandbox.ready.pids.agent;
    sandbox.kill_agent().await?;
    let told = until("the death is told", GONE_WITHIN, || async {
        let story = sandbox.story()?;
        Ok(story.lines().find(|line| line.starts_with("agent ")).map(str::to_owned))
    });
    assert!(told.await?.contains("agent.log"));
    assert!(sandbox.id().is_some_and(is_running), "the sandbox stays up");
    assert!(!is_running(agent), "the agent stays down");
    sandbox.restart_agent()?;
    sandbox.router_reachable().await
}

async fn once(dir: &Path, database_url: Option<&str>) -> anyhow::Result<Output> {
    run(dir, database_url, "C.UTF-8").await
}

async fn run(dir: &Path, database_url: Option<&str>, locale: &str) -> anyhow::Result<Output> {
    let mut command = Command::new(program("pagos-sandbox")?);
    command
        .args(["--once", "--http-port", "0", "--data-dir"])
        .arg(dir)
        .env("LC_ALL", locale)
        .kill_on_drop(true);
    if let Some(url) = database_url {
        command.args(["--database-url", url]);
    }
    let output = command.output().await?;
    anyhow::ensure!(
        output.status.success(),
        "{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(output)
}

/// By how much the steps miss the total, in hundredths, when that is too much.
#[expect(clippy::float_arithmetic, reason = "durations, not money")]
fn steps_off(receipt: &Value) -> Option<f64> {
    let steps = receipt["steps"].as_array().into_iter().flatten();
    let sum: f64 = steps.filter_map(|step| step["ms"].as_f64()).sum();
    let total = receipt["total_ms"].as_f64().unwrap_or_default();
    let off = (total - sum).abs() * 100.0 / total;
    (off > STEPS_OFF_MAX || off.is_nan()).then_some(off)
}
