//! `GET /api/v1/payments/{id_transaccion}`: the answer to a purchase, once more or later.

use axum::extract::State;
use axum::response::Response;

use super::payment_reply;
use super::payment_shape::{pending_shape, sold_shape, with_failures};
use crate::domain::code::Code;
use crate::domain::id::PurchaseId;
use crate::gateway::GatewayName;
use crate::http::app::Shared;
use crate::http::error::ApiError;
use crate::http::extract::{PortalKey, Segments};
use crate::http::operation::{Access, Operation};
use crate::http::shape::either;
use crate::text::Language;

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    let operation = Operation::get("/api/v1/payments/{id_transaccion}", handle)
        .titled("Cómo va o cómo acabó una compra", "How a purchase goes or ended")
        .open_to(Access::ApiKey)
        .gives(either([sold_shape("ord_2abc", "paid"), sold_shape("123456789", "approved")]))
        .defers(pending_shape())
        .fails(&[Code::TransactionNotFound]);
    with_failures(operation, &GatewayName::ALL)
}

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
