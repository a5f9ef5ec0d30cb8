//! `POST /api/v1/hotspot/auto-reconnect`: a device is let in again. Always 200 besides 401, 403, 422 and 429.

use axum::Json;
use axum::extract::State;
use pagos_protocol::Secret;
use serde_json::{Value, json};

use super::{PASSWORD_CHARS_MAX, USERNAME_CHARS_MAX};
use crate::domain::bucket::TooMuch;
use crate::domain::code::Code;
use crate::hotspot::reconnect::{Return, Visit, Why};
use crate::hotspot::{Away, Visitor, name};
use crate::http::app::Shared;
use crate::http::body::{Body, Fields};
use crate::http::error::{ApiError, Fault};
use crate::http::extract::PortalKey;
use crate::text::{Language, Phrase};

/// See the module.
///
/// # Errors
/// 422, and 429 after too many wrong passwords.
pub async fn handle(
    State(app): State<Shared>,
    key: PortalKey,
    language: Language,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    let (visit, mac) = body.read(read)?;
    let end =
        app.hotspot.reconnect(&key, visit).await.map_err(|TooMuch { retry_after_s }| {
            ApiError::new(Code::RateLimited).retry_after(retry_after_s)
        })?;
    Ok(Json(render(&end, &mac, language, &app.clock.now().iso())))
}

/// The visit, and the MAC as it was sent.
fn read(fields: &mut Fields<'_>) -> (Visit, String) {
    let visitor = Visitor {
        name: name::decode(&fields.required_text("username", USERNAME_CHARS_MAX)),
        password: Secret::new(fields.optional_text("password", PASSWORD_CHARS_MAX).unwrap_or_default()),
    };
    let sent = fields.raw("current_mac").cloned();
    let mac = fields.optional_mac("current_mac");
    match &sent {
        None => fields.refuse("current_mac", Fault::Missing),
        Some(Value::Null) => fields.refuse("current_mac", Fault::StringType),
        Some(Value::String(text)) if text.is_empty() => {
            fields.refuse("current_mac", Fault::Value(Phrase::MacSyntax));
        }
        // Whatever else is wrong with it has been said.
        Some(_) => {}
    }
    let ip = fields.optional_ipv4("current_ip");
    let sent = sent.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned();
    (Visit { visitor, mac: mac.unwrap_or_default(), ip }, sent)
}

fn render(end: &Return, mac: &str, language: Language, now: &str) -> Value {
    let (state, code) = words(end);
    let online = matches!(end, Return::Online { .. });
    let (session, usage) = match end {
        Return::Online { session, usage, .. } => (Some(session), Some(usage)),
        Return::Offline { usage, .. } => (None, Some(usage)),
        Return::Stranger | Return::Away(_) => (None, None),
    };
    json!({
        "success": online,
        "estado": state,
        "auto_conexion": if online { "conectado" } else { "no_conectado" },
        "datos_sesion": session.map(|session| json!({
            "user": session.user,
            "address": session.address,
            "uptime": session.uptime,
            "bytes-in": session.bytes_in,
            "bytes-out": session.bytes_out,
        })),
        "nueva_mac": mac,
        "tiempo_acumulado": usage.map(|usage| duration(usage.used_s)),
        "tiempo_restante": usage.and_then(|usage| usage.left_s).map(duration),
        "primera_sesion": null,
        "mensaje": sentence(end, code, language),
        "code": code.as_str(),
        "error_detalle": (!online).then_some(code.as_str()),
        "timestamp": now,
    })
}

/// `estado` and `code`.
const fn words(end: &Return) -> (&'static str, Code) {
    match end {
        Return::Online { already: true, .. } => ("activo", Code::AlreadyConnected),
        Return::Online { already: false, .. } => ("activo", Code::Reconnected),
        Return::Offline { why, .. } => match why {
            Why::Expired => ("expirado", Code::AccessExpired),
            Why::NotSeen => ("activo", Code::DeviceNotSeen),
            Why::TooManyDevices => ("activo", Code::DeviceLimitReached),
            Why::Unverified => ("activo", Code::LoginUnverified),
            Why::License | Why::DeviceMode | Why::Radius | Why::Refused => ("activo", Code::LoginRefused),
        },
        Return::Stranger => ("expirado", Code::CredentialsInvalid),
        Return::Away(Away::Inactive) => ("router_inactivo", Code::RouterInactive),
        Return::Away(Away::Unreachable) => ("error", Code::RouterUnreachable),
        Return::Away(Away::Fault) => ("error", Code::InternalError),
    }
}

/// What is told to people; more than the code where they can do something about it.
fn sentence(end: &Return, code: Code, language: Language) -> &'static str {
    let reason = match end {
        Return::Offline { why: Why::License, .. } => Some(Phrase::RouterLicenseFull),
        Return::Offline { why: Why::DeviceMode, .. } => Some(Phrase::RouterDeviceMode),
        Return::Offline { why: Why::Radius, .. } => Some(Phrase::RouterRadius),
        Return::Offline { .. } | Return::Online { .. } | Return::Stranger | Return::Away(_) => None,
    };
    reason.map_or_else(|| language.code(code), |phrase| language.phrase(phrase))
}

/// Seconds as routers print them: `1w2d3h4m5s` without its zero parts.
fn duration(seconds: u64) -> String {
    let parts = [
        (seconds / 604_800, 'w'),
        (seconds / 86_400 % 7, 'd'),
        (seconds / 3_600 % 24, 'h'),
        (seconds / 60 % 60, 'm'),
        (seconds % 60, 's'),
    ];
    let text: String =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count}{unit}")).collect();
    if text.is_empty() { "0s".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_are_written_as_routers_do() {
        for (seconds, text) in [
            (0, "0s"),
            (59, "59s"),
            (3_600, "1h"),
            (90_061, "1d1h1m1s"),
            (1_209_600, "2w"),
            (604_801, "1w1s"),
        ] {
            assert_eq!(duration(seconds), text);
        }
    }
}
