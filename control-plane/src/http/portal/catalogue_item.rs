//! `GET /api/v1/catalogo_perfiles_venta/{producto_id}`: one product that the router sells now.

use axum::Json;
use axum::extract::State;
use serde_json::Value;

use super::product_view::{product_shape, view};
use crate::domain::code::Code;
use crate::http::app::Shared;
use crate::http::error::ApiError;
use crate::http::extract::{PortalKey, Segments, integer_segment};
use crate::http::operation::{Access, Operation};
use crate::store::products;

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::get("/api/v1/catalogo_perfiles_venta/{producto_id}", handle)
        .titled("Un producto a la venta", "A product on sale")
        .open_to(Access::ApiKey)
        .integer("producto_id")
        .gives(product_shape())
        .fails(&[Code::ProductNotFound])
}

/// See the module.
///
/// # Errors
/// `product_not_found`, 422 for an id that is no integer, or when the database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    key: PortalKey,
    Segments(id): Segments<String>,
) -> Result<Json<Value>, ApiError> {
    let id = integer_segment("producto_id", &id)?;
    let mut reader = app.store.reader().await?;
    let product = products::find_on_sale(&mut reader.conn(), &key.company_id, &key.router_id, id).await?;
    let product = product.ok_or_else(|| ApiError::new(Code::ProductNotFound))?;
    Ok(Json(view(&product)?))
}
