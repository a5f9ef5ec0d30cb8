//! The outermost layer: gives each request an id, a language and a log span, and writes the bodies of errors.

use std::net::IpAddr;

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{ACCEPT_LANGUAGE, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::time::Instant;
use tracing::Instrument;

use super::app::Shared;
use super::error::ApiError;
use crate::domain::code::Code;
use crate::seams::instant;
use crate::text::Language;

/// Header that carries the request id of every answer.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Where a proxy says whom a request comes from.
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Names one request in logs and answers.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// When a request reached this layer.
#[derive(Debug, Clone, Copy)]
pub struct Received(pub Instant);

/// The address at the other end of the connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

/// Whom a request comes from: the other end of the connection, or, when that is a proxy on a network of ours, the address
/// that the proxy saw.
pub(super) fn client_address(request: &Request) -> Option<IpAddr> {
    let peer = request.extensions().get::<Peer>()?.0.to_canonical();
    if !is_near(peer) {
        return Some(peer);
    }
    // The proxy adds what it saw at the end; what stands before can be made up.
    let told =
        request.headers().get_all(FORWARDED_FOR).iter().next_back().and_then(|value| value.to_str().ok());
    let seen = told.and_then(|told| told.rsplit(',').next()?.trim().parse::<IpAddr>().ok());
    Some(seen.unwrap_or(peer))
}

/// Whether an address is of this machine or a private network.
fn is_near(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_loopback() || address.is_private(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local(),
    }
}

/// See the module.
pub(super) async fn frame(State(app): State<Shared>, mut request: Request, next: Next) -> Response {
    request.extensions_mut().insert(Received(instant()));
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

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::extract::Request;

    use super::{Peer, client_address};

    #[test]
    fn only_a_proxy_of_ours_is_believed() {
        let cases = [
            ("203.0.113.7", None, "203.0.113.7"),
            ("203.0.113.7", Some("198.51.100.1"), "203.0.113.7"),
            ("127.0.0.1", Some("198.51.100.1"), "198.51.100.1"),
            ("10.0.0.2", Some("198.51.100.1, 203.0.113.9"), "203.0.113.9"),
            ("::ffff:10.0.0.2", Some("203.0.113.9"), "203.0.113.9"),
            ("127.0.0.1", Some("garbage"), "127.0.0.1"),
            ("127.0.0.1", None, "127.0.0.1"),
        ];
        for (peer, told, expected) in cases {
            let mut request = Request::post("/");
            if let Some(told) = told {
                request = request.header("x-forwarded-for", told);
            }
            let mut request = request.body(Body::empty()).expect("a request");
            request.extensions_mut().insert(Peer(peer.parse().expect("an address")));
            let seen = client_address(&request).map(|seen| seen.to_string());
            assert_eq!(seen.as_deref(), Some(expected), "{peer} {told:?}");
        }
    }
}
