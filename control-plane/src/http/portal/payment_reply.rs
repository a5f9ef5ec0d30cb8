//! The answer to a payment, as portals read it. The same for the payment itself and for its status.

use axum::Json;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use crate::domain::code::Code;
use crate::domain::id::PurchaseId;
use crate::domain::time::Timestamp;
use crate::http::error::ApiError;
use crate::purchase::reply::{DeviceEnd, MercadoPago, Reply, ReplyKind, Sale};
use crate::purchase::state::{Step, UserType};
use crate::text::Language;

/// When a page asks again for an undecided payment, in seconds.
const ASK_AGAIN_S: u64 = 2;
/// Tells a page's developer how long each step took (W3C Server Timing).
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// Writes the answer.
#[must_use]
pub(super) fn render(reply: &Reply, language: Language) -> Response {
    let mut response = match &reply.kind {
        ReplyKind::Sold(sale) => Json(sold(reply, sale, language)).into_response(),
        ReplyKind::Pending { code, redirect } => {
            let action = redirect.as_ref().map(|url| json!({"tipo": "redirect", "url": url}));
            let mut body = json!({
                "success": false,
                "estado_pago": "pending",
                "id_transaccion": reply.id,
                "estado_url": status_url(&reply.id),
                "accion": action,
                "mensaje": language.code(*code),
                "code": code.as_str(),
                "timestamp": reply.at.iso(),
            });
            if let Some(shown) = &reply.mercado_pago {
                body["mercado_pago"] = mercado_pago(shown, false);
                body["advertencia"] = json!(language.code(*code));
            }
            let mut response = (StatusCode::ACCEPTED, Json(body)).into_response();
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(ASK_AGAIN_S));
            response
        }
        ReplyKind::Ended(failure) => ApiError::failure(*failure).into_response(),
    };
    if let Ok(timing) = HeaderValue::from_str(&server_timing(&reply.steps)) {
        response.headers_mut().insert(SERVER_TIMING, timing);
    }
    response
}

/// The answer to who cannot be told more than that a payment of the device is not decided.
#[must_use]
pub(super) fn awaited(language: Language, at: Timestamp) -> Response {
    let code = Code::PaymentPending;
    let body = json!({
        "success": false,
        "estado_pago": "pending",
        "id_transaccion": null,
        "estado_url": null,
        "accion": null,
        "mensaje": language.code(code),
        "code": code.as_str(),
        "timestamp": at.iso(),
    });
    let mut response = (StatusCode::ACCEPTED, Json(body)).into_response();
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(ASK_AGAIN_S));
    response
}

fn sold(reply: &Reply, sale: &Sale, language: Language) -> Value {
    let mut body = json!({
        "success": true,
        "id_transaccion": sale.transaction,
        "estado_pago": sale.paid_word,
        "tipo_usuario": user_type(sale.user_type),
        "usuario_hotspot": { "usuario": sale.user, "contrasena": sale.password.as_str() },
        "producto": {
            "nombre": sale.product,
            "precio": sale.price.json(),
            "moneda": sale.price.currency.code(),
            "perfil_mikrotik": sale.profile,
        },
        "cliente": { "nombre": sale.buyer_name, "email": sale.buyer_email },
        "timestamp": Timestamp::iso(reply.at),
        "estado_url": status_url(&reply.id),
        "auto_conexion": device(&sale.device, language),
    });
    if let Some(shown) = &reply.mercado_pago {
        body["mercado_pago"] = mercado_pago(shown, true);
    }
    body
}

/// The object that clients of Mercado Pago read. Of a payment that is not decided the card is not told.
fn mercado_pago(shown: &MercadoPago, decided: bool) -> Value {
    let method = shown.card.brand.as_ref().or(shown.method.as_ref());
    let mut payment_method = json!({ "id": method, "type": shown.card.kind });
    if decided {
        payment_method["issuer"] = json!(shown.card.issuer.as_ref().or(shown.issuer.as_ref()));
        payment_method["last_four_digits"] = json!(shown.card.last4);
        payment_method["installments"] = json!(shown.installments);
    }
    json!({
        "payment_id": shown.payment.parse::<serde_json::Number>().ok(),
        "status": shown.words.status,
        "status_detail": shown.words.detail,
        "installments": shown.installments,
        "payment_method": payment_method,
        "raw_response": {},
    })
}

fn device(end: &DeviceEnd, language: Language) -> Value {
    let mut body = Map::new();
    body.insert("estado".into(), json!(if end.connected { "conectado" } else { "no_conectado" }));
    body.insert("mac".into(), json!(end.mac));
    body.insert("ip".into(), json!(end.ip));
    body.insert("mensaje".into(), json!(language.code(end.code)));
    body.insert("code".into(), json!(end.code.as_str()));
    body.insert("verificado".into(), json!(end.connected));
    if end.connected {
        body.insert("session_id".into(), Value::Null);
    }
    Value::Object(body)
}

const fn user_type(user_type: UserType) -> &'static str {
    match user_type {
        UserType::Password => "usuario_contrasena",
        UserType::Pin => "pin",
    }
}

fn status_url(id: &PurchaseId) -> String {
    format!("/api/v1/payments/{id}")
}

/// Durations in milliseconds with microseconds behind the point.
fn server_timing(steps: &[Step]) -> String {
    let entries = steps
        .iter()
        .map(|step| format!("{};dur={}.{:03}", step.name, step.micros / 1000, step.micros % 1000));
    entries.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::server_timing;
    use crate::purchase::state::Step;

    #[test]
    fn durations_are_written_in_milliseconds() {
        let steps = [("accept", 1_204), ("reserve", 31)];
        let steps = steps.map(|(name, micros)| Step { name: name.into(), micros });
        assert_eq!(server_timing(&steps), "accept;dur=1.204, reserve;dur=0.031");
    }
}
