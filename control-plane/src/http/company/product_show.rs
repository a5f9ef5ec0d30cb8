//! `GET /api/v1/admin/products/{producto_id}`.

use axum::Json;
use axum::extract::State;
use serde_json::Value;

use super::product_view::{product_shape, view};
use crate::domain::code::Code;
use crate::http::app::Shared;
use crate::http::error::ApiError;
use crate::http::extract::{CompanyAdmin, Segments, integer_segment};
use crate::http::operation::{Access, Operation};
use crate::store::products;

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::get("/api/v1/admin/products/{producto_id}", handle)
        .titled("Muestra un producto", "Show a product")
        .open_to(Access::CompanyAdmin)
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
    admin: CompanyAdmin,
    Segments(id): Segments<String>,
) -> Result<Json<Value>, ApiError> {
    let id = integer_segment("producto_id", &id)?;
    let product = products::find(&mut app.store.reader().await?.conn(), &admin.company, id).await?;
    let product = product.ok_or_else(|| ApiError::new(Code::ProductNotFound))?;
    Ok(Json(view(&product)?))
}
