//! `GET /ready`: whether traffic can be sent here.
//!
//! Migrations and the agents' authority are settled before the service listens at all, so they are true whenever this answers.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::http::app::Shared;
use crate::http::operation::Operation;
use crate::http::shape::{Shape, flag, integer, object, word};
use crate::store::{StoreError, settings};

/// A database that takes longer than this is not ready, in milliseconds.
const DATABASE_TIMEOUT_MS: u64 = 2_000;

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::get("/ready", handle)
        .titled("Si el servicio está listo", "Whether the service is ready")
        .gives(readiness("ready"))
        .answers(StatusCode::SERVICE_UNAVAILABLE, "application/json", readiness("not_ready"))
}

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

fn readiness(status: &str) -> Shape {
    let checks = object([("database", flag(true)), ("migrations", flag(true)), ("authority", flag(true))]);
    object([("status", word(&[status])), ("checks", checks), ("agents", integer(3))])
}
