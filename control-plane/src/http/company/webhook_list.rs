//! `GET /api/v1/admin/mi-empresa/webhooks`.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::webhook_view;
use crate::http::app::Shared;
use crate::http::body::Parameters;
use crate::http::error::ApiError;
use crate::http::extract::CompanyAdmin;
use crate::store::page::Page;
use crate::tenants::endpoints;
use crate::text::Language;

/// See the module.
///
/// # Errors
/// 422 for a page out of range, or when the database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    admin: CompanyAdmin,
    parameters: Parameters,
    language: Language,
) -> Result<Json<Value>, ApiError> {
    let page = parameters.page(Page::default())?;
    let (total, endpoints) = endpoints::list(&app.store, &admin.company, page).await?;
    let now = app.clock.now();
    let view = |endpoint| webhook_view::endpoint(endpoint, now, language);
    Ok(Json(json!({
        "empresa_id": admin.company,
        "total": total,
        "webhooks": endpoints.iter().map(view).collect::<Vec<_>>(),
    })))
}
