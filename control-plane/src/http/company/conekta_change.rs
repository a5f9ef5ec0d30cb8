//! `PUT …/mi-empresa/conekta-config` and `POST …/mi-empresa/configurar-conekta`: the same under two names.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::{KEY_CHARS_MAX, MASK, mode, sent};
use crate::domain::code::Code;
use crate::http::app::Shared;
use crate::http::body::{Body, Fields};
use crate::http::error::{ApiError, Fault};
use crate::http::extract::CompanyAdmin;
use crate::http::operation::{Access, Operation};
use crate::http::shape::done;
use crate::store::companies::ConektaChange;
use crate::tenants::companies::{self, ConektaKeys};
use crate::tenants::gateways::seal_conekta_webhook_key;
use crate::text::{Language, Phrase};
use crate::webhook::conekta::is_public_key;

/// Longest public key in PEM, in characters.
const PEM_CHARS_MAX: usize = 4096;

/// The same under its older name.
#[must_use]
pub fn older() -> Operation {
    Operation::put("/api/v1/admin/mi-empresa/conekta-config", handle).titled("Cambia los datos de Conekta", "Change the Conekta settings").open_to(Access::CompanyAdmin)
        .reads(
            json!({"conekta_private_key": "key_…", "conekta_public_key": "key_pub_1", "conekta_mode": "live"}),
            |fields| {
                read(fields);
            },
        )
        .gives(done(&[Code::ConektaSettingsUpdated], []))
        .fails(&[Code::CompanyNotFound])
}

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::post("/api/v1/admin/mi-empresa/configurar-conekta", handle).titled("Cambia los datos de Conekta", "Change the Conekta settings").open_to(Access::CompanyAdmin)
        .reads(
            json!({"conekta_private_key": "key_…", "conekta_public_key": "key_pub_1", "conekta_mode": "live"}),
            |fields| {
                read(fields);
            },
        )
        .gives(done(&[Code::ConektaSettingsUpdated], []))
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
    let (change, key, webhook_key) = body.read(read)?;
    let keys = ConektaKeys {
        private_sealed: key.map(|key| companies::seal_conekta_key(&app.vault, &admin.company, &key)),
        webhook_sealed: webhook_key.map(|key| seal_conekta_webhook_key(&app.vault, &admin.company, &key)),
    };
    companies::change_conekta(&app.store, &admin.company, change, keys, app.clock.now()).await?;
    let code = Code::ConektaSettingsUpdated;
    Ok(Json(json!({"message": language.code(code), "code": code.as_str()})))
}

/// What is no secret, the private key, and that of notifications.
fn read(fields: &mut Fields<'_>) -> (ConektaChange, Option<String>, Option<String>) {
    let change = ConektaChange {
        public_key: sent(fields, "conekta_public_key", KEY_CHARS_MAX),
        mode: mode(fields, "conekta_mode"),
    };
    let key = sent(fields, "conekta_private_key", KEY_CHARS_MAX).filter(|key| key != MASK);
    (change, key, webhook_key(fields))
}

/// The public key, or several, that the gateway's notifications are verified with.
fn webhook_key(fields: &mut Fields<'_>) -> Option<String> {
    let key = sent(fields, "conekta_webhook_key", PEM_CHARS_MAX).filter(|key| key != MASK)?;
    if !is_public_key(&key) {
        fields.refuse("conekta_webhook_key", Fault::Value(Phrase::WebhookKeySyntax));
    }
    Some(key)
}
