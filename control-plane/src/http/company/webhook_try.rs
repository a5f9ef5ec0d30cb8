//! `POST /api/v1/admin/mi-empresa/webhooks/{id}/probar`: sends a message that tells nothing, and says what came of it.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::webhook_view;
use crate::domain::code::Code;
use crate::http::app::Shared;
use crate::http::error::ApiError;
use crate::http::extract::{CompanyAdmin, Segments};
use crate::tenants::endpoints;
use crate::text::Language;

/// See the module.
///
/// # Errors
/// `webhook_not_found`, `rate_limited`, or when the database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    admin: CompanyAdmin,
    Segments(id): Segments<String>,
    language: Language,
) -> Result<Json<Value>, ApiError> {
    let endpoint = endpoints::find(&app.store, &admin.company, &id).await?;
    let answer = app.outbox.try_endpoint(&endpoint).await?;
    let code = if answer.setback.is_none() { Code::WebhookTestDelivered } else { Code::WebhookTestFailed };
    Ok(Json(json!({
        "message": language.code(code),
        "code": code.as_str(),
        "entregado": answer.setback.is_none(),
        "estado_http": answer.status,
        "error": answer.setback.map(|setback| webhook_view::reason(setback.code().as_str(), language)),
    })))
}
