//! `GET /api/v1/admin/mi-empresa/conekta`.

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
use crate::store::{companies, credentials};
use crate::text::Language;

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::get("/api/v1/admin/mi-empresa/conekta", handle)
        .titled("Muestra los datos de Conekta", "Show the Conekta settings")
        .open_to(Access::CompanyAdmin)
        .gives(done(
            &[Code::SettingsLoaded],
            [(
                "configuracion_actual",
                object([
                    ("conekta_public_key", text("key_pub_1").or_null()),
                    ("conekta_mode", text("test")),
                    ("conekta_private_key", word(&[MASK]).or_null()),
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
    let key = credentials::current(&mut reader.conn(), &admin.company, credentials::CONEKTA).await?;
    let code = Code::SettingsLoaded;
    Ok(Json(json!({
        "message": language.code(code),
        "code": code.as_str(),
        "configuracion_actual": {
            "conekta_public_key": company.conekta_public_key,
            "conekta_mode": company.conekta_mode,
            "conekta_private_key": key.map(|_| MASK),
        },
    })))
}
