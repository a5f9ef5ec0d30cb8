//! `DELETE /api/v1/admin/mi-empresa/webhooks/{id}`.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::domain::code::Code;
use crate::http::app::Shared;
use crate::http::error::ApiError;
use crate::http::extract::{CompanyAdmin, Segments};
use crate::tenants::endpoints;
use crate::text::Language;

/// See the module.
///
/// # Errors
/// `webhook_not_found`, or when the database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    admin: CompanyAdmin,
    Segments(id): Segments<String>,
    language: Language,
) -> Result<Json<Value>, ApiError> {
    endpoints::delete(&app.store, &admin.company, &id).await?;
    let code = Code::WebhookDeleted;
    Ok(Json(json!({"message": language.code(code), "code": code.as_str()})))
}
