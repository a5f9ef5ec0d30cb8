//! `GET /api/v1/payments/estado-pago/{payment_id}`: a payment as Mercado Pago shows it to the company. Writes nothing.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::domain::code::Code;
use crate::http::app::Shared;
use crate::http::error::ApiError;
use crate::http::extract::{PortalKey, Segments, integer_segment};
use crate::http::operation::{Access, Operation};
use crate::http::shape::{flag, integer, number, object, text};

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::get("/api/v1/payments/estado-pago/{payment_id}", handle)
        .titled("Un pago como lo muestra Mercado Pago", "A payment as Mercado Pago shows it")
        .open_to(Access::ApiKey)
        .integer("payment_id")
        .gives(object([
            ("success", flag(true)),
            ("payment_id", integer(123_456_789)),
            ("status", text("approved").or_null()),
            ("status_detail", text("accredited").or_null()),
            ("amount", number("20.0").or_null()),
            ("currency_id", text("MXN").or_null()),
            ("date_approved", text("2026-03-01T12:04:06.000-06:00").or_null()),
            ("date_last_updated", text("2026-03-01T12:04:06.000-06:00").or_null()),
        ]))
        .fails(&[
            Code::GatewayNotConfigured,
            Code::RequestInvalid,
            Code::PaymentNotFound,
            Code::GatewayAuthFailed,
            Code::GatewayError,
        ])
}

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
