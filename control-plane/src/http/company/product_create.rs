//! `POST /api/v1/admin/products`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::product_details::{
    DESCRIPTION_CHARS_MAX, IMAGE_URL_CHARS_MAX, NAME_CHARS_MAX, ORDER_MAX, currency, currency_text, details,
};
use super::product_view::{product_shape, view};
use crate::domain::code::Code;
use crate::domain::id::{ID_BYTES_MAX, RouterId};
use crate::domain::money::{Currency, Money};
use crate::http::app::Shared;
use crate::http::body::{Body, Fields};
use crate::http::error::ApiError;
use crate::http::extract::CompanyAdmin;
use crate::http::operation::{Access, Operation};
use crate::store::products::NewProduct;
use crate::tenants::products;

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::post("/api/v1/admin/products", handle).titled("Crea un producto", "Make a product").open_to(Access::CompanyAdmin)
        .reads(
            json!({"router_id": "RTR_00AA11BB", "perfil_mikrotik_id": "*3", "perfil_mikrotik_nombre": "1h", "nombre_venta": "Una hora", "precio": 20, "detalles": ["10 Mbps"]}),
            |fields| {
                read(fields);
            },
        )
        .answers(StatusCode::CREATED, "application/json", product_shape())
        .fails(&[Code::RouterNotFound, Code::ProductProfileTaken, Code::CurrencyNotAllowed])
}

/// See the module.
///
/// # Errors
/// `router_not_found`, `product_profile_taken`, `currency_not_allowed`, 422, or when the database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    admin: CompanyAdmin,
    body: Body,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let (router, mut product, sent_currency) = body.read(read)?;
    product.price.currency = currency(sent_currency)?.unwrap_or(Currency::Mxn);
    let now = app.clock.now();
    let made = products::create(&app.store, &admin.company, &router, product, now).await?;
    Ok((StatusCode::CREATED, Json(view(&made)?)))
}

fn read(fields: &mut Fields<'_>) -> (RouterId, NewProduct, Option<String>) {
    let minor = fields.required_price("precio");
    let router = RouterId::new(fields.required_string("router_id", ID_BYTES_MAX));
    let product = NewProduct {
        profile_id: fields.required_string("perfil_mikrotik_id", NAME_CHARS_MAX),
        profile_name: fields.required_string("perfil_mikrotik_nombre", NAME_CHARS_MAX),
        sale_name: fields.required_string("nombre_venta", NAME_CHARS_MAX),
        description: fields.optional_string("descripcion", DESCRIPTION_CHARS_MAX),
        image_url: fields.optional_string("imagen_url", IMAGE_URL_CHARS_MAX),
        price: Money { minor, currency: Currency::Mxn },
        details: details(fields).unwrap_or_else(|| "[]".to_owned()),
        active: fields.optional_boolean("activo").unwrap_or(true),
        display_order: fields.optional_integer_within("orden_visual", -ORDER_MAX, ORDER_MAX).unwrap_or(0),
        featured: fields.optional_boolean("destacado").unwrap_or(false),
    };
    (router, product, currency_text(fields))
}
