//! `PUT /api/v1/admin/products/{producto_id}`: router and profile of a product never change.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::product_details::{
    DESCRIPTION_CHARS_MAX, IMAGE_URL_CHARS_MAX, NAME_CHARS_MAX, ORDER_MAX, currency, currency_text, details,
};
use super::product_view::{product_shape, view};
use crate::domain::code::Code;
use crate::http::app::Shared;
use crate::http::body::{Body, Fields};
use crate::http::error::ApiError;
use crate::http::extract::{CompanyAdmin, Segments, integer_segment};
use crate::http::operation::{Access, Operation};
use crate::store::products::Change;
use crate::tenants::products;

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::put("/api/v1/admin/products/{producto_id}", handle)
        .titled("Cambia un producto", "Change a product")
        .open_to(Access::CompanyAdmin)
        .integer("producto_id")
        .reads(json!({"precio": 25, "destacado": true}), |fields| {
            read(fields);
        })
        .gives(product_shape())
        .fails(&[Code::ProductNotFound, Code::CurrencyNotAllowed])
}

/// See the module.
///
/// # Errors
/// `product_not_found`, `currency_not_allowed`, 422, or when the database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    admin: CompanyAdmin,
    Segments(id): Segments<String>,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    let id = integer_segment("producto_id", &id)?;
    let (mut change, sent_currency) = body.read(read)?;
    change.currency = currency(sent_currency)?;
    let product = products::change(&app.store, &admin.company, id, change).await?;
    Ok(Json(view(&product)?))
}

fn read(fields: &mut Fields<'_>) -> (Change, Option<String>) {
    let change = Change {
        sale_name: fields.optional_string("nombre_venta", NAME_CHARS_MAX),
        description: fields.change_of_string("descripcion", DESCRIPTION_CHARS_MAX),
        image_url: fields.change_of_string("imagen_url", IMAGE_URL_CHARS_MAX),
        price_minor: fields.optional_price("precio"),
        currency: None,
        details: details(fields),
        active: fields.optional_boolean("activo"),
        display_order: fields.optional_integer_within("orden_visual", -ORDER_MAX, ORDER_MAX),
        featured: fields.optional_boolean("destacado"),
    };
    (change, currency_text(fields))
}
