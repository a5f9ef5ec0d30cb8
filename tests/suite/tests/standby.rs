//! Control planes that take over from others while the database is not there, or on another machine.
#![allow(clippy::disallowed_methods, reason = "tests stand outside the simulated world")]

use std::time::Duration;

use pagos_suite::checkers::assert_promises;
use pagos_suite::portal::Order;
use pagos_suite::sandbox::{Sandbox, is_running};
use pagos_suite::services::{Postgres, database_at};
use pagos_suite::wait::until;
use serde_json::json;
use sqlx::{Connection as _, PgConnection};

/// Long enough for a process to get where it is held.
const HELD_WITHIN: Duration = Duration::from_secs(20);
/// Long enough for a lease to end and a purchase to be settled.
const SETTLED_WITHIN: Duration = Duration::from_secs(120);

/// Somebody who waits for a lock while looking for purchases that nobody runs.
const TAKING_OVER: &str = "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' \
     AND query LIKE '%FROM purchases WHERE open AND runner <>%'";

/// A sandbox on a server of its own that may be killed.
async fn on_postgres() -> anyhow::Result<(Postgres, String, Sandbox)> {
    let server = tokio::task::spawn_blocking(Postgres::start_to_be_killed).await??;
    let url = database_at(server.url()).await?;
    let sandbox = Sandbox::start_as(&["--database-url", &url], &[]).await?;
    Ok((server, url, sandbox))
}

#[tokio::test]
async fn the_database_goes_away_while_a_new_process_takes_over_and_the_process_goes_on() -> anyhow::Result<()>
{
    let (mut server, url, mut sandbox) = on_postgres().await?;
    sandbox.kill_control_plane().await?;
    let (mut holder, mut watcher) = (PgConnection::connect(&url).await?, PgConnection::connect(&url).await?);
    let mut held = holder.begin().await?;
    sqlx::query("LOCK TABLE purchases IN ACCESS EXCLUSIVE MODE").execute(&mut *held).await?;
    sandbox.restart_control_plane().await?;
    let started = sandbox.ready.pids.control_plane;
    let watched = tokio::sync::Mutex::new(&mut watcher);
    until("the new process looks for purchases to take over", HELD_WITHIN, || async {
        let (waiting,): (i64,) = sqlx::query_as(TAKING_OVER).fetch_one(&mut **watched.lock().await).await?;
        Ok((waiting > 0).then_some(()))
    })
    .await?;
    server.kill()?;
    let server = tokio::task::spawn_blocking(move || server.start_again().map(|()| server)).await??;

    sandbox.router_reachable().await?;
    let sold = sandbox.portal()?.buy(&Order::new("after", sandbox.ready.productos[0].id)).await?;
    assert_eq!(sold.status, 200, "{sold:?}");
    assert!(is_running(started), "the process that was started is the one that sells");
    assert_promises(&sandbox.settled(SETTLED_WITHIN).await?);
    drop(server);
    Ok(())
}

#[tokio::test]
async fn another_machine_finishes_what_a_dead_one_left_behind() -> anyhow::Result<()> {
    let (_server, _, mut sandbox) = on_postgres().await?;
    let simulator = sandbox.simulator()?;
    let fault = json!({"target": "conekta", "kind": "delay_after", "match": "/charges", "delay_ms": 60_000, "count": 1});
    let fault = simulator.fault(fault).await?;
    let (portal, order) = (sandbox.portal()?, Order::new("left", sandbox.ready.productos[0].id));
    let sale = tokio::spawn(async move { portal.buy(&order).await });
    simulator.struck(fault, HELD_WITHIN).await?;
    sandbox.kill_control_plane().await?;
    assert!(sale.await?.is_err(), "nobody answers the buyer");

    let machine = sandbox.ready.data_dir.join("another-machine").display().to_string();
    let env = &mut sandbox.ready.restart.control_plane.env;
    let first = env.insert("PAGOS_DATA_DIR".to_owned(), machine).unwrap_or_default();
    env.insert("PAGOS_MASTER_KEY_FILE".to_owned(), format!("{first}/master.key"));
    sandbox.restart_control_plane().await?;
    let evidence = sandbox.settled(SETTLED_WITHIN).await?;
    assert_promises(&evidence);
    let phases: Vec<&str> = evidence.purchases.iter().map(|purchase| purchase.phase.as_str()).collect();
    assert_eq!(phases, ["completed"; 2]);
    let sold = sandbox.portal()?.buy(&Order::new("left", sandbox.ready.productos[0].id)).await?;
    assert_eq!((sold.status, sold.hotspot_user()), (200, evidence.purchases[1].user.as_str()));
    Ok(())
}
