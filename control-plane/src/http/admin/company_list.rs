//! `GET /admin/empresas`.

use axum::Json;
use axum::extract::State;
use serde_json::Value;

use super::company_view;
use crate::http::app::Shared;
use crate::http::body::Parameters;
use crate::http::error::ApiError;
use crate::http::extract::SuperAdmin;
use crate::store::companies;
use crate::store::page::Page;

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
