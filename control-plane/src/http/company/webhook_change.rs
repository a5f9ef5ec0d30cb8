//! `PUT /api/v1/admin/mi-empresa/webhooks/{id}`: what is absent stays as it is.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::webhook_view;
use crate::domain::code::Code;
use crate::http::app::Shared;
use crate::http::body::{Body, Fields};
use crate::http::error::{ApiError, Fault};
use crate::http::extract::{CompanyAdmin, Segments};
use crate::store::webhook_endpoints::Change;
use crate::tenants::endpoints::{self, kinds_as_stored};
use crate::text::Language;

/// See the module.
///
/// # Errors
/// `webhook_not_found`, 422, or when the database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    admin: CompanyAdmin,
    Segments(id): Segments<String>,
    language: Language,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    let change = body.read(|fields| change(fields, app.config.webhooks.allow_private_targets))?;
    let now = app.clock.now();
    let endpoint = endpoints::change(&app.store, &admin.company, &id, change, now).await?;
    let view = webhook_view::endpoint(&endpoint, now, language);
    let code = Code::WebhookUpdated;
    Ok(Json(json!({"message": language.code(code), "code": code.as_str(), "webhook": view})))
}

fn change(fields: &mut Fields<'_>, allow_private: bool) -> Change {
    if fields.is_null("activo") {
        fields.refuse("activo", Fault::BoolParsing);
    }
    Change {
        url: fields.raw("url").is_some().then(|| webhook_view::url(fields, allow_private)),
        description: fields.raw("descripcion").is_some().then(|| webhook_view::description(fields)),
        events: fields
            .raw("eventos")
            .is_some()
            .then(|| kinds_as_stored(webhook_view::kinds(fields).as_deref())),
        active: fields.optional_boolean("activo"),
    }
}
