//! `GET /admin/empresas/{empresa_id}/routers/{router_id}`.

use axum::Json;
use axum::extract::State;
use serde_json::Value;

use super::router_view;
use crate::domain::id::{CompanyId, RouterId};
use crate::http::app::Shared;
use crate::http::error::ApiError;
use crate::http::extract::{Segments, SuperAdmin};
use crate::tenants::routers;

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
