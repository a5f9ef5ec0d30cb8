//! What both payment endpoints have in common: the fields they share, admitting the purchase, answering.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::Response;

use super::payment_reply;
use crate::domain::code::Code;
use crate::gateway::GatewayName;
use crate::http::app::Shared;
use crate::http::body::{Body, Fields};
use crate::http::error::ApiError;
use crate::http::extract::{IdempotencyKey, PortalKey};
use crate::http::frame::Received;
use crate::purchase::intake::{Admitted, IntakeError, Request};
use crate::purchase::state::{CardChoice, Device, UserType};
use crate::text::Language;

/// Longest card token, in characters.
pub(super) const TOKEN_CHARS_MAX: usize = 255;
/// Longest name of a buyer, in characters.
const NAME_CHARS_MAX: usize = 255;
/// Longest phone as typed, in characters.
const PHONE_CHARS_MAX: usize = 32;
/// Longest word for the type of user, in characters; an unknown word counts as none.
const USER_TYPE_CHARS_MAX: usize = 255;

/// Everything a request to pay comes with, besides its body.
pub struct Arrival {
    app: Shared,
    key: PortalKey,
    language: Language,
    idempotency_key: Option<String>,
    received: Received,
}

impl FromRequestParts<Shared> for Arrival {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, ApiError> {
        let received = parts.extensions.get::<Received>().copied();
        let received = received.ok_or_else(|| ApiError::new(Code::InternalError))?;
        let key = PortalKey::from_request_parts(parts, app).await?;
        let language = Language::from_request_parts(parts, app).await.unwrap_or_default();
        let IdempotencyKey(idempotency_key) = IdempotencyKey::from_request_parts(parts, app).await?;
        Ok(Self { app: app.clone(), key, language, idempotency_key, received })
    }
}

/// What one gateway's endpoint reads besides the common fields.
pub(super) struct Chosen {
    pub(super) gateway: GatewayName,
    pub(super) token: String,
    pub(super) amount: Option<String>,
    pub(super) card: CardChoice,
}

/// Admits the purchase and answers with its end, or with where to ask for it.
pub(super) async fn pay(
    arrival: Arrival,
    body: Body,
    choose: fn(&mut Fields<'_>) -> Chosen,
) -> Result<Response, ApiError> {
    body.refuse_card_data()?;
    let (chosen, common) = body.read(|fields| read(fields, choose))?;
    let request = request(chosen, common, &arrival);
    let (app, router) = (&arrival.app, &arrival.key.router_id);
    let reply = match app.purchases.admit(request).await.map_err(|error| refusal(&error))? {
        Admitted::Purchase(id) => app.purchases.answer(router, &id).await,
        Admitted::Undecided(id) => app.purchases.status(router, &id).await,
        Admitted::Awaited => return Ok(payment_reply::awaited(arrival.language, app.clock.now())),
    };
    let reply = reply.map_err(|error| ApiError::internal(&error))?;
    let reply = reply.ok_or_else(|| ApiError::new(Code::TransactionNotFound))?;
    Ok(payment_reply::render(&reply, arrival.language))
}

/// What both endpoints read.
pub(super) struct Common {
    product_id: i64,
    name: String,
    email: String,
    phone: Option<String>,
    user_type: UserType,
    device: Device,
}

/// Reads the body.
pub(super) fn read(fields: &mut Fields<'_>, choose: fn(&mut Fields<'_>) -> Chosen) -> (Chosen, Common) {
    let mac = fields.optional_mac(("mac_cliente", "mac_address"));
    let mac_sent = fields.raw(("mac_cliente", "mac_address")).and_then(serde_json::Value::as_str);
    let product_id = fields.required_integer(("producto_id", "product_id"));
    let chosen = choose(fields);
    let common = Common {
        product_id,
        name: fields.required_string(("nombre_cliente", "customer_name"), NAME_CHARS_MAX),
        email: fields.required_email(("email_cliente", "customer_email")),
        phone: fields.optional_text(("telefono_cliente", "customer_phone"), PHONE_CHARS_MAX),
        user_type: user_type(fields),
        device: Device {
            mac: mac.and_then(|_| mac_sent.map(str::to_owned)),
            ip: fields.optional_ipv4(("ip_cliente", "ip_address")),
            auto_connect: fields.optional_boolean(("conexion_automatica", "auto_connect")).unwrap_or(false),
        },
    };
    (chosen, common)
}

fn request(chosen: Chosen, common: Common, arrival: &Arrival) -> Request {
    Request {
        company: arrival.key.company_id.clone(),
        router: arrival.key.router_id.clone(),
        api_key: arrival.key.key_id.clone(),
        product_id: common.product_id,
        gateway: chosen.gateway,
        amount: chosen.amount,
        card: chosen.card,
        token: chosen.token,
        name: common.name,
        email: common.email,
        phone: common.phone,
        user_type: common.user_type,
        device: common.device,
        idempotency_key: arrival.idempotency_key.clone(),
        received: arrival.received.0,
    }
}

fn user_type(fields: &mut Fields<'_>) -> UserType {
    match fields.optional_string(("tipo_usuario", "user_type"), USER_TYPE_CHARS_MAX).as_deref() {
        Some("pin") => UserType::Pin,
        Some(_) | None => UserType::Password,
    }
}

fn refusal(error: &IntakeError) -> ApiError {
    match error {
        IntakeError::Refused(code) => ApiError::new(*code),
        IntakeError::TooMuch(wait) => ApiError::new(Code::RateLimited).retry_after(wait.retry_after_s),
        IntakeError::Inside(inside) => ApiError::internal(inside),
    }
}
