//! Takes a notification from a request without looking into it.

use std::net::IpAddr;

use axum::extract::{Query, Request};
use axum::http::{HeaderMap, HeaderName};

use crate::http::body::read_bytes;
use crate::http::client::Client;
use crate::http::error::ApiError;
use crate::webhook::notice::{Delivery, Source};

const DIGEST: HeaderName = HeaderName::from_static("digest");
const SIGNATURE: HeaderName = HeaderName::from_static("x-signature");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Largest body of a notification, in bytes.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// Longest header of a notification, in bytes; an RSA signature of 8192 bits takes 1368.
const HEADER_BYTES_MAX: usize = 2048;
/// Longest value of the query, in bytes.
const QUERY_BYTES_MAX: usize = 100;

/// The notification in a request, and where it comes from. `source` is none at the address that takes both gateways.
pub(super) async fn delivery(
    source: Option<Source>,
    request: Request,
) -> Result<(Option<IpAddr>, Delivery), ApiError> {
    let from = request.extensions().get::<Client>().and_then(|client| client.0);
    let Query(query) = Query::<Vec<(String, String)>>::try_from_uri(request.uri()).unwrap_or_default();
    let parameter = |name: &str| {
        let found = query.iter().find(|(key, _)| key == name).map(|(_, value)| value.trim().to_owned());
        found.filter(|text| {
            !text.is_empty() && text.len() <= QUERY_BYTES_MAX && !text.chars().any(char::is_control)
        })
    };
    let headers = request.headers().clone();
    let body = read_bytes(request, BODY_BYTES_MAX).await?;
    let source = source.unwrap_or_else(|| Source::guess(headers.contains_key(DIGEST), &body));
    let signature = match source {
        Source::Conekta => DIGEST,
        Source::MercadoPago => SIGNATURE,
    };
    let delivery = Delivery {
        source,
        signature: header(&headers, &signature),
        request_id: header(&headers, &REQUEST_ID),
        query_id: parameter("data.id"),
        query_plain_id: parameter("id"),
        query_kind: parameter("type").or_else(|| parameter("topic")),
        body,
    };
    Ok((from, delivery))
}

fn header(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let text = headers.get(name)?.to_str().ok()?.trim();
    (!text.is_empty() && text.len() <= HEADER_BYTES_MAX).then(|| text.to_owned())
}
