//! What breaks.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Counts;
use super::chance::Chance;
use super::world::World;
use crate::simulator::gateways::Gateway;

/// At least so often something is killed.
const KILL_EVERY: Duration = Duration::from_secs(15);
/// At least so often the database server is killed, where there is one.
const DATABASE_EVERY: Duration = Duration::from_secs(55);

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    ControlPlane,
    Agent,
    Database,
    Cut,
    Gateway,
    Router,
}

/// Breaks things for as long as it is told; every process runs when it returns.
///
/// # Errors
/// When something that was killed does not come back.
pub async fn break_things(
    world: &mut World,
    lasts: Duration,
    chance: &Rc<RefCell<Chance>>,
    counts: &Rc<RefCell<Counts>>,
) -> anyhow::Result<()> {
    let started = Instant::now();
    let (mut killed, mut database) = (started, started);
    while started.elapsed() < lasts {
        let (act, pause, site) = {
            let mut chance = chance.borrow_mut();
            let drawn = chance.pick(&[
                Act::ControlPlane,
                Act::Agent,
                Act::Cut,
                Act::Cut,
                Act::Gateway,
                Act::Gateway,
                Act::Gateway,
                Act::Router,
                Act::Router,
                Act::Database,
            ]);
            let site = chance.pick(&[0, 1]);
            (due(drawn, killed, database, world.postgres.is_some(), site), chance.pause(300, 2_500), site)
        };
        match act {
            Act::ControlPlane | Act::Agent => killed = Instant::now(),
            Act::Database => database = Instant::now(),
            Act::Cut | Act::Gateway | Act::Router => {}
        }
        perform(world, act, site, chance, counts).await?;
        tokio::time::sleep(pause).await;
    }
    Ok(())
}

/// What was drawn, unless something else has waited too long.
fn due(drawn: Act, killed: Instant, database: Instant, has_server: bool, site: usize) -> Act {
    if has_server && database.elapsed() > DATABASE_EVERY {
        return Act::Database;
    }
    // What is begun now may last several seconds.
    if killed.elapsed() > KILL_EVERY / 2 {
        return if site == 0 { Act::ControlPlane } else { Act::Agent };
    }
    if drawn == Act::Database && !has_server { Act::ControlPlane } else { drawn }
}

async fn perform(
    world: &mut World,
    act: Act,
    site: usize,
    chance: &Rc<RefCell<Chance>>,
    counts: &Rc<RefCell<Counts>>,
) -> anyhow::Result<()> {
    let down = chance.borrow_mut().pause(0, 1_500);
    match act {
        Act::ControlPlane => {
            counts.borrow_mut().control_plane_kills += 1;
            world.sandbox.kill_control_plane().await?;
            tokio::time::sleep(down).await;
            world.sandbox.restart_control_plane().await
        }
        Act::Agent => {
            counts.borrow_mut().agent_kills += 1;
            world.kill_agent(site).await?;
            tokio::time::sleep(down).await;
            world.start_agent(site)
        }
        Act::Database => {
            counts.borrow_mut().database_kills += 1;
            let Some(server) = &mut world.postgres else { return Ok(()) };
            server.kill()?;
            tokio::time::sleep(down).await;
            server.start_again()
        }
        Act::Cut => {
            counts.borrow_mut().cuts += 1;
            world.network.cut(site, true)?;
            let away = chance.borrow_mut().pause(500, 4_000);
            tokio::time::sleep(away).await;
            world.network.cut(site, false)
        }
        Act::Gateway => {
            counts.borrow_mut().faults += 1;
            let fault = gateway_fault(&mut chance.borrow_mut());
            world.sandbox.simulator()?.fault(fault).await.map(drop)
        }
        Act::Router => {
            counts.borrow_mut().faults += 1;
            let (fault, away) = {
                let mut chance = chance.borrow_mut();
                (router_fault(&mut chance), chance.pause(500, 3_000))
            };
            let simulator = &world.simulators()?[site];
            let number = simulator.fault(fault).await?;
            tokio::time::sleep(away).await;
            simulator.take_down(number).await
        }
    }
}

fn gateway_fault(chance: &mut Chance) -> Value {
    let gateway = chance.pick(&[Gateway::Conekta, Gateway::MercadoPago]);
    let kind = chance.pick(&[
        "delay",
        "delay_after",
        "drop_before",
        "drop_after",
        "drop_middle",
        "error",
        "error_after",
        "bad_gateway",
        "bad_gateway_after",
    ]);
    let mut fault = json!({"target": gateway.word(), "kind": kind, "count": 1 + chance.below(3)});
    match kind {
        "delay" | "delay_after" => fault["delay_ms"] = (500 + chance.below(6_000)).into(),
        "error" => fault["status"] = chance.pick(&[400, 401, 404, 422, 429, 500, 503]).into(),
        _ => {}
    }
    fault
}

fn router_fault(chance: &mut Chance) -> Value {
    let kind = chance.pick(&["away", "away", "drop_before", "drop_after", "delay", "error_after"]);
    let mut fault = json!({"target": "router", "kind": kind});
    match kind {
        "away" => {}
        "delay" => fault["delay_ms"] = (200 + chance.below(5_000)).into(),
        _ => fault["match"] = "/ip/hotspot/user/".into(),
    }
    fault
}
