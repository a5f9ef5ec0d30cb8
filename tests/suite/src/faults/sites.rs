//! The router goes away at the worst moment, and comes back.

use std::time::Duration;

use serde_json::json;

use super::Fault;
use super::ending::{Expected, UserEnd};
use super::scene::{HELD_MS, SETTLED_WITHIN, Scene, Seen};
use crate::provoke;
use crate::wait::until;

/// Who paid and has no access gets the money back after this, shortened.
const IMPATIENT: &[(&str, &str)] = &[("PAGOS_PURCHASE__DELIVERY_LIMIT_MS", "3000")];

/// All of this kind.
pub const FAULTS: &[Fault] = &[
    Fault {
        name: "router gone when the unpaid user must be removed",
        settings: &[],
        provoke: provoke!(gone_at_roll_back),
        expected: |_| Expected::undone(402),
    },
    Fault {
        name: "router gone when the paid user must be confirmed",
        settings: &[],
        provoke: provoke!(gone_at_confirm),
        expected: |_| Expected::DELIVERED,
    },
    Fault {
        name: "paid but not deliverable, and the reply to the refund is lost",
        settings: IMPATIENT,
        provoke: provoke!(refund_reply_lost),
        expected: |_| Expected {
            phases: &["reversed"],
            charges: Some(1),
            refunds: 1,
            user: UserEnd::Gone,
            last: Some(402),
        },
    },
];

async fn gone_at_roll_back(scene: &mut Scene) -> anyhow::Result<Seen> {
    let fault = scene.on_charge("delay", json!({"delay_ms": HELD_MS})).await?;
    let sale = scene.send(scene.order().declined("fault"));
    scene.struck(fault).await?;
    scene.router_away().await?;
    let seen = Scene::seen(sale).await;
    back_later().await;
    Ok(seen)
}

async fn gone_at_confirm(scene: &mut Scene) -> anyhow::Result<Seen> {
    let fault = scene.on_charge("delay", json!({"delay_ms": HELD_MS})).await?;
    let sale = scene.send(scene.order());
    scene.struck(fault).await?;
    scene.router_away().await?;
    let seen = Scene::seen(sale).await;
    back_later().await;
    Ok(seen)
}

/// A PIN works only once the router has confirmed it: without the router there is nothing to be shown.
async fn refund_reply_lost(scene: &mut Scene) -> anyhow::Result<Seen> {
    let fault = scene.on_charge("delay", json!({"delay_ms": HELD_MS})).await?;
    scene.on_gateway("drop_after", "/refunds", json!({"count": 1})).await?;
    let sale = scene.send(scene.order().with("tipo_usuario", "pin"));
    scene.struck(fault).await?;
    scene.router_away().await?;
    let seen = Scene::seen(sale).await;
    until("the money went back", SETTLED_WITHIN, || async {
        let ledger = scene.simulator.ledger_of(scene.gateway).await?;
        Ok(ledger.iter().any(|line| line["kind"] == "refund").then_some(()))
    })
    .await?;
    Ok(seen)
}

/// The router stays away for a while after the customer's answer: the point is that time passes.
async fn back_later() {
    tokio::time::sleep(Duration::from_millis(HELD_MS)).await;
}
