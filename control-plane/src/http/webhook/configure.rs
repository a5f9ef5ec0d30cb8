//! `POST /api/v1/webhook/empresa/{empresa_id}/configurar-webhook`: stores the secret of Mercado Pago's notifications.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::company_of;
use crate::domain::code::Code;
use crate::http::app::Shared;
use crate::http::body::{Body, Fields, Kind};
use crate::http::company::{KEY_CHARS_MAX, MASK};
use crate::http::error::ApiError;
use crate::http::extract::{Admin, Segments};
use crate::http::operation::{Access, Operation};
use crate::http::shape::{self, done, flag, object, text};
use crate::store::{companies, webhook_keys};
use crate::tenants::gateways;
use crate::text::{Language, Phrase};
use crate::webhook::notice::Source;

const STEPS: [Phrase; 4] =
    [Phrase::WebhookStepOpen, Phrase::WebhookStepAddress, Phrase::WebhookStepSecret, Phrase::WebhookStepTry];

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::post("/api/v1/webhook/empresa/{empresa_id}/configurar-webhook", handle)
        .titled(
            "Guarda el secreto de los avisos de Mercado Pago",
            "Store the secret of the notifications of Mercado Pago",
        )
        .open_to(Access::Admin)
        .reads(json!({"webhook_secret": "…"}), |fields| {
            read(fields);
        })
        .gives(done(
            &[Code::WebhookSecretSaved],
            [
                ("success", flag(true)),
                ("empresa", object([("id", text("EMP_0A1B2C3D4E")), ("nombre", text("Red Parque"))])),
                ("webhook_url", text("https://pagos.example.org/api/v1/webhook/mercado-pago/…")),
                ("instrucciones", shape::list(text("…"))),
            ],
        ))
        .fails(&[Code::CompanyNotFound, Code::WebhookSecretRequired])
}

/// See the module.
///
/// # Errors
/// `company_not_found`, `webhook_secret_required`, 422, or when the database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    admin: Admin,
    Segments(id): Segments<String>,
    language: Language,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    let id = company_of(&admin, id)?;
    let secret = body.read(read)?;
    let secret = secret.map(|secret| secret.trim().to_owned()).filter(|secret| !secret.is_empty());
    let secret = secret.ok_or_else(|| ApiError::new(Code::WebhookSecretRequired))?;
    let not_found = || ApiError::new(Code::CompanyNotFound);
    let mut reader = app.store.reader().await?;
    let company = companies::find(&mut reader.conn(), &id).await?.ok_or_else(not_found)?;
    if secret == MASK {
        let gateway = Source::MercadoPago.as_str();
        if webhook_keys::in_force(&mut reader.conn(), &id, gateway).await?.is_empty() {
            return Err(ApiError::new(Code::WebhookSecretRequired));
        }
        drop(reader);
    } else {
        drop(reader);
        let sealed = gateways::seal_webhook_secret(&app.vault, &id, &secret);
        gateways::save_webhook_secret(&app.store, &id, sealed, app.clock.now()).await?;
    }
    let url = app.webhooks.address(&id, Source::MercadoPago).await?.ok_or_else(not_found)?;
    let code = Code::WebhookSecretSaved;
    Ok(Json(json!({
        "success": true,
        "message": language.code(code),
        "code": code.as_str(),
        "empresa": {"id": company.id, "nombre": company.name},
        "webhook_url": url,
        "instrucciones": STEPS.map(|step| language.phrase(step)),
    })))
}

/// Whatever is no text counts as nothing sent.
fn read(fields: &mut Fields<'_>) -> Option<String> {
    let secret = match fields.raw("webhook_secret") {
        Some(Value::String(_)) => fields.optional_string("webhook_secret", KEY_CHARS_MAX),
        _ => None,
    };
    fields.expects("webhook_secret", Kind::Name { chars_max: KEY_CHARS_MAX });
    secret
}
