//! `POST /admin/empresas/{empresa_id}/transacciones/{id}/resolver`: an operator decides what the machine could not.

use axum::Json;
use axum::extract::State;
use serde_json::Value;

use crate::domain::id::CompanyId;
use crate::http::app::Shared;
use crate::http::body::Body;
use crate::http::error::ApiError;
use crate::http::extract::{Segments, SuperAdmin};
use crate::http::transaction;
use crate::text::Language;

/// See the module.
///
/// # Errors
/// `transaction_not_found`, `choice_not_open`, `refund_under_way`, `too_many_refunds`, 422, or when the purchase cannot be told.
pub async fn handle(
    State(app): State<Shared>,
    SuperAdmin(session): SuperAdmin,
    Segments((company, id)): Segments<(String, String)>,
    language: Language,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    let id = transaction::transaction_number(&id)?;
    transaction::resolve(&app, (CompanyId::new(company), id), session.user.id, &body, language).await
}
