//! `POST /api/v1/admin/mi-empresa/webhooks`: makes an endpoint and shows its secret, once.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::webhook_view;
use crate::domain::code::Code;
use crate::domain::event::EventKind;
use crate::http::app::Shared;
use crate::http::body::{Body, Fields};
use crate::http::error::ApiError;
use crate::http::extract::CompanyAdmin;
use crate::http::operation::{Access, Operation};
use crate::http::shape::done;
use crate::outbox::webhook::signature::Secret;
use crate::tenants::endpoints::{self, Draft};
use crate::text::Language;

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::post("/api/v1/admin/mi-empresa/webhooks", handle)
        .titled("Crea un webhook", "Make a webhook")
        .open_to(Access::CompanyAdmin)
        .noted("El secreto se muestra esta única vez.", "The secret is shown this once only.")
        .reads(
            json!({"url": "https://tienda.example.org/pagos", "eventos": ["payment.completed"]}),
            |fields| {
                read(fields, false);
            },
        )
        .gives(done(&[Code::WebhookCreated], [("webhook", webhook_view::endpoint_shape())]))
        .fails(&[Code::WebhookLimitReached])
}

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
    let sent = body.read(|fields| read(fields, app.config.webhooks.allow_private_targets))?;
    let (url, description, kinds, active) = sent;
    let secret_sealed = secret.sealed(&app.vault, &admin.company);
    let draft = Draft { url, description, kinds, active, secret_sealed };
    let now = app.clock.now();
    let endpoint = endpoints::create(&app.store, &app.random, &admin.company, draft, now).await?;
    let mut view = webhook_view::endpoint(&endpoint, now, language);
    view["secreto"] = json!(secret.expose());
    let code = Code::WebhookCreated;
    Ok(Json(json!({"message": language.code(code), "code": code.as_str(), "webhook": view})))
}

type Sent = (String, Option<String>, Option<Vec<EventKind>>, bool);

/// Address, description, kinds of events, and whether it is on.
fn read(fields: &mut Fields<'_>, allow_private: bool) -> Sent {
    (
        webhook_view::url(fields, allow_private),
        webhook_view::description(fields),
        webhook_view::kinds(fields),
        fields.boolean("activo", true),
    )
}
