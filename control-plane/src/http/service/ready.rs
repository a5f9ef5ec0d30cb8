//! `GET /ready`: whether traffic can be sent here.
//!
//! Migrations and the agents' authority are settled before the service listens at all, so they are true whenever this answers.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::http::app::Shared;
use crate::store::{StoreError, settings};

/// A database that takes longer than this is not ready, in milliseconds.
const DATABASE_TIMEOUT_MS: u64 = 2_000;

/// See the module.
pub async fn handle(State(app): State<Shared>) -> (StatusCode, Json<Value>) {
    let asked = async {
        settings::find(&mut app.store.reader().await?.conn(), "ready").await?;
        Ok::<_, StoreError>(())
    };
    let answered = tokio::time::timeout(Duration::from_millis(DATABASE_TIMEOUT_MS), asked).await;
    let database = matches!(answered, Ok(Ok(())));
    let (status, word) =
        if database { (StatusCode::OK, "ready") } else { (StatusCode::SERVICE_UNAVAILABLE, "not_ready") };
    let checks = json!({"database": database, "migrations": true, "authority": true});
    (status, Json(json!({"status": word, "checks": checks, "agents": app.hub.agents()})))
}
