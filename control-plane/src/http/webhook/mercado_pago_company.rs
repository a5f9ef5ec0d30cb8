//! `POST /api/v1/webhook/mercado-pago/{ruta}`: notifications of Mercado Pago at a company's own address.

use axum::Json;
use axum::extract::{Request, State};
use serde_json::Value;

use super::{reading, reply};
use crate::http::app::Shared;
use crate::http::error::ApiError;
use crate::http::extract::Segments;
use crate::text::Language;
use crate::webhook::notice::Source;

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
    let delivery = reading::delivery(Some(Source::MercadoPago), request).await?;
    reply::receive(&app, language, Some(&path), delivery).await
}
