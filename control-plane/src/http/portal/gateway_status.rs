//! `GET /api/v1/payments/estado-pago/{payment_id}`: a payment as Mercado Pago shows it to the company. Writes nothing.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::http::app::Shared;
use crate::http::error::ApiError;
use crate::http::extract::{PortalKey, Segments, integer_segment};

/// See the module.
///
/// # Errors
/// `rate_limited`, `gateway_not_configured`, `payment_not_found`, `request_invalid`, `gateway_auth_failed`, `gateway_error`, 422, or when
/// the company's key cannot be read.
pub async fn handle(
    State(app): State<Shared>,
    key: PortalKey,
    Segments(payment): Segments<String>,
) -> Result<Json<Value>, ApiError> {
    let payment = integer_segment("payment_id", &payment)?;
    let facts = app.purchases.payment_facts(&key.company_id, &key.router_id, payment).await?;
    Ok(Json(json!({
        "success": true,
        "payment_id": payment,
        "status": facts.status,
        "status_detail": facts.status_detail,
        "amount": facts.amount,
        "currency_id": facts.currency,
        "date_approved": facts.date_approved,
        "date_last_updated": facts.date_last_updated,
    })))
}
