//! `GET /api/v1/webhook/test-webhook`: says that notifications are taken, and where.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::http::app::Shared;
use crate::text::{Language, Phrase};
use crate::webhook::notice::Source;

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
