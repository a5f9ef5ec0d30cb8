//! `GET /openapi.json`: the description of this interface, in the reader's language.

use std::sync::LazyLock;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::document;
use crate::http::operation::Operation;
use crate::http::{groups, shape};
use crate::text::Language;

static SPANISH: LazyLock<String> = LazyLock::new(|| written(Language::Spanish));
static ENGLISH: LazyLock<String> = LazyLock::new(|| written(Language::English));

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::get("/openapi.json", handle)
        .titled("Describe esta interfaz (OpenAPI 3.1)", "Describe this interface (OpenAPI 3.1)")
        .gives(shape::free_object(json!({"openapi": "3.1.0"})))
        .hidden()
}

/// See the module.
pub async fn handle(language: Language) -> Response {
    let text: &'static str = match language {
        Language::Spanish => &SPANISH,
        Language::English => &ENGLISH,
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CONTENT_LANGUAGE, HeaderValue::from_static(language.tag())),
        (header::VARY, HeaderValue::from_static("accept-language")),
    ];
    (StatusCode::OK, headers, text).into_response()
}

fn written(language: Language) -> String {
    document(&groups(), language).to_string()
}
