//! `POST /admin/empresas/{empresa_id}/routers/{router_id}/enrolamiento`: the line that makes a box the agent of the site.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::domain::code::Code;
use crate::domain::id::{CompanyId, RouterId};
use crate::http::app::Shared;
use crate::http::error::ApiError;
use crate::http::extract::{Segments, SuperAdmin};
use crate::http::operation::{Access, Operation};
use crate::http::shape::{moment, object, text};
use crate::link::token::TOKEN_LIFE_MS;
use crate::link::{IssueError, issue_token};
use crate::tenants::routers;

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::post("/admin/empresas/{empresa_id}/routers/{router_id}/enrolamiento", handle)
        .titled(
            "Da el comando que enrola el agente del sitio",
            "Give the command that enrols the agent of the site",
        )
        .open_to(Access::SuperAdmin)
        .gives(object([
            ("token", text("pagos1_…")),
            ("comando", text("pagos-agent enroll pagos1_…")),
            ("expira_en", moment()),
        ]))
        .fails(&[Code::CompanyNotFound, Code::RouterNotFound])
}

/// See the module.
///
/// # Errors
/// `company_not_found`, `router_not_found`, or when the database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    _: SuperAdmin,
    Segments((company, router)): Segments<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    let company = CompanyId::new(company);
    let router = routers::find(&app.store, &company, &RouterId::new(router)).await?;
    let expires_at = app.clock.now().plus(TOKEN_LIFE_MS);
    let (store, clock, random) = (&app.store, &app.clock, &app.random);
    let issued =
        issue_token(store, clock, random, &app.authority, &company, &router.site_id, &app.agent_address)
            .await;
    let token = match issued {
        Ok(token) => token.encode(),
        Err(IssueError::UnknownSite(_)) => return Err(ApiError::new(Code::RouterNotFound)),
        Err(IssueError::Store(error)) => return Err(error.into()),
    };
    Ok(Json(json!({
        "token": token,
        "comando": format!("pagos-agent enroll {token}"),
        "expira_en": expires_at.iso(),
    })))
}
