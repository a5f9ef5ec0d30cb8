//! `GET /api/v1/admin/mi-empresa/webhooks/{id}/entregas`: newest first.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::webhook_view;
use crate::http::app::Shared;
use crate::http::body::Parameters;
use crate::http::error::ApiError;
use crate::http::extract::{CompanyAdmin, Segments};
use crate::store::page::Page;
use crate::tenants::endpoints;
use crate::text::Language;

/// There can be many.
const DEFAULT: Page = Page { limit: 50, offset: 0 };

/// See the module.
///
/// # Errors
/// `webhook_not_found`, 422 for a page out of range, or when the database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    admin: CompanyAdmin,
    Segments(id): Segments<String>,
    parameters: Parameters,
    language: Language,
) -> Result<Json<Value>, ApiError> {
    let page = parameters.page(DEFAULT)?;
    let (total, messages) = endpoints::deliveries(&app.store, &admin.company, &id, page).await?;
    Ok(Json(json!({
        "webhook_id": id,
        "total": total,
        "limit": page.limit,
        "offset": page.offset,
        "entregas": messages.iter().map(|one| webhook_view::delivery(one, language)).collect::<Vec<_>>(),
    })))
}
