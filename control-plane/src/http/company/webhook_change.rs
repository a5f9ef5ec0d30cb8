//! `PUT /api/v1/admin/mi-empresa/webhooks/{webhook_id}`: what is absent stays as it is.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::webhook_view;
use crate::domain::code::Code;
use crate::http::app::Shared;
use crate::http::body::{Body, Fields};
use crate::http::error::ApiError;
use crate::http::extract::{CompanyAdmin, Segments};
use crate::http::operation::{Access, Operation};
use crate::http::shape::done;
use crate::store::webhook_endpoints::Change;
use crate::tenants::endpoints::{self, kinds_as_stored};
use crate::text::Language;

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::put("/api/v1/admin/mi-empresa/webhooks/{webhook_id}", handle)
        .titled("Cambia un webhook", "Change a webhook")
        .open_to(Access::CompanyAdmin)
        .reads(json!({"activo": false}), |fields| {
            change(fields, false);
        })
        .gives(done(&[Code::WebhookUpdated], [("webhook", webhook_view::endpoint_shape())]))
        .fails(&[Code::WebhookNotFound])
}

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
    let description = webhook_view::description(fields);
    let kinds = webhook_view::kinds(fields);
    Change {
        url: webhook_view::changed_url(fields, allow_private),
        description: fields.raw("descripcion").map(|_| description),
        events: fields.raw("eventos").map(|_| kinds_as_stored(kinds.as_deref())),
        active: fields.change_of_boolean("activo"),
    }
}
