//! `POST /api/v1/payments/pagar-conekta`: sells a product to a card, by Conekta.

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

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    let operation = Operation::post("/api/v1/payments/pagar-conekta", handle).titled("Vende un producto por Conekta", "Sell a product through Conekta").open_to(Access::ApiKey)
        .header("Idempotency-Key")
        .reads(
            json!({"producto_id": 7, "token_tarjeta": "tok_test_visa_4242", "nombre_cliente": "Ana Ruiz", "email_cliente": "ana@example.org", "telefono_cliente": "5512345678", "mac_cliente": "A0:B1:C2:D3:E4:F5"}),
            |fields| {
                read(fields, choose);
            },
        )
        .gives(sold_shape("ord_2abc", "paid"))
        .defers(pending_shape())
        .fails(&[Code::PhoneRequired]);
    with_failures(with_refusals(operation), &[GatewayName::Conekta])
}

/// Answers with the purchase's end, or with where to ask for it.
pub async fn handle(arrival: Arrival, body: Body) -> Result<Response, ApiError> {
    pay(arrival, body, choose).await
}

fn choose(fields: &mut Fields<'_>) -> Chosen {
    Chosen {
        gateway: GatewayName::Conekta,
        token: fields.required_string(("token_tarjeta", "card_token"), TOKEN_CHARS_MAX),
        amount: None,
        card: CardChoice::default(),
    }
}
