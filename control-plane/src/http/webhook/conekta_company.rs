//! `POST /api/v1/webhook/conekta/{ruta}`: notifications of Conekta at a company's own address.

use axum::Json;
use axum::extract::{Request, State};
use serde_json::Value;

use super::{reading, reply};
use crate::http::app::Shared;
use crate::http::error::ApiError;
use crate::http::extract::Segments;
use crate::http::operation::{Access, Operation};
use crate::text::Language;
use crate::webhook::notice::Source;

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::post("/api/v1/webhook/conekta/{ruta}", handle)
        .titled("Recibe avisos de Conekta para una empresa", "Take notifications of Conekta for a company")
        .open_to(Access::Signature)
        .takes_anything()
        .gives(reply::receipt_shape())
}

/// See the module.
///
/// # Errors
/// `route_not_found` for an address that no company has, `invalid_signature`, `body_too_large`, `rate_limited`, or when the
/// database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    language: Language,
    Segments(path): Segments<String>,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let delivery = reading::delivery(Some(Source::Conekta), request).await?;
    reply::receive(&app, language, Some(&path), delivery).await
}
