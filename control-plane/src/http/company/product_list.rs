//! `GET /api/v1/admin/products[?router_id=]`: sold or not.

use axum::Json;
use axum::extract::State;
use serde_json::Value;

use super::product_view::view;
use crate::domain::code::Code;
use crate::domain::id::{ID_BYTES_MAX, RouterId};
use crate::http::app::Shared;
use crate::http::body::Parameters;
use crate::http::error::ApiError;
use crate::http::extract::CompanyAdmin;
use crate::store::page::Page;
use crate::store::{StoreError, products, routers};

/// See the module.
///
/// # Errors
/// `router_not_found`, 422 for a page out of range, or when the database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    admin: CompanyAdmin,
    parameters: Parameters,
) -> Result<Json<Vec<Value>>, ApiError> {
    let (router, page) = parameters
        .read(|fields| (fields.optional_string("router_id", ID_BYTES_MAX), fields.page(Page::default())))?;
    let router = router.filter(|id| !id.is_empty()).map(RouterId::new);
    let mut reader = app.store.reader().await?;
    if let Some(id) = &router
        && routers::find(&mut reader.conn(), &admin.company, id).await?.is_none()
    {
        return Err(ApiError::new(Code::RouterNotFound));
    }
    let products = products::list(&mut reader.conn(), &admin.company, router.as_ref(), page).await?;
    Ok(Json(products.iter().map(view).collect::<Result<_, StoreError>>()?))
}
