//! `GET /api/v1/admin/mi-empresa/webhooks/{id}`.

use axum::Json;
use axum::extract::State;
use serde_json::Value;

use super::webhook_view;
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
    let endpoint = endpoints::find(&app.store, &admin.company, &id).await?;
    Ok(Json(webhook_view::endpoint(&endpoint, app.clock.now(), language)))
}
