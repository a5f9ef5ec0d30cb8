//! `GET /static/logos/{file}`: another logo has another name, so that a copy is good for ever.

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::domain::code::Code;
use crate::http::app::Shared;
use crate::http::error::ApiError;
use crate::http::extract::Segments;
use crate::store::logos;

/// How long a copy is good.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// See the module.
///
/// # Errors
/// `route_not_found`, or when the database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    Segments(name): Segments<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let found = logos::by_name(&mut app.store.reader().await?.conn(), &name).await?;
    let logo = found.ok_or_else(|| ApiError::new(Code::RouteNotFound))?;
    let tag = format!("\"{}\"", logo.file_name);
    let fixed = [(CACHE_CONTROL, FOR_EVER), (ETAG, &tag), (X_CONTENT_TYPE_OPTIONS, "nosniff")];
    let known = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    if known.flat_map(|tags| tags.split(',')).any(|known| known.trim().trim_start_matches("W/") == tag) {
        return Ok((StatusCode::NOT_MODIFIED, fixed).into_response());
    }
    Ok((fixed, [(CONTENT_TYPE, logo.media_type)], logo.image).into_response())
}
