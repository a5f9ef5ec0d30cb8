//! `GET /health`: the process lives. Checks nothing.

use axum::Json;
use serde_json::{Value, json};

/// See the module.
pub async fn handle() -> Json<Value> {
    Json(json!({"status": "healthy"}))
}
