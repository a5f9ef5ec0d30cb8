//! `POST /api/v1/admin/mi-empresa/webhooks`: makes an endpoint and shows its secret, once.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::webhook_view;
use crate::domain::code::Code;
use crate::http::app::Shared;
use crate::http::body::Body;
use crate::http::error::ApiError;
use crate::http::extract::CompanyAdmin;
use crate::outbox::webhook::signature::Secret;
use crate::tenants::endpoints::{self, Draft};
use crate::text::Language;

/// See the module.
///
/// # Errors
/// `webhook_limit_reached`, 422, or when the database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    admin: CompanyAdmin,
    language: Language,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    let secret = Secret::draw(&app.random);
    let draft = body.read(|fields| Draft {
        url: webhook_view::url(fields, app.config.webhooks.allow_private_targets),
        description: webhook_view::description(fields),
        kinds: webhook_view::kinds(fields),
        active: fields.boolean("activo", true),
        secret_sealed: secret.sealed(&app.vault, &admin.company),
    })?;
    let now = app.clock.now();
    let endpoint = endpoints::create(&app.store, &app.random, &admin.company, draft, now).await?;
    let mut view = webhook_view::endpoint(&endpoint, now, language);
    view["secreto"] = json!(secret.expose());
    let code = Code::WebhookCreated;
    Ok(Json(json!({"message": language.code(code), "code": code.as_str(), "webhook": view})))
}
