//! `GET /docs`: a page on which the interface can be read and tried, with its files. Nothing comes from elsewhere.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};

use crate::domain::code::Code;
use crate::http::error::ApiError;
use crate::http::extract::Segments;
use crate::http::operation::Operation;
use crate::http::shape;
use crate::text::{Language, Phrase};

const SCRIPT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui-bundle.js.gz"));
const STYLE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui.css.gz"));
/// Begins the page. The description comes in the browser's language, since the browser asks for it.
const START: &[u8] = b"\"use strict\";\n\
    window.ui = SwaggerUIBundle({\n  \
      url: \"/openapi.json\", dom_id: \"#docs\", deepLinking: true, docExpansion: \"list\",\n  \
      defaultModelsExpandDepth: 0, displayRequestDuration: true, persistAuthorization: false,\n  \
      validatorUrl: null,\n\
    });\n";
/// The page styles its elements one by one; scripts come from its own files only.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    font-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// How long a browser may keep a file, in seconds: until it is likely that there is a new version.
const CACHE: &str = "public, max-age=3600";

/// The operations of this file. They serve people, not programs.
#[must_use]
pub fn operations() -> Vec<Operation> {
    let html = || shape::text("<!doctype html>…");
    vec![
        Operation::get("/docs", show).titled("Esta documentación", "This documentation").answers(
            StatusCode::OK,
            "text/html",
            html(),
        ),
        Operation::get("/docs/{file}", file).titled("Archivos de la página", "Files of the page").answers(
            StatusCode::OK,
            "text/css",
            html(),
        ),
        Operation::get("/redoc", elsewhere)
            .titled("Lleva a la documentación", "Leads to the documentation")
            .answers_nothing(StatusCode::TEMPORARY_REDIRECT),
    ]
    .into_iter()
    .map(Operation::hidden)
    .collect()
}

/// The page.
pub async fn show(language: Language) -> Response {
    let (tag, title) = (language.tag(), language.phrase(Phrase::ApiPageTitle));
    let html = format!(
        "<!doctype html><html lang=\"{tag}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>{title}</title><link rel=\"icon\" href=\"data:,\">\
         <link rel=\"stylesheet\" href=\"/docs/swagger-ui.css\"></head>\
         <body><div id=\"docs\"></div><script src=\"/docs/swagger-ui-bundle.js\"></script>\
         <script src=\"/docs/start.js\"></script></body></html>"
    );
    let headers = [
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::CONTENT_LANGUAGE, HeaderValue::from_static(tag)),
        (header::VARY, HeaderValue::from_static("accept-language")),
    ];
    (headers, Html(html)).into_response()
}

/// A file of the page.
///
/// # Errors
/// `route_not_found`.
pub async fn file(Segments(name): Segments<String>) -> Result<Response, ApiError> {
    let (kind, content, compressed) = match name.as_str() {
        "swagger-ui-bundle.js" => ("text/javascript; charset=utf-8", SCRIPT, true),
        "swagger-ui.css" => ("text/css; charset=utf-8", STYLE, true),
        "start.js" => ("text/javascript; charset=utf-8", START, false),
        _ => return Err(ApiError::new(Code::RouteNotFound)),
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static(CACHE)),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    let mut response = (headers, content).into_response();
    if compressed {
        // There is no other form: every browser of the last twenty years reads it.
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Ok(response)
}

/// Where the documentation was before.
pub async fn elsewhere() -> Redirect {
    Redirect::temporary("/docs")
}
