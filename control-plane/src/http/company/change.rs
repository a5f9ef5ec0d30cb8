//! `PUT /api/v1/admin/mi-empresa`.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::{KEY_CHARS_MAX, MASK, changed};
use crate::domain::code::Code;
use crate::http::app::Shared;
use crate::http::body::{Body, Fields};
use crate::http::error::ApiError;
use crate::http::extract::CompanyAdmin;
use crate::http::operation::{Access, Operation};
use crate::http::shape::{done, flag, object, text, word};
use crate::store::companies::Change;
use crate::tenants::{companies, gateways};
use crate::text::Language;

/// Longest name or e-mail of a company, in characters.
const NAME_CHARS_MAX: usize = 100;
/// Longest phone, in characters.
const PHONE_CHARS_MAX: usize = 32;
/// Longest id of a chat, in characters.
const CHAT_CHARS_MAX: usize = 50;

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::put("/api/v1/admin/mi-empresa", handle)
        .titled("Cambia la empresa propia", "Change the own company")
        .open_to(Access::CompanyAdmin)
        .reads(json!({"contacto_telefono": "5512345678", "notificaciones_telegram": false}), |fields| {
            read(fields, &|token| token);
        })
        .gives(done(
            &[Code::CompanyUpdated],
            [(
                "empresa",
                object([
                    ("nombre", text("Red Parque")),
                    ("contacto_email", text("red@example.org").or_null()),
                    ("contacto_telefono", text("5512345678").or_null()),
                    ("telegram_bot_token", word(&[MASK]).or_null()),
                    ("telegram_chat_id", text("1001").or_null()),
                    ("notificaciones_telegram", flag(false)),
                    ("telegram_con_contrasena", flag(false)),
                    ("desactivar_por_reembolso", flag(true)),
                ]),
            )],
        ))
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
    let seal = |token: String| gateways::seal_telegram_token(&app.vault, &admin.company, &token);
    let change = body.read(|fields| read(fields, &seal))?;
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

/// Reads the change; `seal` seals a token.
fn read(fields: &mut Fields<'_>, seal: &dyn Fn(String) -> String) -> Change {
    Change {
        name: fields.change_of_name("nombre", NAME_CHARS_MAX),
        contact_email: fields.change_of_string("contacto_email", NAME_CHARS_MAX),
        contact_phone: fields.change_of_string("contacto_telefono", PHONE_CHARS_MAX),
        telegram_bot_token_sealed: changed(fields, "telegram_bot_token", KEY_CHARS_MAX)
            .map(|token| token.map(seal)),
        telegram_chat_id: changed(fields, "telegram_chat_id", CHAT_CHARS_MAX),
        telegram_enabled: fields.change_of_boolean("notificaciones_telegram"),
        telegram_shows_password: fields.change_of_boolean("telegram_con_contrasena"),
        disable_on_refund: fields.change_of_boolean("desactivar_por_reembolso"),
    }
}
