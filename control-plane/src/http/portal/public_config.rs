//! `GET /api/v1/config/public`: what a portal needs before it shows a card form.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::domain::code::Code;
use crate::http::app::Shared;
use crate::http::error::ApiError;
use crate::http::extract::PortalKey;
use crate::store::{companies, routers};

/// See the module.
///
/// # Errors
/// When the database does not answer.
pub async fn handle(State(app): State<Shared>, key: PortalKey) -> Result<Json<Value>, ApiError> {
    let mut reader = app.store.reader().await?;
    let company = companies::find(&mut reader.conn(), &key.company_id).await?;
    let company = company.ok_or_else(|| ApiError::new(Code::CompanyNotFound))?;
    let router = routers::find(&mut reader.conn(), &key.company_id, &key.router_id).await?;
    let router = router.ok_or_else(|| ApiError::new(Code::RouterNotFound))?;
    Ok(Json(json!({
        "empresa": {
            "id": company.id,
            "nombre": company.name,
            "conekta_public_key": company.conekta_public_key,
            "mercadopago_public_key": company.mercado_pago_public_key,
            "conekta_mode": company.conekta_mode,
        },
        "router": {"id": router.id, "nombre": router.name, "ubicacion": router.location},
    })))
}
