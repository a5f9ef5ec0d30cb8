//! `POST /api/v1/webhook`: notifications of either gateway for any company; it is found by what they name.

use axum::Json;
use axum::extract::{Request, State};
use serde_json::Value;

use super::{reading, reply};
use crate::http::app::Shared;
use crate::http::error::ApiError;
use crate::http::operation::{Access, Operation};
use crate::text::Language;

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::post("/api/v1/webhook", handle)
        .titled("Recibe avisos de cualquiera de las pasarelas", "Take notifications of either gateway")
        .open_to(Access::Signature)
        .takes_anything()
        .gives(reply::receipt_shape())
}

/// See the module.
///
/// # Errors
/// `invalid_signature`, `body_too_large`, `rate_limited`, or when the database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    language: Language,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let delivery = reading::delivery(None, request).await?;
    reply::receive(&app, language, None, delivery).await
}
