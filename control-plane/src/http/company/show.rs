//! `GET /api/v1/admin/mi-empresa`.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::MASK;
use crate::domain::code::Code;
use crate::http::app::Shared;
use crate::http::error::ApiError;
use crate::http::extract::CompanyAdmin;
use crate::store::companies;

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
