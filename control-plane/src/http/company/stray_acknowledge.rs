//! `POST /api/v1/admin/mi-empresa/revision/pagos-sueltos/{gateway}/{payment_id}/enterado`.

use axum::Json;
use axum::extract::State;
use serde_json::Value;

use crate::http::app::Shared;
use crate::http::error::ApiError;
use crate::http::extract::{CompanyAdmin, Segments};
use crate::http::transaction;
use crate::text::Language;

/// See the module.
///
/// # Errors
/// `stray_payment_not_found`, or when the database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    admin: CompanyAdmin,
    Segments((gateway, payment)): Segments<(String, String)>,
    language: Language,
) -> Result<Json<Value>, ApiError> {
    let by = admin.session.user.id;
    transaction::acknowledge_stray(&app, &admin.company, (&gateway, &payment), by, language).await
}
