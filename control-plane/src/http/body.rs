//! Reads what a client sent, field by field, and collects everything that is wrong with it.
//!
//! A handler describes its request once:
//!
//! ```text
//! let login = body.read(|fields| Login {
//!     email: fields.required_email("email"),
//!     password: fields.required_text("password", PASSWORD_CHARS_MAX),
//! })?;
//! ```
//!
//! A reading method always gives a value, so that all fields are looked at; when one was wrong the whole reading ends in
//! 422 and the values are thrown away. Unknown fields are ignored. The same reading, done over nothing, says which fields there
//! are: that is what the published description of the interface is made from ([`Fields::described`]).

mod fields;
pub mod kind;

use std::time::Duration;

use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::header::CONTENT_LENGTH;
use axum::http::request::Parts;
use serde_json::{Map, Value};

use super::app::Shared;
use super::error::{ApiError, Fault, Issue, Place};
use crate::domain::code::Code;
use crate::store::page::Page;

pub use fields::{Field, Fields, Name};
pub use kind::Kind;

/// Longest wait for the whole body of a request, in milliseconds.
const BODY_TIMEOUT_MS: u64 = 10_000;
/// Names under which raw card data would come.
const CARD_FIELDS: [&str; 8] =
    ["number", "card_number", "cvc", "cvv", "security_code", "exp_month", "exp_year", "pan"];

/// The object in a request's body.
#[derive(Debug)]
pub struct Body(Map<String, Value>);

impl FromRequest<Shared> for Body {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &Shared) -> Result<Self, ApiError> {
        let bytes = read_bytes(request, app.config.http.body_bytes_max).await?;
        Self::parse(&bytes)
    }
}

/// As [`Body`]; no body at all counts as an empty object.
#[derive(Debug)]
pub struct OptionalBody(pub Body);

impl FromRequest<Shared> for OptionalBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &Shared) -> Result<Self, ApiError> {
        let bytes = read_bytes(request, app.config.http.body_bytes_max).await?;
        if bytes.is_empty() { Ok(Self(Body(Map::new()))) } else { Body::parse(&bytes).map(Self) }
    }
}

impl Body {
    /// Reads the text of a body.
    ///
    /// # Errors
    /// 422 when it is absent, no JSON, or no object.
    pub fn parse(bytes: &[u8]) -> Result<Self, ApiError> {
        let refuse = |place: Option<Place>, fault| {
            let loc = [Some(Place::Name("body")), place].into_iter().flatten().collect();
            ApiError::validation(vec![Issue { loc, fault }])
        };
        if bytes.is_empty() {
            return Err(refuse(None, Fault::Missing));
        }
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(object)) => Ok(Self(object)),
            Ok(_) => Err(refuse(None, Fault::DictType)),
            Err(error) => Err(refuse(Some(Place::Index(error.column())), Fault::JsonInvalid)),
        }
    }

    /// Takes the fields of a form over.
    #[must_use]
    pub fn from_pairs(pairs: Vec<(String, String)>) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name, Value::String(value))).collect())
    }

    /// Refuses a body that holds raw card data. Neither the fields nor the body must be logged.
    ///
    /// # Errors
    /// 400 `card_data_refused`.
    pub fn refuse_card_data(&self) -> Result<(), ApiError> {
        if CARD_FIELDS.iter().any(|field| self.0.contains_key(*field)) {
            return Err(ApiError::new(Code::CardDataRefused));
        }
        Ok(())
    }

    /// Reads the fields.
    ///
    /// # Errors
    /// 422 with all that was wrong.
    pub fn read<T>(&self, reading: impl FnOnce(&mut Fields<'_>) -> T) -> Result<T, ApiError> {
        Fields::read("body", &self.0, reading)
    }
}

/// The parameters of a request's query.
#[derive(Debug)]
pub struct Parameters(Map<String, Value>);

impl<S: Send + Sync> FromRequestParts<S> for Parameters {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Query(pairs) = Query::<Vec<(String, String)>>::from_request_parts(parts, state)
            .await
            .map_err(|_| ApiError::new(Code::RequestInvalid))?;
        Ok(Self(pairs.into_iter().map(|(name, value)| (name, Value::String(value))).collect()))
    }
}

impl Parameters {
    /// Reads the parameters.
    ///
    /// # Errors
    /// 422 with all that was wrong.
    pub fn read<T>(&self, reading: impl FnOnce(&mut Fields<'_>) -> T) -> Result<T, ApiError> {
        Fields::read("query", &self.0, reading)
    }

    /// Reads `limit` and `offset`; `default` counts for what is absent.
    ///
    /// # Errors
    /// 422 when one is out of range.
    pub fn page(&self, default: Page) -> Result<Page, ApiError> {
        self.read(|fields| fields.page(default))
    }
}

/// Reads a whole body of limited size within a limited time.
pub(super) async fn read_bytes(request: Request, bytes_max: usize) -> Result<Vec<u8>, ApiError> {
    read_bytes_within(request, bytes_max, Duration::from_millis(BODY_TIMEOUT_MS)).await
}

/// As [`read_bytes`], with another limit of time.
pub(super) async fn read_bytes_within(
    request: Request,
    bytes_max: usize,
    limit: Duration,
) -> Result<Vec<u8>, ApiError> {
    let announced =
        request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: usize| length > bytes_max) {
        return Err(ApiError::new(Code::BodyTooLarge));
    }
    match tokio::time::timeout(limit, to_bytes(request.into_body(), bytes_max)).await {
        Ok(Ok(bytes)) => Ok(bytes.into()),
        // The limit, or a client that went away: it will not read the answer.
        Ok(Err(_)) => Err(ApiError::new(Code::BodyTooLarge)),
        // A client that is gone or far too slow must not hold its place for long.
        Err(_) => Err(ApiError::new(Code::RequestInvalid)),
    }
}

#[cfg(test)]
mod tests;
