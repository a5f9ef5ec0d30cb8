//! `GET /health`: the process lives. Checks nothing.

use axum::Json;
use serde_json::{Value, json};

use crate::http::operation::Operation;
use crate::http::shape::{object, word};

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::get("/health", handle)
        .titled("Si el proceso vive", "Whether the process lives")
        .gives(object([("status", word(&["healthy"]))]))
}

/// See the module.
pub async fn handle() -> Json<Value> {
    Json(json!({"status": "healthy"}))
}
