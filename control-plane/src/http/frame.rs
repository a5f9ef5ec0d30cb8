//! The outermost layer: gives each request an id, a language and a log span, and writes the bodies of errors.

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{ACCEPT_LANGUAGE, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::time::Instant;
use tracing::Instrument;

use super::app::Shared;
use super::client::Client;
use super::error::ApiError;
use crate::domain::code::Code;
use crate::seams::instant;
use crate::text::Language;

/// Header that carries the request id of every answer.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Names one request in logs and answers.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// When a request reached this layer.
#[derive(Debug, Clone, Copy)]
pub struct Received(pub Instant);

/// See the module.
pub(super) async fn frame(State(app): State<Shared>, mut request: Request, next: Next) -> Response {
    request.extensions_mut().insert(Received(instant()));
    let client = Client::of(&request, &app.config.http);
    request.extensions_mut().insert(client);
    let id = app.random.uuid(app.clock.now());
    let language = accepted_language(&request);
    // Never the path itself: it may hold a secret.
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str);
    let span =
        tracing::info_span!("request", request.id = %id, http.method = %request.method(), http.route = route);
    request.extensions_mut().insert(RequestId(id.clone()));
    request.extensions_mut().insert(language);
    async move {
        let mut response = finish(next.run(request).await, language, &id);
        tracing::debug!(http.status = response.status().as_u16(), "request answered");
        if let Ok(value) = HeaderValue::from_str(&id) {
            response.headers_mut().insert(REQUEST_ID, value);
        }
        response
    }
    .instrument(span)
    .await
}

fn accepted_language(request: &Request) -> Language {
    let header = request.headers().get(ACCEPT_LANGUAGE).and_then(|header| header.to_str().ok());
    header.map(Language::accepted).unwrap_or_default()
}

/// Writes the body of an error that a handler or extractor left.
fn finish(mut response: Response, language: Language, id: &str) -> Response {
    let Some(error) = response.extensions_mut().remove::<ApiError>() else { return response };
    if error.status().is_client_error() {
        tracing::debug!(error.code = error.code().as_str(), "request refused");
    }
    let body = error.body(language, id).to_string();
    response.headers_mut().remove(CONTENT_LENGTH);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    *response.body_mut() = Body::from(body);
    response
}

/// What a client gets when a handler panicked.
pub(super) fn panicked(_: Box<dyn std::any::Any + Send + 'static>) -> Response {
    tracing::error!("request handler panicked");
    ApiError::new(Code::InternalError).into_response()
}
