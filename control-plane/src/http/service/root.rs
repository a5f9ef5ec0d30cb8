//! `GET /`: what this is.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::http::app::Shared;
use crate::http::operation::Operation;
use crate::http::shape::{object, text, word};
use crate::text::{Language, Phrase};

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::get("/", handle).titled("Qué es este servicio", "What this service is").gives(object([
        ("message", text("Pagos Hotspot")),
        ("version", text(env!("CARGO_PKG_VERSION"))),
        ("status", word(&["running"])),
        ("timestamp", text("2026-03-01T18:00:00Z")),
        ("docs", text("/docs")),
    ]))
}

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
