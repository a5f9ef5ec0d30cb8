//! `POST /api/v1/admin/mi-empresa/configurar-credenciales`: Mercado Pago settings, where nothing is ever erased.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::{KEY_CHARS_MAX, MASK, mode, sent};
use crate::domain::code::Code;
use crate::http::app::Shared;
use crate::http::body::Body;
use crate::http::error::ApiError;
use crate::http::extract::CompanyAdmin;
use crate::store::companies::MercadoPagoChange;
use crate::tenants::gateways::{self, Settings, seal_access_token, seal_webhook_secret};
use crate::text::Language;

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
    let settings = body.read(|fields| {
        let mut secret = |name| sent(fields, name, KEY_CHARS_MAX).filter(|secret| secret != MASK);
        let (token, webhook_secret) = (secret("access_token"), secret("webhook_secret"));
        Settings {
            access_token: token.map(|token| Some(seal_access_token(vault, company, &token))),
            webhook_secret: webhook_secret.map(|secret| Some(seal_webhook_secret(vault, company, &secret))),
            mercado_pago: MercadoPagoChange {
                public_key: sent(fields, "public_key", KEY_CHARS_MAX).map(Some),
                mode: mode(fields, "mode"),
            },
            ..Settings::default()
        }
    })?;
    gateways::change(&app.store, company, settings, app.clock.now()).await?;
    let code = Code::MercadoPagoSettingsUpdated;
    Ok(Json(json!({"message": language.code(code), "code": code.as_str()})))
}
