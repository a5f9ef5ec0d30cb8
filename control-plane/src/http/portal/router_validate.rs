//! `POST /api/v1/routers/validar-empresa-router`: whether the key's router can be reached and logged in to now. Always 200
//! once the key is good.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use pagos_protocol::{Action, Done, Outcome};
use serde_json::{Value, json};

use crate::domain::code::Code;
use crate::http::app::{App, Shared};
use crate::http::company::router_test::failure;
use crate::http::extract::PortalKey;
use crate::link::LinkPort;
use crate::store::api_keys::Identity;
use crate::store::{StoreError, routers};
use crate::text::Language;

/// Longest wait for the router, in milliseconds.
const DEADLINE_MS: u64 = 5_000;

/// See the module.
pub async fn handle(State(app): State<Shared>, key: PortalKey, language: Language) -> Json<Value> {
    let code = match check(&app, &key).await {
        Ok(code) => code,
        Err(error) => {
            tracing::error!(error = %crate::causes::chain(&error), "router of a key could not be looked up");
            Code::InternalError
        }
    };
    let good = code == Code::RouterOnline;
    let (state, detail) = words(code);
    Json(json!({
        "success": good,
        "estado": state,
        "mensaje": language.code(code),
        "code": code.as_str(),
        "error_detalle": detail,
        "conexion_ok": good,
        "timestamp": app.clock.now().iso(),
    }))
}

async fn check(app: &App, key: &Identity) -> Result<Code, StoreError> {
    let router =
        routers::find(&mut app.store.reader().await?.conn(), &key.company_id, &key.router_id).await?;
    let Some(router) = router else { return Ok(Code::RouterNotFound) };
    if !router.active {
        return Ok(Code::RouterInactive);
    }
    let answer = app.hub.send(&router.id, Action::Probe, Duration::from_millis(DEADLINE_MS)).await;
    Ok(match answer {
        Ok(Outcome::Done { done: Done::Probed { .. } }) => Code::RouterOnline,
        other => failure(&other),
    })
}

/// `estado` and `error_detalle`.
fn words(code: Code) -> (&'static str, Option<&'static str>) {
    if code == Code::RouterOnline {
        ("activo", None)
    } else if code == Code::RouterNotFound {
        ("sin_routers", Some("sin_router_asociado"))
    } else if code == Code::InternalError {
        ("internal_error", Some("internal_error"))
    } else {
        ("router_inactivo", Some("router_inactivo"))
    }
}
