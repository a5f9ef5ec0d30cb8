//! `GET /api/v1/catalogo_perfiles_venta/debug`: all products of the router as they are stored, for whoever builds a portal.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::product_view::details;
use crate::domain::code::Code;
use crate::http::app::Shared;
use crate::http::body::Parameters;
use crate::http::error::ApiError;
use crate::http::extract::PortalKey;
use crate::store::page::Page;
use crate::store::products::Product;
use crate::store::{StoreError, companies, products, routers};

/// See the module.
///
/// # Errors
/// 422 for a page out of range, or when the database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    key: PortalKey,
    parameters: Parameters,
) -> Result<Json<Value>, ApiError> {
    let page = parameters.page(Page::default())?;
    let mut reader = app.store.reader().await?;
    let company = companies::find(&mut reader.conn(), &key.company_id).await?;
    let company = company.ok_or_else(|| ApiError::new(Code::CompanyNotFound))?;
    let router = routers::find(&mut reader.conn(), &key.company_id, &key.router_id).await?;
    let router = router.ok_or_else(|| ApiError::new(Code::RouterNotFound))?;
    let total = products::count_of_router(&mut reader.conn(), &key.company_id, &key.router_id).await?;
    let products =
        products::list_of_router(&mut reader.conn(), &key.company_id, &key.router_id, page).await?;
    Ok(Json(json!({
        "empresa": company.name,
        "router": router.name,
        "router_id": router.id,
        "empresa_id": company.id,
        "total_productos": total,
        "productos": products.iter().map(raw).collect::<Result<Vec<_>, StoreError>>()?,
    })))
}

fn raw(product: &Product) -> Result<Value, StoreError> {
    let stored: Value = serde_json::from_str(&product.details).unwrap_or_else(|_| json!(product.details));
    let kind = match &stored {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    };
    Ok(json!({
        "id": product.id,
        "nombre_venta": product.sale_name,
        "perfil_mikrotik_id": product.profile_id,
        "detalles_raw": stored,
        "detalles_tipo": kind,
        "detalles_normalizado": details(&product.details),
        "creado_en": product.created_at.iso(),
        "creado_en_tipo": "datetime",
        "activo": product.active,
        "precio": product.price()?.json(),
        "moneda": product.currency,
    }))
}
