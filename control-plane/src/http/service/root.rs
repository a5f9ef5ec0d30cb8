//! `GET /`: what this is.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::http::app::Shared;
use crate::text::{Language, Phrase};

/// See the module.
pub async fn handle(State(app): State<Shared>, language: Language) -> Json<Value> {
    Json(json!({
        "message": language.phrase(Phrase::ServiceName),
        "version": env!("CARGO_PKG_VERSION"),
        "status": "running",
        "timestamp": format!("{}Z", app.clock.now().iso()),
        "docs": "/docs",
    }))
}
