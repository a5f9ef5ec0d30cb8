//! `GET /api/v1/admin/routers/{router_id}/test-connection`: whether the router answers now. Always 200.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use pagos_protocol::{Action, Done, Outcome, outcome};
use serde_json::{Value, json};

use crate::domain::code::Code;
use crate::domain::id::RouterId;
use crate::http::app::Shared;
use crate::http::error::ApiError;
use crate::http::extract::{CompanyAdmin, Segments};
use crate::link::{LinkPort, SendError};
use crate::tenants::{TenantError, routers};
use crate::text::Language;

/// Longest wait for the router, in milliseconds.
const DEADLINE_MS: u64 = 10_000;

/// See the module.
///
/// # Errors
/// When the database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    admin: CompanyAdmin,
    Segments(id): Segments<String>,
    language: Language,
) -> Result<Json<Value>, ApiError> {
    let router = match routers::find(&app.store, &admin.company, &RouterId::new(id)).await {
        Ok(router) => router,
        Err(TenantError::Refused(code)) => {
            let (message, code) = (language.code(code), code.as_str());
            return Ok(Json(json!({"success": false, "message": message, "code": code, "error": code})));
        }
        Err(error @ TenantError::Store(_)) => return Err(error.into()),
    };
    let answer = app.hub.send(&router.id, Action::Probe, Duration::from_millis(DEADLINE_MS)).await;
    let (identity, profiles, failed) = match answer {
        Ok(Outcome::Done { done: Done::Probed { identity, profiles, .. } }) => {
            (Some(identity), profiles, None)
        }
        other => (None, 0, Some(failure(&other))),
    };
    let code = if failed.is_none() { Code::RouterOnline } else { Code::RouterUnreachable };
    Ok(Json(json!({
        "success": failed.is_none(),
        "message": language.code(code),
        "code": code.as_str(),
        "router": {
            "id": router.id,
            "nombre": router.name,
            "host": router.host,
            "puerto": router.port,
            "activo": router.active,
        },
        "perfiles_encontrados": profiles,
        "router_name": identity,
        "error": failed.map(Code::as_str),
        "timestamp": app.clock.now().iso(),
    })))
}

/// What an admin is told about a live check that did not give what was asked for.
pub(in crate::http) fn failure(answer: &Result<Outcome, SendError>) -> Code {
    let code = match answer {
        Err(SendError::Offline | SendError::NoAnswer) => return Code::RouterUnreachable,
        Ok(Outcome::Done { .. } | Outcome::Unknown) => return Code::RouterError,
        Ok(Outcome::Refused { code, .. } | Outcome::Failed { code, .. }) => code,
    };
    match code {
        outcome::Code::RouterUnreachable | outcome::Code::DeadlinePassed | outcome::Code::Busy => {
            Code::RouterUnreachable
        }
        outcome::Code::RouterLoginFailed => Code::RouterLoginFailed,
        outcome::Code::NameTaken
        | outcome::Code::ProfileNotFound
        | outcome::Code::Stale
        | outcome::Code::UserGone
        | outcome::Code::PermissionDenied
        | outcome::Code::RouterError
        | outcome::Code::DeviceNotSeen
        | outcome::Code::LoginRefused
        | outcome::Code::LoginUnverified
        | outcome::Code::DeviceLimitReached
        | outcome::Code::CredentialsInvalid
        | outcome::Code::AccessExpired
        | outcome::Code::LicenseLimitReached
        | outcome::Code::DeviceModeForbids
        | outcome::Code::RadiusFailed
        | outcome::Code::UnknownRouter
        | outcome::Code::Unsupported
        | outcome::Code::JournalFailed
        | outcome::Code::Unknown => Code::RouterError,
    }
}
