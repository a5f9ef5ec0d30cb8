//! `POST /setup/{secret}`: takes the page's form, or the same fields as JSON.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Form, FromRequest, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use zeroize::Zeroizing;

use super::page::{Typed, form, notice};
use crate::auth::setup::{self, FirstAdmin};
use crate::domain::code::Code;
use crate::http::account::{NAME_CHARS_MAX, new_password, user_shape, user_view};
use crate::http::app::{App, Shared};
use crate::http::body::{Body, Fields, read_bytes};
use crate::http::error::ApiError;
use crate::http::extract::Segments;
use crate::http::operation::Operation;
use crate::http::shape::{done, text};
use crate::store::users::User;
use crate::text::{Language, Phrase};

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::post("/setup/{secret}", handle)
        .titled("Crea el primer operador", "Make the first operator")
        .reads(
            json!({"email": "ana@example.org", "nombre": "Ana", "password": "una frase larga"}),
            |fields| {
                read(fields);
            },
        )
        .takes("application/x-www-form-urlencoded", json!({"type": "object"}))
        .gives(done(&[Code::SuperAdminCreated], [("usuario", user_shape())]))
        .answers(StatusCode::OK, "text/html", text("<!doctype html>…"))
        .answers(StatusCode::NOT_FOUND, "text/html", text("<!doctype html>…"))
        .answers(StatusCode::UNPROCESSABLE_ENTITY, "text/html", text("<!doctype html>…"))
        .fails(&[Code::SetupLinkInvalid])
}

/// See the module.
///
/// # Errors
/// `setup_link_invalid`, 422, or when the database does not answer; a form gets a page instead.
pub async fn handle(
    State(app): State<Shared>,
    Segments(secret): Segments<String>,
    language: Language,
    request: Request,
) -> Result<Response, ApiError> {
    let is_form = is_form(request.headers());
    let bytes = read_bytes(request, app.config.http.body_bytes_max).await?;
    if !is_form {
        let user = create(&app, &secret, &Body::parse(&bytes)?).await?;
        let code = Code::SuperAdminCreated;
        let told =
            json!({"message": language.code(code), "code": code.as_str(), "usuario": user_view(&user)});
        return Ok(Json(told).into_response());
    }
    let pairs = pairs(bytes).await?;
    let typed = |name: &str| {
        pairs.iter().find(|(field, _)| field == name).map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let (name, email) = (typed("nombre"), typed("email"));
    match create(&app, &secret, &Body::from_pairs(pairs)).await {
        Ok(_) => {
            let sentence = language.code(Code::SuperAdminCreated);
            Ok(notice(&app.random, language, StatusCode::OK, Phrase::SetupDoneTitle, sentence))
        }
        Err(error) if error.code() == Code::SetupLinkInvalid => {
            let sentence = language.code(error.code());
            Ok(notice(&app.random, language, error.status(), Phrase::SetupGoneTitle, sentence))
        }
        Err(error) => {
            let typed = Typed { name: &name, email: &email, faults: error.sentences(language) };
            Ok(form(&app.random, language, error.status(), &typed))
        }
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.starts_with("application/x-www-form-urlencoded")
}

async fn pairs(bytes: Vec<u8>) -> Result<Vec<(String, String)>, ApiError> {
    let request = Request::post("/")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Bytes::from(bytes).into())
        .expect("a request of fixed parts can be built");
    let form = Form::<Vec<(String, String)>>::from_request(request, &()).await;
    form.map(|Form(pairs)| pairs).map_err(|_| ApiError::new(Code::RequestInvalid))
}

async fn create(app: &App, secret: &str, body: &Body) -> Result<User, ApiError> {
    // Before anything costly: the address is open to everybody.
    if !setup::is_live(&app.store, &app.clock, secret).await? {
        return Err(ApiError::new(Code::SetupLinkInvalid));
    }
    let (email, name, password) = body.read(read)?;
    let password_hash = app.passwords.hash(password).await?;
    Ok(setup::use_link(&app.store, &app.clock, secret, FirstAdmin { email, name, password_hash }).await?)
}

fn read(fields: &mut Fields<'_>) -> (String, String, Zeroizing<String>) {
    (
        fields.required_email("email"),
        fields.required_string("nombre", NAME_CHARS_MAX),
        new_password(fields, "password"),
    )
}
