//! `GET /admin/empresas/{empresa_id}/routers`.

use axum::Json;
use axum::extract::State;
use serde_json::Value;

use super::{router_shape, router_view};
use crate::domain::code::Code;
use crate::domain::id::CompanyId;
use crate::http::app::Shared;
use crate::http::body::Parameters;
use crate::http::error::ApiError;
use crate::http::extract::{Segments, SuperAdmin};
use crate::http::operation::{Access, Operation};
use crate::http::shape;
use crate::store::page::Page;
use crate::store::{companies, routers};

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::get("/admin/empresas/{empresa_id}/routers", handle)
        .titled("Lista los routers de una empresa", "List the routers of a company")
        .open_to(Access::SuperAdmin)
        .paged()
        .gives(shape::list(router_shape()))
        .fails(&[Code::CompanyNotFound])
}

/// See the module.
///
/// # Errors
/// `company_not_found`, 422 for a page out of range, or when the database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    _: SuperAdmin,
    Segments(company): Segments<String>,
    parameters: Parameters,
) -> Result<Json<Vec<Value>>, ApiError> {
    let company = CompanyId::new(company);
    let page = parameters.page(Page::default())?;
    let mut reader = app.store.reader().await?;
    if companies::find(&mut reader.conn(), &company).await?.is_none() {
        return Err(ApiError::new(Code::CompanyNotFound));
    }
    let routers = routers::list(&mut reader.conn(), &company, page).await?;
    Ok(Json(routers.iter().map(router_view).collect()))
}
