//! The public HTTP interface.
//!
//! | module | holds |
//! |---|---|
//! | [`app`] | what handlers may use |
//! | [`frame`] | request id, language, log span and the bodies of errors |
//! | [`paths`] | what holds for a path: cross-origin headers, the redirect of a slash too many |
//! | [`error`] | error answers; the one file with statuses of error codes |
//! | [`body`] | reading and checking what was sent |
//! | [`client`] | whom a request comes from |
//! | [`extract`] | who is asking |
//! | [`account`] | what all endpoints about users share |
//! | [`transaction`] | how panels see a transaction, its refunds, and what waits for a person |
//! | [`portal`] | endpoints for captive portals (router API key) |
//! | [`session`] | logging in and out |
//! | [`csv`] | files for spreadsheets |
//! | [`company`] | endpoints for admins of a company |
//! | [`admin`] | endpoints for operators of the platform |
//! | [`service`] | health and readiness |
//! | [`webhook`] | notifications of the gateways |
//! | [`operation`] | what an endpoint says of itself; [`shape`]: what it answers |
//! | [`openapi`] | the published description, made of that, and the page that shows it |
//! | [`setup`] | the page that makes the first super admin |
//!
//! A handler parses, calls one function and renders. No SQL and no gateway here.

pub mod account;
pub mod admin;
pub mod app;
pub mod body;
pub mod client;
pub mod company;
pub mod csv;
pub mod error;
pub mod extract;
pub mod frame;
pub mod openapi;
pub mod operation;
pub mod paths;
pub mod portal;
pub mod service;
pub mod session;
pub mod setup;
pub mod shape;
pub mod transaction;
pub mod webhook;

use axum::Router;
use axum::extract::Request;
use axum::middleware::from_fn_with_state;
use tower_http::catch_panic::CatchPanicLayer;

use app::Shared;
use error::ApiError;
use operation::Operation;
use paths::{Paths, cross_origin, nowhere, portal_cors, session_cors};

use crate::domain::code::Code;
use crate::outbox::TrialError;
use crate::tenants::TenantError;
use crate::text::Phrase;

/// Whose scripts may read the answers of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origins {
    /// Everybody's: portals are served by routers.
    Any,
    /// Those of the configured panels.
    Panels,
    /// Our own pages'.
    Own,
}

/// Endpoints that stand together.
#[derive(Debug, Clone)]
pub struct Group {
    /// Their title.
    pub title: Phrase,
    /// Whose scripts may read their answers.
    pub origins: Origins,
    /// The endpoints.
    pub operations: Vec<Operation>,
}

/// Every endpoint, but for those of the documentation.
#[must_use]
pub fn groups() -> Vec<Group> {
    let group =
        |title, origins, parts: Vec<Vec<Operation>>| Group { title, origins, operations: parts.concat() };
    vec![
        group(Phrase::TagPortal, Origins::Any, vec![portal::operations()]),
        group(Phrase::TagSession, Origins::Panels, vec![session::operations()]),
        group(Phrase::TagCompany, Origins::Panels, vec![company::operations(), webhook::settings()]),
        group(Phrase::TagPlatform, Origins::Panels, vec![admin::operations()]),
        group(Phrase::TagWebhook, Origins::Own, vec![webhook::operations()]),
        group(Phrase::TagService, Origins::Own, vec![service::operations(), setup::operations()]),
        group(Phrase::TagPictures, Origins::Any, vec![vec![service::logo::operation()]]),
    ]
}

/// The endpoints of the documentation, which can be switched off.
#[must_use]
pub fn documentation() -> Group {
    Group { title: Phrase::TagService, origins: Origins::Own, operations: openapi::operations() }
}

/// The whole public interface.
pub fn router(app: &Shared) -> Router {
    let documentation = app.config.http.docs.then(documentation);
    let mut known = Vec::new();
    let mut router = Router::new();
    for group in groups().into_iter().chain(documentation) {
        let cors = match group.origins {
            Origins::Any => Some(portal_cors()),
            Origins::Panels => session_cors(&app.config.http.cors_origins),
            Origins::Own => None,
        };
        for operation in group.operations {
            known.push((operation.path, cors.clone()));
            router = router.route(operation.path, operation.route);
        }
    }
    let paths = Paths::new(known);
    let served = paths.clone();
    router
        .method_not_allowed_fallback(|| async { ApiError::new(Code::MethodNotAllowed) })
        .fallback(move |request: Request| async move { nowhere(&request, &served) })
        .layer(CatchPanicLayer::custom(frame::panicked))
        .layer(from_fn_with_state(paths, cross_origin))
        .layer(from_fn_with_state(app.clone(), frame::frame))
        .with_state(app.clone())
}

impl From<TrialError> for ApiError {
    fn from(error: TrialError) -> Self {
        match error {
            TrialError::TooMany(much) => Self::new(Code::RateLimited).retry_after(much.retry_after_s),
            TrialError::NotConfigured => Self::new(Code::TelegramNotConfigured),
            TrialError::Inside(inside) => Self::internal(inside.as_ref()),
        }
    }
}

impl From<TenantError> for ApiError {
    fn from(error: TenantError) -> Self {
        match error {
            // A panel asks for something that needs an active router; a portal is forbidden to use an inactive one.
            TenantError::Refused(Code::RouterInactive) => Self::router_inactive_for_panel(),
            TenantError::Refused(code) => Self::new(code),
            TenantError::Store(error) => error.into(),
        }
    }
}
