//! `GET /api/v1/admin/mi-empresa`.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::MASK;
use crate::domain::code::Code;
use crate::http::app::Shared;
use crate::http::error::ApiError;
use crate::http::extract::CompanyAdmin;
use crate::http::operation::{Access, Operation};
use crate::http::shape::{flag, moment, object, text, word};
use crate::store::companies;

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::get("/api/v1/admin/mi-empresa", handle)
        .titled("Muestra la empresa propia", "Show the own company")
        .open_to(Access::CompanyAdmin)
        .gives(object([
            ("id", text("EMP_0A1B2C3D4E")),
            ("nombre", text("Red Parque")),
            ("contacto_email", text("red@example.org").or_null()),
            ("contacto_telefono", text("5512345678").or_null()),
            ("logo_url", text("/static/logos/logo_EMP_0A1B2C3D4E_a1b2c3.png").or_null()),
            ("conekta_mode", text("test")),
            ("conekta_public_key", text("key_pub_1").or_null()),
            ("mercado_pago_mode", text("test")),
            ("mercado_pago_public_key", text("APP_USR-…").or_null()),
            ("activa", flag(true)),
            ("creada_en", moment()),
            ("telegram_bot_token", word(&[MASK]).or_null()),
            ("telegram_chat_id", text("1001").or_null()),
            ("notificaciones_telegram", flag(false)),
            ("telegram_con_contrasena", flag(false)),
            ("desactivar_por_reembolso", flag(true)),
        ]))
        .fails(&[Code::CompanyNotFound])
}

/// See the module.
///
/// # Errors
/// `company_not_found`, or when the database does not answer.
pub async fn handle(State(app): State<Shared>, admin: CompanyAdmin) -> Result<Json<Value>, ApiError> {
    let company = companies::find(&mut app.store.reader().await?.conn(), &admin.company).await?;
    let company = company.ok_or_else(|| ApiError::new(Code::CompanyNotFound))?;
    Ok(Json(json!({
        "id": company.id,
        "nombre": company.name,
        "contacto_email": company.contact_email,
        "contacto_telefono": company.contact_phone,
        "logo_url": company.logo_url,
        "conekta_mode": company.conekta_mode,
        "conekta_public_key": company.conekta_public_key,
        "mercado_pago_mode": company.mercado_pago_mode,
        "mercado_pago_public_key": company.mercado_pago_public_key,
        "activa": company.active,
        "creada_en": company.created_at.iso(),
        "telegram_bot_token": company.telegram_bot_token_sealed.map(|_| MASK),
        "telegram_chat_id": company.telegram_chat_id,
        "notificaciones_telegram": company.telegram_enabled,
        "telegram_con_contrasena": company.telegram_shows_password,
        "desactivar_por_reembolso": company.disable_on_refund,
    })))
}
