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
use crate::http::operation::Operation;
use crate::http::shape::text;
use crate::text::{Language, Phrase};

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::get("/setup/{secret}", handle)
        .titled("Página que crea el primer operador", "Page that makes the first operator")
        .answers(StatusCode::OK, "text/html", text("<!doctype html>…"))
        .answers(StatusCode::NOT_FOUND, "text/html", text("<!doctype html>…"))
}

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
