//! `GET /admin/empresas`.

use axum::Json;
use axum::extract::State;
use serde_json::Value;

use super::{company_shape, company_view};
use crate::http::app::Shared;
use crate::http::body::Parameters;
use crate::http::error::ApiError;
use crate::http::extract::SuperAdmin;
use crate::http::operation::{Access, Operation};
use crate::http::shape;
use crate::store::companies;
use crate::store::page::Page;

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::get("/admin/empresas", handle)
        .titled("Lista las empresas", "List the companies")
        .open_to(Access::SuperAdmin)
        .paged()
        .gives(shape::list(company_shape()))
}

/// See the module.
///
/// # Errors
/// 422 for a page out of range, or when the database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    _: SuperAdmin,
    parameters: Parameters,
) -> Result<Json<Vec<Value>>, ApiError> {
    let page = parameters.page(Page::default())?;
    let companies = companies::list(&mut app.store.reader().await?.conn(), page).await?;
    Ok(Json(companies.iter().map(company_view).collect()))
}
