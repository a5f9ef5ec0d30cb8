//! What breaks between processes: links are cut, gateways and routers fail, while processes are being killed.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Instant;

use serde_json::{Value, json};

use super::chance::Chance;
use super::network::Network;
use super::tally::{Blow, Shared};
use crate::simulator::Simulator;
use crate::simulator::gateways::Gateway;

/// Pause between two things, in milliseconds.
const PAUSE_MS: (u64, u64) = (300, 2_000);
/// How long a link stays cut, in milliseconds.
const CUT_MS: (u64, u64) = (500, 4_000);
/// How long a router fails, in milliseconds.
const ROUTER_MS: (u64, u64) = (500, 3_000);

/// What can happen.
#[derive(Debug, Clone, Copy)]
enum Event {
    Cut,
    Gateway,
    Router,
}

/// The first thing is a cut, so that a short run has one; then what chance says.
const EVENTS: [Event; 6] =
    [Event::Cut, Event::Cut, Event::Gateway, Event::Gateway, Event::Gateway, Event::Router];

/// Lets things happen until `end`; `simulators` are those of the sites, the first plays the gateways too.
///
/// # Errors
/// When the system refuses, or a simulator does not answer.
pub async fn break_links(
    network: &Network,
    simulators: &[Simulator],
    end: Instant,
    chance: &Rc<RefCell<Chance>>,
    tally: &Shared,
) -> anyhow::Result<()> {
    let mut event = Event::Cut;
    while Instant::now() < end {
        let site = chance.borrow_mut().place(simulators.len());
        match event {
            Event::Cut => {
                tally.borrow_mut().strike(Blow::Cut);
                network.cut(site, true)?;
                let away = chance.borrow_mut().pause(CUT_MS);
                tokio::time::sleep(away).await;
                network.cut(site, false)?;
            }
            Event::Gateway => {
                tally.borrow_mut().faults += 1;
                let fault = gateway_fault(&mut chance.borrow_mut());
                simulators[0].fault(fault).await?;
            }
            Event::Router => {
                tally.borrow_mut().faults += 1;
                let (fault, away) = {
                    let mut chance = chance.borrow_mut();
                    (router_fault(&mut chance), chance.pause(ROUTER_MS))
                };
                let number = simulators[site].fault(fault).await?;
                tokio::time::sleep(away).await;
                simulators[site].take_down(number).await?;
            }
        }
        let pause = chance.borrow_mut().pause(PAUSE_MS);
        tokio::time::sleep(pause).await;
        event = chance.borrow_mut().pick(&EVENTS);
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
