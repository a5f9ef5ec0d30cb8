//! `POST /api/v1/auth/login`.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::auth::AuthError;
use crate::domain::code::Code;
use crate::http::account::{PASSWORD_CHARS_MAX, user_view};
use crate::http::app::Shared;
use crate::http::body::Body;
use crate::http::client::Client;
use crate::http::error::ApiError;

/// See the module.
///
/// # Errors
/// `login_failed`, `user_inactive`, `rate_limited` after too many failures, 422, or when passwords cannot be checked now.
pub async fn handle(State(app): State<Shared>, client: Client, body: Body) -> Result<Json<Value>, ApiError> {
    let (email, password) = body.read(|fields| {
        (fields.required_email("email"), fields.required_text("password", PASSWORD_CHARS_MAX))
    })?;
    app.requests.password(client.0, app.clock.now())?;
    let begun = app.sessions.log_in(&app.passwords, &email, Zeroizing::new(password)).await;
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
