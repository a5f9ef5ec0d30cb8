//! `POST /api/v1/admin/mi-empresa/configurar-credenciales`: Mercado Pago settings, where nothing is ever erased.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::{KEY_CHARS_MAX, MASK, mode, sent};
use crate::domain::code::Code;
use crate::http::app::Shared;
use crate::http::body::{Body, Fields};
use crate::http::error::ApiError;
use crate::http::extract::CompanyAdmin;
use crate::http::operation::{Access, Operation};
use crate::http::shape::done;
use crate::store::companies::MercadoPagoChange;
use crate::tenants::gateways::{self, Settings, seal_access_token, seal_webhook_secret};
use crate::text::Language;

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::post("/api/v1/admin/mi-empresa/configurar-credenciales", handle).titled("Cambia los datos de Mercado Pago", "Change the Mercado Pago settings").open_to(Access::CompanyAdmin)
        .reads(
            json!({"access_token": "APP_USR-…", "public_key": "APP_USR-…", "webhook_secret": "…", "mode": "live"}),
            |fields| {
                read(fields);
            },
        )
        .gives(done(&[Code::MercadoPagoSettingsUpdated], []))
        .fails(&[Code::CompanyNotFound])
}

/// See the module.
///
/// # Errors
/// `company_not_found`, 422, or when the database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    admin: CompanyAdmin,
    language: Language,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    let (vault, company) = (&app.vault, &admin.company);
    let (token, webhook_secret, mercado_pago) = body.read(read)?;
    let settings = Settings {
        access_token: token.map(|token| Some(seal_access_token(vault, company, &token))),
        webhook_secret: webhook_secret.map(|secret| Some(seal_webhook_secret(vault, company, &secret))),
        mercado_pago,
        ..Settings::default()
    };
    gateways::change(&app.store, company, settings, app.clock.now()).await?;
    let code = Code::MercadoPagoSettingsUpdated;
    Ok(Json(json!({"message": language.code(code), "code": code.as_str()})))
}

/// The access token, the secret of notifications, and what is no secret.
fn read(fields: &mut Fields<'_>) -> (Option<String>, Option<String>, MercadoPagoChange) {
    let mut secret = |name| sent(fields, name, KEY_CHARS_MAX).filter(|secret| secret != MASK);
    let (token, webhook_secret) = (secret("access_token"), secret("webhook_secret"));
    let public_key = sent(fields, "public_key", KEY_CHARS_MAX).map(Some);
    (token, webhook_secret, MercadoPagoChange { public_key, mode: mode(fields, "mode") })
}
