//! The endpoints that concern the gateways: what happens there, and whom they tell.

use super::Control;
use super::handlers::{Answer, Refusal, parse};
use crate::gateway::{Action, ActionError};
use crate::webhook::Handling;
use crate::webhook::request::{DestinationRequest, SendRequest, Target};
use crate::webhook::signature::ANY_ACCOUNT;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router as Routes};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::Error as WordError;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Longest wait before a message is sent, in milliseconds: an hour.
const DELAY_MS_MAX: u64 = 3_600_000;

pub(super) fn routes() -> Routes<Arc<Control>> {
    Routes::new()
        .route("/gateway/{target}/{id}/{action}", post(happen))
        .route("/webhooks", get(list).post(deliver_to).delete(forget_all))
        .route("/webhooks/{number}", delete(forget))
        .route("/webhooks/send", post(send))
        .route("/webhooks/keys", get(keys).post(rotate))
}

/// What `GET /webhooks` and the state show.
pub(super) fn shown(control: &Control) -> Value {
    let destinations: Vec<Value> = control
        .courier
        .list()
        .into_iter()
        .map(|(number, request)| {
            let mut row = json!(request);
            row["id"] = number.into();
            row["signed"] = match request.target {
                Target::Conekta => {
                    control.courier.keys().active(request.account.as_deref().unwrap_or(ANY_ACCOUNT)).is_some()
                }
                Target::MercadoPago => request.secret.is_some(),
            }
            .into();
            row
        })
        .collect();
    json!({
        "destinations": destinations,
        "deliveries": control.courier.deliveries(),
        "keys": control.courier.keys().list(None),
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct HappenRequest {
    amount: Option<u64>,
}

async fn happen(
    State(control): State<Arc<Control>>,
    Path((target, id, action)): Path<(String, String, String)>,
    body: Bytes,
) -> Answer {
    let target: Target = word(&target)?;
    let action: Action = word(&action)?;
    let HappenRequest { amount } = if body.is_empty() { HappenRequest::default() } else { parse(&body)? };
    let done = match target {
        Target::Conekta => control.conekta.happen(&id, action, amount),
        Target::MercadoPago => control.mercado_pago.happen(&id, action, amount),
    };
    done.map(Json).map_err(|error| match error {
        ActionError::Unknown(_) => Refusal::not_found(error.to_string()),
        ActionError::State(_) | ActionError::Amount(_) => Refusal::invalid(error.to_string()),
    })
}

async fn list(State(control): State<Arc<Control>>) -> Json<Value> {
    Json(shown(&control))
}

async fn deliver_to(State(control): State<Arc<Control>>, body: Bytes) -> Result<Response, Refusal> {
    let request: DestinationRequest = parse(&body)?;
    if let Some(text) = request.wrong() {
        return Err(Refusal::invalid(text));
    }
    let mut row = json!(request);
    if request.target == Target::Conekta {
        let account = request.account.clone().unwrap_or_else(|| ANY_ACCOUNT.to_owned());
        let known = control.courier.keys().active(&account);
        let key = if known.is_some() { known } else { Some(make_key(&control, account).await?) };
        row["public_key"] = json!(key.map(|key| key.public_key));
    }
    row["id"] = control.courier.deliver_to(request).into();
    Ok((StatusCode::CREATED, Json(row)).into_response())
}

async fn forget_all(State(control): State<Arc<Control>>) -> Json<Value> {
    Json(json!({ "deleted": control.courier.forget(None) }))
}

async fn forget(State(control): State<Arc<Control>>, Path(number): Path<String>) -> Answer {
    let deleted = number.parse().map_or(0, |number| control.courier.forget(Some(number)));
    if deleted == 0 {
        return Err(Refusal::not_found(format!(
            "there is no destination {number}; GET /webhooks lists them"
        )));
    }
    Ok(Json(json!({ "deleted": deleted })))
}

async fn send(State(control): State<Arc<Control>>, body: Bytes) -> Answer {
    let request: SendRequest = parse(&body)?;
    if let Some(text) = request.wrong() {
        return Err(Refusal::invalid(text));
    }
    let (name, event_id) = (request.event.as_deref(), request.event_id.as_deref());
    let notice = match request.target {
        Target::Conekta => control.conekta.notice(&request.id, name, event_id),
        Target::MercadoPago => control.mercado_pago.notice(&request.id, name, event_id),
    };
    let notice =
        notice.ok_or_else(|| Refusal::not_found(ActionError::Unknown(request.id.clone()).to_string()))?;
    let shown = json!({ "event": notice.event, "event_id": notice.event_id });
    let handling = Handling {
        signature: request.signature,
        copies: request.duplicate,
        delay: Duration::from_millis(request.delay_ms.min(DELAY_MS_MAX)),
    };
    let sent = control.courier.send(notice, handling);
    if sent == 0 {
        return Err(Refusal::invalid("nobody wants to be told of it; POST /webhooks says who does"));
    }
    let mut shown = shown;
    shown["messages"] = sent.into();
    Ok(Json(shown))
}

async fn keys(State(control): State<Arc<Control>>) -> Json<Value> {
    Json(json!({ "keys": control.courier.keys().list(None) }))
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RotateRequest {
    account: Option<String>,
    /// Whether the older keys go on signing when this one is gone.
    #[serde(default)]
    keep_old: bool,
}

/// Makes a new signing key for an account of Conekta's; the old ones stop unless they are to be kept.
async fn rotate(State(control): State<Arc<Control>>, body: Bytes) -> Answer {
    let request: RotateRequest = if body.is_empty() { RotateRequest::default() } else { parse(&body)? };
    let account = request.account.unwrap_or_else(|| ANY_ACCOUNT.to_owned());
    let old = control.courier.keys().list(Some(&account));
    let made = make_key(&control, account.clone()).await?;
    for key in old.iter().filter(|_| !request.keep_old) {
        control.courier.keys().switch(&account, &key.id, false, control.clock.now_s());
    }
    Ok(Json(json!(made)))
}

/// Makes a key where it holds nobody up.
async fn make_key(
    control: &Arc<Control>,
    account: String,
) -> Result<crate::webhook::signature::PublicKey, Refusal> {
    let (control, id) = (Arc::clone(control), control.conekta.fresh_id());
    let made = tokio::task::spawn_blocking(move || {
        control.courier.keys().make(&account, &id, control.clock.now_s())
    });
    let failed = || Refusal::invalid("a signing key could not be made; try again");
    made.await.ok().and_then(Result::ok).ok_or_else(failed)
}

/// Reads a word of the address.
fn word<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Refusal> {
    let read: Result<T, WordError> = T::deserialize(text.into_deserializer());
    read.map_err(|error| Refusal::not_found(error.to_string()))
}
