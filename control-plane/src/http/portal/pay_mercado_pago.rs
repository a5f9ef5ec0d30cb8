//! `POST /api/v1/payments/pagar-mercado-pago`: sells a product to a card, by Mercado Pago.

use axum::response::Response;
use serde_json::json;

use super::pay::{Arrival, Chosen, TOKEN_CHARS_MAX, pay, read};
use super::payment_shape::{pending_shape, sold_shape, with_failures, with_refusals};
use crate::domain::code::Code;
use crate::gateway::GatewayName;
use crate::http::body::{Body, Fields};
use crate::http::error::ApiError;
use crate::http::operation::{Access, Operation};
use crate::purchase::state::CardChoice;

/// Longest word for a card kind or an issuer, in characters.
const WORD_CHARS_MAX: usize = 64;
/// Longest device id, in characters.
const DEVICE_CHARS_MAX: usize = 255;
/// Most monthly payments.
const INSTALLMENTS_MAX: i64 = 48;

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    let operation = Operation::post("/api/v1/payments/pagar-mercado-pago", handle).titled("Vende un producto por Mercado Pago", "Sell a product through Mercado Pago").open_to(Access::ApiKey)
        .header("Idempotency-Key")
        .reads(
            json!({"producto_id": 7, "token": "ff8080814c11e237014c1ff593b57b4d", "payment_method_id": "visa", "monto": 20, "nombre_cliente": "Ana Ruiz", "email_cliente": "ana@example.org", "cuotas": 1}),
            |fields| {
                read(fields, choose);
            },
        )
        .gives(sold_shape("123456789", "approved"))
        .defers(pending_shape())
        .fails(&[Code::AmountMismatch]);
    with_failures(with_refusals(operation), &[GatewayName::MercadoPago])
}

/// Answers with the purchase's end, or with where to ask for it.
pub async fn handle(arrival: Arrival, body: Body) -> Result<Response, ApiError> {
    pay(arrival, body, choose).await
}

fn choose(fields: &mut Fields<'_>) -> Chosen {
    let installments = fields.optional_integer_within(("cuotas", "installments"), 1, INSTALLMENTS_MAX);
    Chosen {
        gateway: GatewayName::MercadoPago,
        token: fields.required_string("token", TOKEN_CHARS_MAX),
        amount: Some(fields.required_number(("monto", "transaction_amount"))),
        card: CardChoice {
            method: Some(fields.required_string("payment_method_id", WORD_CHARS_MAX)),
            issuer: fields.optional_text("issuer_id", WORD_CHARS_MAX).filter(|issuer| !issuer.is_empty()),
            installments: installments.and_then(|count| u32::try_from(count).ok()).unwrap_or(1),
            device_session: fields.optional_text("device_id", DEVICE_CHARS_MAX),
        },
    }
}
