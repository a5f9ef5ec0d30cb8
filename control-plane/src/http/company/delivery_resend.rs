//! `POST /api/v1/admin/mi-empresa/webhooks/{id}/entregas/{entrega_id}/reenviar`.

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
/// `webhook_not_found`, `webhook_delivery_not_found`, `webhook_inactive`, or when the database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    admin: CompanyAdmin,
    Segments((id, delivery)): Segments<(String, String)>,
    language: Language,
) -> Result<Json<Value>, ApiError> {
    let now = app.clock.now();
    let queued = endpoints::deliver_again(&app.store, &admin.company, &id, &delivery, now).await?;
    let code = Code::WebhookDeliveryQueued;
    Ok(Json(json!({
        "message": language.code(code),
        "code": code.as_str(),
        "entrega": webhook_view::delivery(&queued, language),
    })))
}
