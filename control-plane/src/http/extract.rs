//! Who is asking, and in which language: extractors for handlers.

use std::ops::Deref;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Path};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use serde::de::DeserializeOwned;

use super::app::Shared;
use super::client::Client;
use super::error::{ApiError, Fault, Issue, Place};
use super::frame::RequestId;
use crate::auth::AuthError;
use crate::auth::session::Session;
use crate::domain::code::Code;
use crate::domain::id::CompanyId;
use crate::domain::role::Role;
use crate::limits::TooMuch;
use crate::store::api_keys::Identity;
use crate::text::{Language, Phrase};

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Longest idempotency key, in bytes.
const KEY_BYTES_MAX: usize = 255;
const SCHEME: &str = "bearer";

/// The router whose API key was sent. Its company is active; whether the router is, the endpoint decides.
#[derive(Debug, Clone)]
pub struct PortalKey(pub Arc<Identity>);

impl Deref for PortalKey {
    type Target = Identity;

    fn deref(&self) -> &Identity {
        &self.0
    }
}

impl FromRequestParts<Shared> for PortalKey {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, ApiError> {
        let presented = match parts.headers.get(API_KEY) {
            Some(value) => value.to_str().ok().map(str::trim).filter(|text| !text.is_empty()),
            None => bearer(&parts.headers),
        };
        let presented = presented.ok_or_else(|| ApiError::new(Code::CredentialsMissing))?;
        let identity = match app.api_keys.authenticate(presented).await {
            Ok(identity) => identity,
            Err(error) => return Err(refused(parts, app, error)),
        };
        app.requests.key(&identity.key_id, app.clock.now())?;
        Ok(Self(identity))
    }
}

/// Any administrator with a live session; one of a company only while it is active.
#[derive(Debug, Clone)]
pub struct Admin(pub Session);

impl FromRequestParts<Shared> for Admin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, ApiError> {
        let session = session(parts, app).await?;
        match (session.role, session.company_active) {
            (Role::CompanyAdmin, Some(false)) => Err(ApiError::new(Code::CompanyInactive)),
            (Role::CompanyAdmin | Role::SuperAdmin, _) => Ok(Self(session)),
        }
    }
}

/// An operator of the platform.
#[derive(Debug, Clone)]
pub struct SuperAdmin(pub Session);

impl FromRequestParts<Shared> for SuperAdmin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, ApiError> {
        let session = session(parts, app).await?;
        match session.role {
            Role::SuperAdmin => Ok(Self(session)),
            Role::CompanyAdmin => Err(ApiError::new(Code::RoleForbidden)),
        }
    }
}

/// The administrator of an active company.
#[derive(Debug, Clone)]
pub struct CompanyAdmin {
    /// The session.
    pub session: Session,
    /// The company, the only one the user may see.
    pub company: CompanyId,
}

impl FromRequestParts<Shared> for CompanyAdmin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, ApiError> {
        let session = session(parts, app).await?;
        match session.role {
            Role::CompanyAdmin => {}
            Role::SuperAdmin => return Err(ApiError::new(Code::RoleForbidden)),
        }
        match (session.user.company_id.clone(), session.company_active) {
            (Some(company), Some(true)) => Ok(Self { session, company: CompanyId::new(company) }),
            (Some(_), Some(false)) => Err(ApiError::new(Code::CompanyInactive)),
            (_, None) | (None, Some(_)) => Err(ApiError::new(Code::CompanyNotFound)),
        }
    }
}

async fn session(parts: &Parts, app: &Shared) -> Result<Session, ApiError> {
    let token = bearer(&parts.headers).ok_or_else(|| ApiError::new(Code::CredentialsMissing))?;
    app.sessions.authenticate(token).await.map_err(|error| refused(parts, app, error))
}

/// Who sends bad credentials again and again is told to wait; good ones are never counted.
fn refused(parts: &Parts, app: &Shared, error: AuthError) -> ApiError {
    let client = parts.extensions.get::<Client>().and_then(|client| client.0);
    match error {
        AuthError::Refused(_) => match app.requests.refused(client, app.clock.now()) {
            Ok(()) => error.into(),
            Err(much) => much.into(),
        },
        AuthError::TooMany(_) | AuthError::Busy | AuthError::Store(_) => error.into(),
    }
}

impl From<TooMuch> for ApiError {
    fn from(much: TooMuch) -> Self {
        Self::new(Code::RateLimited).retry_after(much.retry_after_s)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Client {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Ok(parts.extensions.get::<Self>().copied().unwrap_or(Self(None)))
    }
}

/// The text after `Bearer` in the header `Authorization`.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.trim().split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case(SCHEME) && !token.is_empty()).then_some(token)
}

impl<S: Send + Sync> FromRequestParts<S> for Language {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Ok(parts.extensions.get::<Self>().copied().unwrap_or_default())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for RequestId {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let id = parts.extensions.get::<Self>().cloned();
        id.ok_or_else(|| ApiError::new(Code::InternalError))
    }
}

/// The header `Idempotency-Key`, if it was sent.
#[derive(Debug, Clone)]
pub struct IdempotencyKey(pub Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let Some(value) = parts.headers.get(IDEMPOTENCY_KEY) else { return Ok(Self(None)) };
        let good =
            (1..=KEY_BYTES_MAX).contains(&value.len()) && value.as_bytes().iter().all(u8::is_ascii_graphic);
        match value.to_str() {
            Ok(text) if good => Ok(Self(Some(text.to_owned()))),
            Ok(_) | Err(_) => Err(ApiError::validation(vec![Issue {
                loc: vec![Place::Name("header"), Place::Name("Idempotency-Key")],
                fault: Fault::Value(Phrase::IdempotencyKeySyntax),
            }])),
        }
    }
}

/// Variable parts of the path as texts: `String`, or a tuple of them.
#[derive(Debug, Clone)]
pub struct Segments<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Segments<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let nowhere = || ApiError::new(Code::RouteNotFound);
        // No id holds this character, and PostgreSQL takes it in no text.
        if parts.uri.path().contains("%00") {
            return Err(nowhere());
        }
        Path::<T>::from_request_parts(parts, state)
            .await
            .map(|Path(value)| Self(value))
            .map_err(|_| nowhere())
    }
}

/// A part of the path that must be an integer.
///
/// # Errors
/// 422 that names the part.
pub fn integer_segment(name: &'static str, text: &str) -> Result<i64, ApiError> {
    text.parse().map_err(|_| {
        let loc = vec![Place::Name("path"), Place::Name(name)];
        ApiError::validation(vec![Issue { loc, fault: Fault::IntParsing }])
    })
}

impl From<AuthError> for ApiError {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Refused(code) => Self::new(code),
            AuthError::TooMany(much) => much.into(),
            AuthError::Busy => Self::new(Code::RateLimited),
            AuthError::Store(error) => error.into(),
        }
    }
}
