//! `PUT /api/v1/admin/mi-empresa`.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::{KEY_CHARS_MAX, MASK, changed};
use crate::domain::code::Code;
use crate::http::app::Shared;
use crate::http::body::{Body, Fields};
use crate::http::error::{ApiError, Fault};
use crate::http::extract::CompanyAdmin;
use crate::store::companies::Change;
use crate::tenants::{companies, gateways};
use crate::text::{Language, Phrase};

/// Longest name or e-mail of a company, in characters.
const NAME_CHARS_MAX: usize = 100;
/// Longest phone, in characters.
const PHONE_CHARS_MAX: usize = 32;
/// Longest id of a chat, in characters.
const CHAT_CHARS_MAX: usize = 50;

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
    let change = body.read(|fields| {
        let seal = |token: String| gateways::seal_telegram_token(&app.vault, &admin.company, &token);
        Change {
            name: name(fields),
            contact_email: fields.change_of_string("contacto_email", NAME_CHARS_MAX),
            contact_phone: fields.change_of_string("contacto_telefono", PHONE_CHARS_MAX),
            telegram_bot_token_sealed: changed(fields, "telegram_bot_token", KEY_CHARS_MAX)
                .map(|token| token.map(seal)),
            telegram_chat_id: changed(fields, "telegram_chat_id", CHAT_CHARS_MAX),
            telegram_enabled: boolean(fields, "notificaciones_telegram"),
            telegram_shows_password: boolean(fields, "telegram_con_contrasena"),
            disable_on_refund: boolean(fields, "desactivar_por_reembolso"),
        }
    })?;
    let company = companies::change(&app.store, &admin.company, change).await?;
    let code = Code::CompanyUpdated;
    Ok(Json(json!({
        "message": language.code(code),
        "code": code.as_str(),
        "empresa": {
            "nombre": company.name,
            "contacto_email": company.contact_email,
            "contacto_telefono": company.contact_phone,
            "telegram_bot_token": company.telegram_bot_token_sealed.map(|_| MASK),
            "telegram_chat_id": company.telegram_chat_id,
            "notificaciones_telegram": company.telegram_enabled,
            "telegram_con_contrasena": company.telegram_shows_password,
            "desactivar_por_reembolso": company.disable_on_refund,
        },
    })))
}

fn name(fields: &mut Fields<'_>) -> Option<String> {
    fields.raw("nombre")?;
    let name = fields.required_string("nombre", NAME_CHARS_MAX);
    if fields.raw("nombre").is_some_and(Value::is_string) && name.trim().is_empty() {
        fields.refuse("nombre", Fault::Value(Phrase::TextEmpty));
    }
    Some(name)
}

fn boolean(fields: &mut Fields<'_>, name: &'static str) -> Option<bool> {
    if fields.is_null(name) {
        fields.refuse(name, Fault::BoolParsing);
    }
    fields.optional_boolean(name)
}
