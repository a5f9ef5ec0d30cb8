//! `POST /api/v1/auth/change-password`.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::domain::code::Code;
use crate::http::account::{PASSWORD_CHARS_MAX, new_password};
use crate::http::app::Shared;
use crate::http::body::Body;
use crate::http::error::ApiError;
use crate::http::extract::Admin;
use crate::text::Language;

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
    let (current, new) = body.read(|fields| {
        let current = Zeroizing::new(fields.required_text("current_password", PASSWORD_CHARS_MAX));
        (current, new_password(fields, "new_password"))
    })?;
    app.sessions.change_password(&app.passwords, session, current, new).await?;
    let code = Code::PasswordChanged;
    Ok(Json(json!({"message": language.code(code), "code": code.as_str()})))
}
