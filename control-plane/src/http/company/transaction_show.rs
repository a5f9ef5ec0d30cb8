//! `GET /api/v1/admin/mi-empresa/transacciones/{id}`.

use axum::Json;
use axum::extract::State;
use serde_json::Value;

use crate::http::app::Shared;
use crate::http::error::ApiError;
use crate::http::extract::{CompanyAdmin, Segments};
use crate::http::transaction;
use crate::purchase::admin::dossier::Viewer;
use crate::text::Language;

/// See the module.
///
/// # Errors
/// `transaction_not_found`, 422, or when the database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    admin: CompanyAdmin,
    Segments(id): Segments<String>,
    language: Language,
) -> Result<Json<Value>, ApiError> {
    let id = transaction::transaction_number(&id)?;
    transaction::show(&app, &admin.company, id, Viewer::Company, language).await
}
