//! `POST /api/v1/admin/mi-empresa/webhooks/{id}/rotar-secreto`: shows the new secret, once.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::webhook_view;
use crate::domain::code::Code;
use crate::http::app::Shared;
use crate::http::error::ApiError;
use crate::http::extract::{CompanyAdmin, Segments};
use crate::outbox::webhook::signature::Secret;
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
    let secret = Secret::draw(&app.random);
    let (sealed, now) = (secret.sealed(&app.vault, &admin.company), app.clock.now());
    let endpoint = endpoints::rotate(&app.store, &admin.company, &id, sealed, now).await?;
    let mut view = webhook_view::endpoint(&endpoint, now, language);
    view["secreto"] = json!(secret.expose());
    let code = Code::WebhookSecretRotated;
    Ok(Json(json!({"message": language.code(code), "code": code.as_str(), "webhook": view})))
}
