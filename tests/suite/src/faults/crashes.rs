//! Control plane and agent killed with signal 9, before and after the charge.

use serde_json::json;

use super::Fault;
use super::ending::{Expected, UserEnd};
use super::scene::{HELD_MS, Scene, Seen};
use crate::provoke;

/// The command that makes the user.
const MAKE_USER: &str = "/ip/hotspot/user/add";

/// All of this kind.
pub const FAULTS: &[Fault] = &[
    Fault {
        name: "control plane killed before the charge",
        settings: &[],
        provoke: provoke!(control_plane_before),
        // It goes on when the agent is back soon enough; else it is undone.
        expected: |_| Expected {
            phases: &["completed", "rolled_back"],
            charges: None,
            refunds: 0,
            user: UserEnd::AsPhase,
            last: None,
        },
    },
    Fault {
        name: "control plane killed after the charge",
        settings: &[],
        provoke: provoke!(control_plane_after),
        expected: |_| Expected::DELIVERED,
    },
    Fault {
        name: "agent killed before the charge",
        settings: &[],
        provoke: provoke!(agent_before),
        expected: |_| Expected::undone(503),
    },
    Fault {
        name: "agent killed after the charge",
        settings: &[],
        provoke: provoke!(agent_after),
        expected: |_| Expected::DELIVERED,
    },
];

async fn control_plane_before(scene: &mut Scene) -> anyhow::Result<Seen> {
    let more = json!({"match": MAKE_USER, "delay_ms": HELD_MS, "count": 1});
    let fault = scene.on_router("delay", more).await?;
    let sale = scene.send(scene.order());
    scene.struck(fault).await?;
    scene.crash_control_plane().await?;
    Ok(Scene::seen(sale).await)
}

async fn control_plane_after(scene: &mut Scene) -> anyhow::Result<Seen> {
    scene.on_charge("delay_after", json!({"delay_ms": HELD_MS})).await?;
    let sale = scene.send(scene.order());
    scene.charged().await?;
    scene.crash_control_plane().await?;
    Ok(Scene::seen(sale).await)
}

async fn agent_before(scene: &mut Scene) -> anyhow::Result<Seen> {
    let more = json!({"match": MAKE_USER, "delay_ms": HELD_MS, "count": 1});
    let fault = scene.on_router("delay", more).await?;
    let sale = scene.send(scene.order());
    scene.struck(fault).await?;
    scene.crash_agent(sale).await
}

async fn agent_after(scene: &mut Scene) -> anyhow::Result<Seen> {
    scene.on_charge("delay_after", json!({"delay_ms": HELD_MS})).await?;
    let sale = scene.send(scene.order());
    scene.charged().await?;
    scene.crash_agent(sale).await
}
