//! `POST /api/v1/payments/pagar-conekta`: sells a product to a card, by Conekta.

use axum::response::Response;

use super::pay::{Arrival, Chosen, TOKEN_CHARS_MAX, pay};
use crate::gateway::GatewayName;
use crate::http::body::{Body, Fields};
use crate::http::error::ApiError;
use crate::purchase::state::CardChoice;

/// Answers with the purchase's end, or with where to ask for it.
pub async fn handle(arrival: Arrival, body: Body) -> Result<Response, ApiError> {
    let choose = |fields: &mut Fields<'_>| Chosen {
        gateway: GatewayName::Conekta,
        token: fields.required_string(("token_tarjeta", "card_token"), TOKEN_CHARS_MAX),
        amount: None,
        card: CardChoice::default(),
    };
    pay(arrival, body, choose).await
}
