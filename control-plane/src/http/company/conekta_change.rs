//! `PUT …/mi-empresa/conekta-config` and `POST …/mi-empresa/configurar-conekta`: the same under two names.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::MASK;
use crate::domain::code::Code;
use crate::http::app::Shared;
use crate::http::body::{Body, Fields};
use crate::http::error::{ApiError, Fault};
use crate::http::extract::CompanyAdmin;
use crate::store::companies::ConektaChange;
use crate::tenants::companies;
use crate::text::Language;

/// Longest key of a gateway, in characters.
const KEY_CHARS_MAX: usize = 255;
/// Longest public key in PEM, in characters.
const PEM_CHARS_MAX: usize = 4096;

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
    let (change, key) = body.read(|fields| {
        let change = ConektaChange {
            public_key: sent(fields, "conekta_public_key", KEY_CHARS_MAX),
            mode: mode(fields),
            webhook_key: sent(fields, "conekta_webhook_key", PEM_CHARS_MAX),
        };
        (change, sent(fields, "conekta_private_key", KEY_CHARS_MAX).filter(|key| key != MASK))
    })?;
    let sealed = key.map(|key| companies::seal_conekta_key(&app.vault, &admin.company, &key));
    companies::change_conekta(&app.store, &admin.company, change, sealed, app.clock.now()).await?;
    let code = Code::ConektaSettingsUpdated;
    Ok(Json(json!({"message": language.code(code), "code": code.as_str()})))
}

/// A text; absent, null and empty mean unchanged.
fn sent(fields: &mut Fields<'_>, name: &'static str, chars_max: usize) -> Option<String> {
    let text = fields.optional_string(name, chars_max)?.trim().to_owned();
    (!text.is_empty()).then_some(text)
}

fn mode(fields: &mut Fields<'_>) -> Option<String> {
    let mode = sent(fields, "conekta_mode", KEY_CHARS_MAX)?;
    if !["test", "live"].contains(&mode.as_str()) {
        fields.refuse("conekta_mode", Fault::Literal);
    }
    Some(mode)
}
