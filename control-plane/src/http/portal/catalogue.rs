//! `GET /api/v1/catalogo_perfiles_venta`: what the router sells now.

use axum::Json;
use axum::extract::State;
use serde_json::Value;

use super::product_view::{product_shape, view};
use crate::http::app::Shared;
use crate::http::body::Parameters;
use crate::http::error::ApiError;
use crate::http::extract::PortalKey;
use crate::http::operation::{Access, Operation};
use crate::http::shape;
use crate::store::page::Page;
use crate::store::{StoreError, products};

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::get("/api/v1/catalogo_perfiles_venta", handle)
        .titled("Lo que vende el router", "What the router sells")
        .open_to(Access::ApiKey)
        .paged()
        .gives(shape::list(product_shape()))
}

/// See the module.
///
/// # Errors
/// 422 for a page out of range, or when the database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    key: PortalKey,
    parameters: Parameters,
) -> Result<Json<Vec<Value>>, ApiError> {
    let page = parameters.page(Page::default())?;
    let mut reader = app.store.reader().await?;
    let products = products::list_on_sale(&mut reader.conn(), &key.company_id, &key.router_id, page).await?;
    Ok(Json(products.iter().map(view).collect::<Result<_, StoreError>>()?))
}
