//! `POST /api/v1/auth/change-password`.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::domain::code::Code;
use crate::http::account::{PASSWORD_CHARS_MAX, new_password};
use crate::http::app::Shared;
use crate::http::body::{Body, Fields};
use crate::http::error::ApiError;
use crate::http::extract::Admin;
use crate::http::operation::{Access, Operation};
use crate::http::shape::done;
use crate::text::Language;

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::post("/api/v1/auth/change-password", handle)
        .titled("Cambia la contraseña propia", "Change the own password")
        .open_to(Access::Admin)
        .reads(json!({"current_password": "la de ahora", "new_password": "una frase más larga"}), |fields| {
            read(fields);
        })
        .gives(done(&[Code::PasswordChanged], []))
        .fails(&[Code::CurrentPasswordWrong])
}

/// See the module.
///
/// # Errors
/// `company_inactive`, `current_password_wrong`, 422, or when passwords cannot be checked now.
pub async fn handle(
    State(app): State<Shared>,
    Admin(session): Admin,
    language: Language,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    let (current, new) = body.read(read)?;
    app.sessions.change_password(&app.passwords, session, current, new).await?;
    let code = Code::PasswordChanged;
    Ok(Json(json!({"message": language.code(code), "code": code.as_str()})))
}

fn read(fields: &mut Fields<'_>) -> (Zeroizing<String>, Zeroizing<String>) {
    let current = Zeroizing::new(fields.required_text("current_password", PASSWORD_CHARS_MAX));
    (current, new_password(fields, "new_password"))
}
