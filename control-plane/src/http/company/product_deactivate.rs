//! `DELETE /api/v1/admin/products/{producto_id}`: it is no longer sold; the row stays for what was sold.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::domain::code::Code;
use crate::http::app::Shared;
use crate::http::error::ApiError;
use crate::http::extract::{CompanyAdmin, Segments, integer_segment};
use crate::http::operation::{Access, Operation};
use crate::http::shape::{done, flag, integer};
use crate::store::products::Change;
use crate::tenants::products;
use crate::text::Language;

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::delete("/api/v1/admin/products/{producto_id}", handle)
        .titled("Retira un producto de la venta", "Take a product off sale")
        .open_to(Access::CompanyAdmin)
        .integer("producto_id")
        .gives(done(&[Code::ProductDeactivated], [("producto_id", integer(7)), ("activo", flag(false))]))
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
    language: Language,
) -> Result<Json<Value>, ApiError> {
    let id = integer_segment("producto_id", &id)?;
    let change = Change { active: Some(false), ..Change::default() };
    let product = products::change(&app.store, &admin.company, id, change).await?;
    let code = Code::ProductDeactivated;
    Ok(Json(json!({
        "message": language.code(code),
        "code": code.as_str(),
        "producto_id": product.id,
        "activo": product.active,
    })))
}
