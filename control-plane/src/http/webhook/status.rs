//! `GET /api/v1/webhook/empresa/{empresa_id}/estado-webhook`: whether Mercado Pago's notifications are set up.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::company_of;
use crate::domain::code::Code;
use crate::http::app::Shared;
use crate::http::error::ApiError;
use crate::http::extract::{Admin, Segments};
use crate::store::{companies, counts, credentials, webhook_keys};
use crate::webhook::notice::Source;

/// See the module.
///
/// # Errors
/// `company_not_found`, or when the database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    admin: Admin,
    Segments(id): Segments<String>,
) -> Result<Json<Value>, ApiError> {
    let id = company_of(&admin, id)?;
    let not_found = || ApiError::new(Code::CompanyNotFound);
    let mut reader = app.store.reader().await?;
    let company = companies::find(&mut reader.conn(), &id).await?.ok_or_else(not_found)?;
    let token = credentials::current(&mut reader.conn(), &id, credentials::MERCADO_PAGO).await?;
    let secrets = webhook_keys::in_force(&mut reader.conn(), &id, credentials::MERCADO_PAGO).await?;
    let total = counts::total(&mut reader.conn(), &id).await?;
    drop(reader);
    let url = app.webhooks.address(&id, Source::MercadoPago).await?.ok_or_else(not_found)?;
    Ok(Json(json!({
        "empresa": {
            "id": company.id,
            "nombre": company.name,
            "modo_mercado_pago": company.mercado_pago_mode,
            "access_token_configurado": token.is_some(),
            "webhook_secret_configurado": !secrets.is_empty(),
        },
        "estadisticas": {"total_transacciones": total},
        "configuracion_webhook": {
            "url": url,
            "metodo": "POST",
            "header_firma": "X-Signature",
            "tipo_contenido": "application/json",
        },
        "estado": if secrets.is_empty() { "pendiente" } else { "configurado" },
        "timestamp": app.clock.now().iso(),
    })))
}
