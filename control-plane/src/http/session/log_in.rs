//! `POST /api/v1/auth/login`.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::auth::AuthError;
use crate::domain::code::Code;
use crate::http::account::{PASSWORD_CHARS_MAX, user_shape, user_view};
use crate::http::app::Shared;
use crate::http::body::{Body, Fields};
use crate::http::client::Client;
use crate::http::error::ApiError;
use crate::http::operation::Operation;
use crate::http::shape::{moment, object, text, word};

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::post("/api/v1/auth/login", handle)
        .titled("Inicia sesión", "Log in")
        .reads(json!({"email": "ana@example.org", "password": "una frase larga"}), |fields| {
            read(fields);
        })
        .gives(object([
            ("access_token", text("eyJ…")),
            ("token_type", word(&["bearer"])),
            ("expires_at", moment()),
            ("user", user_shape()),
        ]))
        .fails(&[Code::LoginFailed, Code::UserInactive])
}

/// See the module.
///
/// # Errors
/// `login_failed`, `user_inactive`, `rate_limited` after too many failures, 422, or when passwords cannot be checked now.
pub async fn handle(State(app): State<Shared>, client: Client, body: Body) -> Result<Json<Value>, ApiError> {
    let (email, password) = body.read(read)?;
    app.requests.password(client.0, app.clock.now())?;
    let begun = app.sessions.log_in(&app.passwords, &email, password).await;
    if !matches!(begun, Err(AuthError::Refused(Code::LoginFailed))) {
        app.requests.password_was_good(client.0, app.clock.now());
    }
    let begun = begun?;
    Ok(Json(json!({
        "access_token": begun.token,
        "token_type": "bearer",
        "expires_at": begun.expires_at.iso(),
        "user": user_view(&begun.user),
    })))
}

fn read(fields: &mut Fields<'_>) -> (String, Zeroizing<String>) {
    let email = fields.required_email("email");
    (email, Zeroizing::new(fields.required_text("password", PASSWORD_CHARS_MAX)))
}
