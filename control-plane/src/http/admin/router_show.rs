//! `GET /admin/empresas/{empresa_id}/routers/{router_id}`.

use axum::Json;
use axum::extract::State;
use serde_json::Value;

use super::{router_shape, router_view};
use crate::domain::code::Code;
use crate::domain::id::{CompanyId, RouterId};
use crate::http::app::Shared;
use crate::http::error::ApiError;
use crate::http::extract::{Segments, SuperAdmin};
use crate::http::operation::{Access, Operation};
use crate::tenants::routers;

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::get("/admin/empresas/{empresa_id}/routers/{router_id}", handle)
        .titled("Muestra un router", "Show a router")
        .open_to(Access::SuperAdmin)
        .gives(router_shape())
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
    let router = routers::find(&app.store, &CompanyId::new(company), &RouterId::new(router)).await?;
    Ok(Json(router_view(&router)))
}
