//! `GET /api/v1/admin/products[?router_id=]`: sold or not.

use axum::Json;
use axum::extract::State;
use serde_json::Value;

use super::product_view::{product_shape, view};
use crate::domain::code::Code;
use crate::domain::id::{ID_BYTES_MAX, RouterId};
use crate::http::app::Shared;
use crate::http::body::{Fields, Parameters};
use crate::http::error::ApiError;
use crate::http::extract::CompanyAdmin;
use crate::http::operation::{Access, Operation};
use crate::http::shape;
use crate::store::page::Page;
use crate::store::{StoreError, products, routers};

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::get("/api/v1/admin/products", handle)
        .titled("Lista los productos", "List the products")
        .open_to(Access::CompanyAdmin)
        .reads_query(|fields| {
            read(fields);
        })
        .gives(shape::list(product_shape()))
        .fails(&[Code::RouterNotFound])
}

/// See the module.
///
/// # Errors
/// `router_not_found`, 422 for a page out of range, or when the database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    admin: CompanyAdmin,
    parameters: Parameters,
) -> Result<Json<Vec<Value>>, ApiError> {
    let (router, page) = parameters.read(read)?;
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

fn read(fields: &mut Fields<'_>) -> (Option<String>, Page) {
    (fields.optional_string("router_id", ID_BYTES_MAX), fields.page(Page::default()))
}
