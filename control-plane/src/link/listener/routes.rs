//! The two endpoints of the listener.

use axum::extract::rejection::JsonRejection;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{DefaultBodyLimit, Extension, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, post};
use axum::{Json, Router};
use pagos_protocol::enrolment::{EnrollRefusal, EnrollRequest};
use pagos_protocol::{ENROLL_PATH, FRAME_BYTES_MAX, LINK_PATH};

use super::{Context, Peer};
use crate::causes::chain;
use crate::link::enrolment::enrol;
use crate::link::session::{self, Identity};
use crate::seams::here;
use crate::store::{StoreError, agents};

/// Largest enrolment request, in bytes.
const ENROLL_BYTES_MAX: usize = 16 * 1024;
/// WebSocket buffers of one link, in bytes. The library's default would cost 128 KiB for each agent.
const BUFFER_BYTES: usize = 4096;
/// Most bytes that wait in the WebSocket's own buffer: room for two frames.
const WRITE_BYTES_MAX: usize = 2 * FRAME_BYTES_MAX + BUFFER_BYTES;
/// When to come back if the database does not answer, in seconds.
const RETRY_AFTER_S: u32 = 5;

pub(super) fn router(context: Context) -> Router {
    Router::new()
        .route(ENROLL_PATH, post(enroll).layer(DefaultBodyLimit::max(ENROLL_BYTES_MAX)))
        .route(LINK_PATH, any(link))
        .with_state(context)
}

async fn enroll(
    State(context): State<Context>,
    body: Result<Json<EnrollRequest>, JsonRejection>,
) -> Response {
    let Ok(Json(request)) = body else {
        tracing::warn!("enrolment refused: the request cannot be read");
        return refused("request_invalid");
    };
    match Box::pin(enrol(&context, request)).await {
        Ok(response) => Json(response).into_response(),
        Err(error) => match error.refusal() {
            Some(refusal) => {
                tracing::warn!(error = chain(&error), enrolment.code = refusal.code, "enrolment refused");
                (StatusCode::FORBIDDEN, Json(refusal)).into_response()
            }
            None => {
                tracing::error!(error = chain(&error), "enrolment failed");
                unavailable()
            }
        },
    }
}

async fn link(
    State(context): State<Context>,
    Extension(peer): Extension<Peer>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    if context.hub.closed() {
        return unavailable();
    }
    let identity = match identify(&context, &peer).await {
        Ok(Ok(identity)) => identity,
        Ok(Err(refusal)) => return refused(refusal),
        Err(error) => {
            tracing::error!(error = chain(&error), "agent cannot be looked up");
            return unavailable();
        }
    };
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(rejection) => return rejection.into_response(),
    };
    let here = here();
    upgrade
        .read_buffer_size(BUFFER_BYTES)
        .write_buffer_size(BUFFER_BYTES)
        .max_write_buffer_size(WRITE_BYTES_MAX)
        .max_message_size(FRAME_BYTES_MAX)
        .max_frame_size(FRAME_BYTES_MAX)
        .on_upgrade(move |socket| here.run(session::run(socket, context, identity)))
}

/// Who the certificate belongs to, or the code of the refusal.
async fn identify(context: &Context, peer: &Peer) -> Result<Result<Identity, &'static str>, StoreError> {
    let Some(fingerprint) = &peer.0 else {
        tracing::warn!("agent refused: it gave no certificate");
        return Ok(Err("certificate_missing"));
    };
    let found = agents::find_by_fingerprint(&mut context.store.reader().await?.conn(), fingerprint).await?;
    let Some(row) = found else {
        tracing::warn!(
            certificate.fingerprint = &**fingerprint,
            "agent refused: its certificate is not known"
        );
        return Ok(Err("agent_unknown"));
    };
    if row.revoked_at.is_some() {
        tracing::warn!(agent.id = row.id, site.id = row.site_id, "agent refused: it is revoked");
        return Ok(Err("agent_revoked"));
    }
    Ok(Ok(Identity::new(&row, fingerprint.clone())))
}

fn refused(code: &str) -> Response {
    (StatusCode::FORBIDDEN, Json(EnrollRefusal { code: code.to_owned() })).into_response()
}

fn unavailable() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, RETRY_AFTER_S.to_string())]).into_response()
}
