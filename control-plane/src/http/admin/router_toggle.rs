//! `PUT /admin/empresas/{empresa_id}/routers/{router_id}/toggle-activo`.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::domain::code::Code;
use crate::domain::id::{CompanyId, RouterId};
use crate::http::app::Shared;
use crate::http::error::ApiError;
use crate::http::extract::{Segments, SuperAdmin};
use crate::http::operation::{Access, Operation};
use crate::http::shape::{done, flag, text};
use crate::tenants::routers;
use crate::text::Language;

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::put("/admin/empresas/{empresa_id}/routers/{router_id}/toggle-activo", handle)
        .titled("Activa o desactiva un router", "Switch a router on or off")
        .open_to(Access::SuperAdmin)
        .gives(done(
            &[Code::RouterActivated, Code::RouterDeactivated],
            [("router_id", text("RTR_00AA11BB")), ("activo", flag(true))],
        ))
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
    language: Language,
) -> Result<Json<Value>, ApiError> {
    let (company, router) = (CompanyId::new(company), RouterId::new(router));
    routers::find(&app.store, &company, &router).await?;
    let active = routers::toggle(&app.store, &company, &router).await?;
    app.api_keys.forget();
    let code = if active { Code::RouterActivated } else { Code::RouterDeactivated };
    Ok(Json(json!({
        "message": language.code(code),
        "code": code.as_str(),
        "router_id": router,
        "activo": active,
    })))
}
