//! `POST /api/v1/auth/logout`.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::domain::code::Code;
use crate::http::app::Shared;
use crate::http::error::ApiError;
use crate::http::extract::Admin;
use crate::http::operation::{Access, Operation};
use crate::http::shape::done;
use crate::text::Language;

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::post("/api/v1/auth/logout", handle)
        .titled("Cierra la sesión", "Log out")
        .open_to(Access::Admin)
        .gives(done(&[Code::LoggedOut], []))
}

/// See the module.
///
/// # Errors
/// `company_inactive`, or when the database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    Admin(session): Admin,
    language: Language,
) -> Result<Json<Value>, ApiError> {
    app.sessions.log_out(session).await?;
    let code = Code::LoggedOut;
    Ok(Json(json!({"message": language.code(code), "code": code.as_str()})))
}
