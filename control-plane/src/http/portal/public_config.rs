//! `GET /api/v1/config/public`: what a portal needs before it shows a card form.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::domain::code::Code;
use crate::http::app::Shared;
use crate::http::error::ApiError;
use crate::http::extract::PortalKey;
use crate::http::operation::{Access, Operation};
use crate::http::shape::{object, text};
use crate::store::{companies, routers};

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::get("/api/v1/config/public", handle)
        .titled("Lo que un portal necesita para cobrar", "What a portal needs to charge")
        .open_to(Access::ApiKey)
        .gives(object([
            (
                "empresa",
                object([
                    ("id", text("EMP_0A1B2C3D4E")),
                    ("nombre", text("Red Parque")),
                    ("conekta_public_key", text("key_pub_1").or_null()),
                    ("mercadopago_public_key", text("APP_USR-…").or_null()),
                    ("conekta_mode", text("test")),
                ]),
            ),
            (
                "router",
                object([
                    ("id", text("RTR_00AA11BB")),
                    ("nombre", text("Kiosco")),
                    ("ubicacion", text("Entrada").or_null()),
                ]),
            ),
        ]))
        .fails(&[Code::CompanyNotFound, Code::RouterNotFound])
}

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
