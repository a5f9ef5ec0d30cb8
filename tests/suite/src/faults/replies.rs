//! What the gateway answers, or does not: lost replies, refusals, wrong amounts, and a buyer who clicks twice.

use serde_json::{Value, json};

use super::Fault;
use super::ending::{Expected, UserEnd};
use super::scene::{Scene, Seen};
use crate::provoke;
use crate::simulator::gateways::Gateway;

/// Longer than the shortened wait for the answer to a charge, in milliseconds.
const TOO_LATE_MS: u64 = 6_000;

/// All of this kind.
pub const FAULTS: &[Fault] = &[
    Fault {
        name: "reply lost after the charge: connection closed",
        settings: &[],
        provoke: provoke!(closed),
        expected: |_| Expected::DELIVERED,
    },
    Fault {
        name: "reply lost after the charge: HTTP 500",
        settings: &[],
        provoke: provoke!(server_error),
        expected: |_| Expected::DELIVERED,
    },
    Fault {
        name: "reply lost after the charge: no answer",
        settings: &[],
        provoke: provoke!(no_answer),
        expected: |_| Expected::DELIVERED,
    },
    Fault {
        name: "reply lost after the charge: cut in the middle",
        settings: &[],
        provoke: provoke!(cut),
        expected: |_| Expected::DELIVERED,
    },
    Fault {
        name: "charge refused with 400",
        settings: &[],
        provoke: provoke!(refused_400),
        expected: |_| Expected::undone(400),
    },
    Fault {
        name: "charge refused with 401",
        settings: &[],
        provoke: provoke!(refused_401),
        expected: |_| Expected::undone(502),
    },
    Fault {
        name: "charge refused with 422",
        settings: &[],
        provoke: provoke!(refused_422),
        expected: |_| Expected::undone(422),
    },
    Fault {
        name: "charge refused with 429",
        settings: &[],
        provoke: provoke!(refused_429),
        expected: |_| Expected::undone(429),
    },
    Fault {
        name: "double click",
        settings: &[],
        provoke: provoke!(double_click),
        expected: |_| Expected::DELIVERED,
    },
    Fault {
        name: "gateway shows a wrong amount",
        settings: &[],
        provoke: provoke!(wrong_amount),
        expected: |_| Expected {
            phases: &["mismatch"],
            charges: Some(1),
            refunds: 0,
            user: UserEnd::Held,
            last: Some(202),
        },
    },
];

async fn closed(scene: &mut Scene) -> anyhow::Result<Seen> {
    struck(scene, "drop_after", json!({})).await
}

async fn server_error(scene: &mut Scene) -> anyhow::Result<Seen> {
    struck(scene, "error_after", json!({"status": 500})).await
}

async fn no_answer(scene: &mut Scene) -> anyhow::Result<Seen> {
    struck(scene, "delay_after", json!({"delay_ms": TOO_LATE_MS})).await
}

async fn cut(scene: &mut Scene) -> anyhow::Result<Seen> {
    struck(scene, "drop_middle", json!({})).await
}

async fn refused_400(scene: &mut Scene) -> anyhow::Result<Seen> {
    refused(scene, 400).await
}

async fn refused_401(scene: &mut Scene) -> anyhow::Result<Seen> {
    refused(scene, 401).await
}

async fn refused_422(scene: &mut Scene) -> anyhow::Result<Seen> {
    refused(scene, 422).await
}

async fn refused_429(scene: &mut Scene) -> anyhow::Result<Seen> {
    refused(scene, 429).await
}

async fn refused(scene: &mut Scene, status: u16) -> anyhow::Result<Seen> {
    struck(scene, "error", json!({ "status": status })).await
}

/// Buys while the charge meets a fault.
async fn struck(scene: &mut Scene, kind: &str, more: Value) -> anyhow::Result<Seen> {
    let fault = scene.on_charge(kind, more).await?;
    let sale = scene.send(scene.order());
    scene.struck(fault).await?;
    Ok(Scene::seen(sale).await)
}

async fn double_click(scene: &mut Scene) -> anyhow::Result<Seen> {
    let (one, two) = (scene.send(scene.order()), scene.send(scene.order()));
    let (one, two) = (Scene::seen(one).await, Scene::seen(two).await);
    let (Ok(first), Ok(second)) = (&one, &two) else { anyhow::bail!("{one:?} and {two:?}") };
    anyhow::ensure!((first.status, &first.body) == (second.status, &second.body), "{first:?} and {second:?}");
    Ok(one)
}

async fn wrong_amount(scene: &mut Scene) -> anyhow::Result<Seen> {
    scene.lies = true;
    let (path, set) = match scene.gateway {
        Gateway::Conekta => ("GET /orders/", json!({"/amount": 1_999})),
        Gateway::MercadoPago => ("GET /v1/payments/", json!({"/transaction_amount": 19.99})),
    };
    scene.on_gateway("alter", path, json!({ "set": set })).await?;
    Ok(Scene::seen(scene.send(scene.order())).await)
}
