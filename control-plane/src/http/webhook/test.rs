//! `GET /api/v1/webhook/test-webhook`: says that notifications are taken, and where.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::http::app::Shared;
use crate::http::operation::Operation;
use crate::http::shape::{moment, object, text, word};
use crate::text::{Language, Phrase};
use crate::webhook::notice::Source;

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::get("/api/v1/webhook/test-webhook", handle)
        .titled("Dice que se reciben avisos, y dónde", "Say that notifications are taken, and where")
        .gives(object([
            ("status", word(&["active"])),
            ("service", text("Pagos Hotspot")),
            ("endpoint", text("/api/v1/webhook/mercado-pago")),
            ("method", word(&["POST"])),
            ("description", text("…")),
            ("url_produccion", text("https://pagos.example.org/api/v1/webhook/mercado-pago")),
            ("url_pruebas", text("https://pagos.example.org/api/v1/webhook/mercado-pago")),
            ("health_check", word(&["ok"])),
            ("timestamp", moment()),
        ]))
}

/// See the module.
pub async fn handle(State(app): State<Shared>, language: Language) -> Json<Value> {
    let url = app.webhooks.shared_address(Source::MercadoPago);
    Json(json!({
        "status": "active",
        "service": language.phrase(Phrase::WebhookService),
        "endpoint": "/api/v1/webhook/mercado-pago",
        "method": "POST",
        "description": language.phrase(Phrase::WebhookServiceAdvice),
        "url_produccion": url,
        "url_pruebas": url,
        "health_check": "ok",
        "timestamp": app.clock.now().iso(),
    }))
}
