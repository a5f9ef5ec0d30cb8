//! The database goes away between charge and save.

use std::time::Duration;

use anyhow::Context as _;
use serde_json::json;

use super::Fault;
use super::ending::Expected;
use super::scene::{HELD_MS, Scene, Seen};
use crate::provoke;

/// How long the database stays away after the answer to the charge has come, in milliseconds.
const AWAY_MS: u64 = 3_000;

/// All of this kind.
pub const FAULTS: &[Fault] = &[Fault {
    name: "database cut between charge and save",
    settings: &[],
    provoke: provoke!(cut),
    expected: |_| Expected::DELIVERED,
}];

/// PostgreSQL is killed and started again; a SQLite file is held by an exclusive transaction of another process.
async fn cut(scene: &mut Scene) -> anyhow::Result<Seen> {
    scene.on_charge("delay_after", json!({"delay_ms": HELD_MS})).await?;
    let sale = scene.send(scene.order());
    scene.charged().await?;
    // The point is that time passes while the answer to the charge comes and cannot be stored.
    let away = Duration::from_millis(HELD_MS + AWAY_MS);
    match &mut scene.postgres {
        Some(server) => {
            scene.notes.fault("PostgreSQL: killed");
            server.kill()?;
            tokio::time::sleep(away).await;
            server.start_again()?;
            scene.notes.fault("PostgreSQL: started again");
        }
        None => {
            let url = &scene.sandbox.ready.database_url;
            let path = url.trim_start_matches("sqlite:").trim_start_matches("//");
            let holder = rusqlite::Connection::open(path).with_context(|| format!("opening {path}"))?;
            holder.busy_timeout(Duration::from_millis(AWAY_MS))?;
            holder.execute_batch("BEGIN EXCLUSIVE")?;
            scene.notes.fault("SQLite: another process holds the file");
            tokio::time::sleep(away).await;
            holder.execute_batch("ROLLBACK")?;
            scene.notes.fault("SQLite: the file is free");
        }
    }
    Ok(Scene::seen(sale).await)
}
