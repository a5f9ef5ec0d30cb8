//! `POST /api/v1/admin/mi-empresa/transacciones/{id}/resolver`: a person decides what the machine could not.

use axum::Json;
use axum::extract::State;
use serde_json::Value;

use crate::http::app::Shared;
use crate::http::body::Body;
use crate::http::error::ApiError;
use crate::http::extract::{CompanyAdmin, Segments};
use crate::http::transaction;
use crate::text::Language;

/// See the module.
///
/// # Errors
/// `transaction_not_found`, `choice_not_open`, `refund_under_way`, `too_many_refunds`, 422, or when the purchase cannot be told.
pub async fn handle(
    State(app): State<Shared>,
    admin: CompanyAdmin,
    Segments(id): Segments<String>,
    language: Language,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    let id = transaction::transaction_number(&id)?;
    let by = admin.session.user.id;
    transaction::resolve(&app, (admin.company, id), by, &body, language).await
}
