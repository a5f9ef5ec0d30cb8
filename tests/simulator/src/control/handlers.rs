//! The endpoints of the control API.

use super::Control;
use super::state::{Part, render};
use crate::fault::FaultRequest;
use crate::http::BODY_BYTES_MAX;
use crate::routeros::router::Router;
use crate::routeros::value::Mac;
use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router as Routes};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use std::sync::Arc;

/// Most users that one request adds.
const USERS_MAX: u32 = 100_000;
/// Furthest that one request moves the clock, in seconds: ten years.
const ADVANCE_S_MAX: u64 = 10 * 365 * 86_400;

pub(super) fn routes(control: Arc<Control>) -> Routes {
    Routes::new()
        .route("/state", get(state))
        .route("/faults", get(faults).post(post_fault).delete(delete_faults))
        .route("/faults/{id}", delete(delete_fault))
        .route("/hosts", post(hosts))
        .route("/users", post(users))
        .route("/traffic", post(traffic))
        .route("/reboot", post(reboot))
        .route("/clock", get(clock).post(advance))
        .merge(super::gateways::routes())
        .fallback(|| async {
            Refusal::not_found(
                "no such endpoint; there are /state, /faults, /hosts, /users, /traffic, /reboot, /clock, /gateway and /webhooks",
            )
        })
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(control)
}

/// An answer that says what was wrong and what to do.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    text: String,
}

impl Refusal {
    pub(super) fn malformed(text: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, text: text.into() }
    }

    pub(super) fn invalid(text: impl Into<String>) -> Self {
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, text: text.into() }
    }

    pub(super) fn not_found(text: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, text: text.into() }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": self.text }))).into_response()
    }
}

pub(super) type Answer = Result<Json<Value>, Refusal>;

async fn state(State(control): State<Arc<Control>>, part: Result<Query<Part>, QueryRejection>) -> Answer {
    let Query(part) = part.map_err(|error| Refusal::malformed(error.body_text()))?;
    Ok(Json(render(&control, &part)))
}

async fn faults(State(control): State<Arc<Control>>) -> Json<Value> {
    Json(json!({ "faults": control.faults.list() }))
}

async fn post_fault(State(control): State<Arc<Control>>, body: Bytes) -> Result<Response, Refusal> {
    let request: FaultRequest = parse(&body)?;
    // A target that exists in name only is a bad request; the rest is understood but impossible.
    let not_there = request.target == "telegram";
    let fault = control.faults.post(request).map_err(|error| {
        let text = error.to_string();
        if not_there { Refusal::malformed(text) } else { Refusal::invalid(text) }
    })?;
    Ok((StatusCode::CREATED, Json(fault)).into_response())
}

async fn delete_faults(State(control): State<Arc<Control>>) -> Json<Value> {
    Json(json!({ "deleted": control.faults.delete(None) }))
}

async fn delete_fault(State(control): State<Arc<Control>>, Path(id): Path<String>) -> Answer {
    let deleted = id.parse().map_or(0, |id| control.faults.delete(Some(id)));
    if deleted == 0 {
        return Err(Refusal::not_found(format!("there is no fault {id}; GET /faults lists them")));
    }
    Ok(Json(json!({ "deleted": deleted })))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HostRequest {
    mac: String,
    ip: Ipv4Addr,
    router: Option<String>,
}

async fn hosts(State(control): State<Arc<Control>>, body: Bytes) -> Answer {
    let request: HostRequest = parse(&body)?;
    let router = router_named(&control, request.router.as_deref())?;
    let mac = mac(&request.mac)?;
    if request.ip.is_unspecified() {
        return Err(Refusal::invalid("ip 0.0.0.0 is no address of a device"));
    }
    let id = router.host_seen(mac, request.ip);
    Ok(Json(
        json!({ "router": router.name, "id": format!("*{id:X}"), "mac": mac.to_string(), "ip": request.ip }),
    ))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TrafficRequest {
    mac: String,
    #[serde(default)]
    bytes_in: u64,
    #[serde(default)]
    bytes_out: u64,
    router: Option<String>,
}

async fn traffic(State(control): State<Arc<Control>>, body: Bytes) -> Answer {
    let request: TrafficRequest = parse(&body)?;
    let router = router_named(&control, request.router.as_deref())?;
    if !router.traffic(mac(&request.mac)?, [request.bytes_in, request.bytes_out]) {
        return Err(Refusal::invalid("the device is not online; GET /state shows who is"));
    }
    Ok(Json(json!({ "router": router.name })))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RebootRequest {
    router: Option<String>,
}

async fn reboot(State(control): State<Arc<Control>>, body: Bytes) -> Answer {
    let request: RebootRequest = parse(&body)?;
    let router = router_named(&control, request.router.as_deref())?;
    router.reboot();
    Ok(Json(json!({ "router": router.name })))
}

fn mac(text: &str) -> Result<Mac, Refusal> {
    let read = Mac::parse(text.as_bytes());
    read.ok_or_else(|| Refusal::invalid("mac is no hardware address; write it as AA:BB:CC:00:00:01"))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct UsersRequest {
    count: u32,
    router: Option<String>,
    profile: Option<String>,
}

async fn users(State(control): State<Arc<Control>>, body: Bytes) -> Answer {
    let request: UsersRequest = parse(&body)?;
    let router = router_named(&control, request.router.as_deref())?;
    if request.count > USERS_MAX {
        return Err(Refusal::invalid(format!("count is at most {USERS_MAX}")));
    }
    let profile = request.profile.as_deref().unwrap_or("default");
    let total = router
        .preload(request.count, profile.as_bytes())
        .map_err(|trap| Refusal::invalid(format!("profile {profile:?}: {}", trap.message)))?;
    Ok(Json(json!({ "router": router.name, "added": request.count, "users": total })))
}

async fn clock(State(control): State<Arc<Control>>) -> Json<Value> {
    Json(json!({ "now_ms": control.clock.now_ms() }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockRequest {
    advance_s: u64,
}

async fn advance(State(control): State<Arc<Control>>, body: Bytes) -> Answer {
    let request: ClockRequest = parse(&body)?;
    if request.advance_s > ADVANCE_S_MAX {
        return Err(Refusal::invalid(format!("advance_s is at most {ADVANCE_S_MAX}")));
    }
    let offset_s = control.clock.advance(request.advance_s);
    control.conekta.tick();
    control.mercado_pago.tick();
    Ok(Json(json!({ "offset_s": offset_s, "now_ms": control.clock.now_ms() })))
}

/// Reads a JSON body, whatever its media type says.
pub(super) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| {
        let text = format!("the body is not what this endpoint takes: {error}");
        if error.is_data() { Refusal::invalid(text) } else { Refusal::malformed(text) }
    })
}

/// The router of this name, or the first.
fn router_named<'a>(control: &'a Control, name: Option<&str>) -> Result<&'a Router, Refusal> {
    let found = control.routers.iter().find(|router| name.is_none_or(|name| name == router.name));
    found.map(AsRef::as_ref).ok_or_else(|| {
        let known: Vec<&str> = control.routers.iter().map(|router| router.name.as_str()).collect();
        Refusal::invalid(format!("there is no such router; the routers are: {}", known.join(", ")))
    })
}
