//! `GET /setup/{secret}`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::page::{Typed, form, notice};
use crate::auth::setup;
use crate::domain::code::Code;
use crate::http::app::Shared;
use crate::http::error::{ApiError, default_status};
use crate::http::extract::Segments;
use crate::text::{Language, Phrase};

/// See the module.
///
/// # Errors
/// When the database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    Segments(secret): Segments<String>,
    language: Language,
) -> Result<Response, ApiError> {
    if setup::is_live(&app.store, &app.clock, &secret).await? {
        return Ok(form(&app.random, language, StatusCode::OK, &Typed::default()));
    }
    let code = Code::SetupLinkInvalid;
    Ok(notice(&app.random, language, default_status(code), Phrase::SetupGoneTitle, language.code(code)))
}
