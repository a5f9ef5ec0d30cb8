//! What breaks between processes: links are cut, gateways and routers fail, while processes are being killed.

use std::cell::RefCell;
use std::time::Instant;

use serde_json::{Value, json};

use super::chance::Chance;
use super::network::Network;
use super::tally::{Blow, Shared};
use super::world::SITES;
use crate::simulator::Simulator;
use crate::simulator::gateways::Gateway;

/// Pause between two cuts, in milliseconds.
const CALM_MS: (u64, u64) = (1_000, 7_000);
/// How long a link stays cut, in milliseconds.
const CUT_MS: (u64, u64) = (500, 4_000);
/// Pause between two faults, in milliseconds.
const PAUSE_MS: (u64, u64) = (300, 2_000);
/// How long a router fails, in milliseconds.
const ROUTER_MS: (u64, u64) = (500, 3_000);
/// So often in a hundred a router fails, and not a gateway.
const ROUTER_PERCENT: u64 = 25;
/// So often in a hundred a gateway fails at a refund, and not at whatever comes next.
const REFUND_PERCENT: u64 = 30;

/// Cuts links until `end`; all are joined when it returns.
///
/// # Errors
/// When the system refuses.
pub async fn cut_links(
    network: &Network,
    end: Instant,
    chance: &RefCell<Chance>,
    tally: &Shared,
) -> anyhow::Result<()> {
    while Instant::now() < end {
        let (site, calm, away) = {
            let mut chance = chance.borrow_mut();
            (chance.place(SITES), chance.pause(CALM_MS), chance.pause(CUT_MS))
        };
        tokio::time::sleep(calm).await;
        tally.borrow_mut().strike(Blow::Cut);
        network.cut(site, true)?;
        tokio::time::sleep(away).await;
        network.cut(site, false)?;
    }
    Ok(())
}

/// Lets gateways and routers fail until `end`; `simulators` are those of the sites, the first plays the gateways too.
///
/// # Errors
/// When a simulator does not answer.
pub async fn fail_outside(
    simulators: &[Simulator],
    end: Instant,
    chance: &RefCell<Chance>,
    tally: &Shared,
) -> anyhow::Result<()> {
    while Instant::now() < end {
        let (pause, router) = {
            let mut chance = chance.borrow_mut();
            (chance.pause(PAUSE_MS), chance.percent(ROUTER_PERCENT))
        };
        tokio::time::sleep(pause).await;
        tally.borrow_mut().faults += 1;
        if !router {
            let fault = gateway_fault(&mut chance.borrow_mut());
            simulators[0].fault(fault).await?;
            continue;
        }
        let (simulator, fault, away) = {
            let mut chance = chance.borrow_mut();
            let simulator = &simulators[chance.place(simulators.len())];
            (simulator, router_fault(&mut chance), chance.pause(ROUTER_MS))
        };
        let number = simulator.fault(fault).await?;
        tokio::time::sleep(away).await;
        simulator.take_down(number).await?;
    }
    Ok(())
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
    if chance.percent(REFUND_PERCENT) {
        fault["match"] = "/refunds".into();
    }
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
