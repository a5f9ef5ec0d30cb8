//! `POST /api/v1/hotspot/user/profile-info`: what a user has, told to who gives its password. Always 200 besides 401, 403,
//! 422 and 429.

use axum::Json;
use axum::extract::State;
use pagos_protocol::{Secret, outcome::User};
use serde_json::{Value, json};

use super::{PASSWORD_CHARS_MAX, USERNAME_CHARS_MAX};
use crate::domain::bucket::TooMuch;
use crate::domain::code::Code;
use crate::hotspot::profile::Profile;
use crate::hotspot::{Away, Visitor};
use crate::http::app::Shared;
use crate::http::body::Body;
use crate::http::error::ApiError;
use crate::http::extract::PortalKey;
use crate::text::Language;

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
    let visitor = body.read(|fields| Visitor {
        name: fields.required_text("username", USERNAME_CHARS_MAX),
        password: Secret::new(fields.optional_text("password", PASSWORD_CHARS_MAX).unwrap_or_default()),
    })?;
    let profile =
        app.hotspot.profile(&key, &visitor).await.map_err(|TooMuch { retry_after_s }| {
            ApiError::new(Code::RateLimited).retry_after(retry_after_s)
        })?;
    Ok(Json(render(&profile, &visitor.name, language, &app.clock.now().iso())))
}

fn render(profile: &Profile, name: &str, language: Language, now: &str) -> Value {
    let known = |user: &User, pin: bool, timeout: &Option<String>, by_mac: bool| {
        json!({
            "success": true,
            "estado": "ok",
            "username": user.name,
            "tipo_usuario": if pin { "pin" } else { "usuario_contrasena" },
            "profile": user.profile,
            "mac_cookie_timeout": timeout,
            "mac_authentication": by_mac,
            "disabled": user.disabled,
            "comment": user.comment,
            "limit_uptime": user.limit_uptime,
            "datos_completos": row(user),
            "mensaje": null,
            "code": null,
            "error_detalle": null,
            "timestamp": now,
        })
    };
    let (state, code, detail) = match profile {
        Profile::Known { user, pin, mac_cookie_timeout, mac_authentication } => {
            return known(user, *pin, mac_cookie_timeout, *mac_authentication);
        }
        Profile::Stranger => ("credenciales_invalidas", Code::CredentialsInvalid, "credenciales_invalidas"),
        Profile::Away(Away::Inactive) => ("router_inactivo", Code::RouterInactive, "router_inactivo"),
        Profile::Away(Away::Unreachable) => {
            ("error", Code::RouterUnreachable, Code::RouterUnreachable.as_str())
        }
        Profile::Away(Away::Fault) => ("error", Code::InternalError, Code::InternalError.as_str()),
    };
    json!({
        "success": false,
        "estado": state,
        "username": name,
        "tipo_usuario": null,
        "profile": null,
        "mac_cookie_timeout": null,
        "mac_authentication": null,
        "disabled": null,
        "comment": null,
        "limit_uptime": null,
        "datos_completos": null,
        "mensaje": language.code(code),
        "code": code.as_str(),
        "error_detalle": detail,
        "timestamp": now,
    })
}

/// The row on the router under the router's own names, without the password.
fn row(user: &User) -> Value {
    json!({
        ".id": user.id,
        "name": user.name,
        "profile": user.profile,
        "disabled": user.disabled,
        "comment": user.comment,
        "limit-uptime": user.limit_uptime,
    })
}
