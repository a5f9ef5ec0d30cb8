//! `GET /api/v1/payments/{id_transaccion}`: the answer to a purchase, once more or later.

use axum::extract::State;
use axum::response::Response;

use super::payment_reply;
use crate::domain::code::Code;
use crate::domain::id::PurchaseId;
use crate::http::app::Shared;
use crate::http::error::ApiError;
use crate::http::extract::{PortalKey, Segments};
use crate::text::Language;

/// Answers what the payment endpoint would answer now. Takes our own id only: it cannot be guessed, and the answer holds
/// credentials.
pub async fn handle(
    State(app): State<Shared>,
    key: PortalKey,
    language: Language,
    Segments(id): Segments<String>,
) -> Result<Response, ApiError> {
    let reply = app.purchases.status(&key.router_id, &PurchaseId::new(id)).await;
    let reply = reply.map_err(|error| ApiError::internal(&error))?;
    let reply = reply.ok_or_else(|| ApiError::new(Code::TransactionNotFound))?;
    Ok(payment_reply::render(&reply, language))
}
