//! `GET /api/v1/admin/mi-empresa/mercado-pago`.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::MASK;
use crate::domain::code::Code;
use crate::http::app::Shared;
use crate::http::error::ApiError;
use crate::http::extract::CompanyAdmin;
use crate::http::operation::{Access, Operation};
use crate::http::shape::{done, object, text, word};
use crate::store::credentials::MERCADO_PAGO;
use crate::store::{companies, credentials, webhook_keys};
use crate::text::Language;

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::get("/api/v1/admin/mi-empresa/mercado-pago", handle)
        .titled("Muestra los datos de Mercado Pago", "Show the Mercado Pago settings")
        .open_to(Access::CompanyAdmin)
        .gives(done(
            &[Code::SettingsLoaded],
            [(
                "configuracion_actual",
                object([
                    ("access_token", word(&[MASK]).or_null()),
                    ("public_key", text("APP_USR-…").or_null()),
                    ("mode", text("test")),
                    ("webhook_secret", word(&[MASK]).or_null()),
                ]),
            )],
        ))
        .fails(&[Code::CompanyNotFound])
}

/// See the module.
///
/// # Errors
/// `company_not_found`, or when the database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    admin: CompanyAdmin,
    language: Language,
) -> Result<Json<Value>, ApiError> {
    let mut reader = app.store.reader().await?;
    let company = companies::find(&mut reader.conn(), &admin.company).await?;
    let company = company.ok_or_else(|| ApiError::new(Code::CompanyNotFound))?;
    let token = credentials::current(&mut reader.conn(), &admin.company, MERCADO_PAGO).await?;
    let secrets = webhook_keys::in_force(&mut reader.conn(), &admin.company, MERCADO_PAGO).await?;
    let code = Code::SettingsLoaded;
    Ok(Json(json!({
        "message": language.code(code),
        "code": code.as_str(),
        "configuracion_actual": {
            "access_token": token.map(|_| MASK),
            "public_key": company.mercado_pago_public_key,
            "mode": company.mercado_pago_mode,
            "webhook_secret": (!secrets.is_empty()).then_some(MASK),
        },
    })))
}
