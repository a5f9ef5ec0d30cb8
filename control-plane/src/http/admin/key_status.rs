//! `GET /admin/empresas/{empresa_id}/routers/{router_id}/api-key-status`.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::domain::code::Code;
use crate::domain::id::{CompanyId, RouterId};
use crate::domain::time::Timestamp;
use crate::http::app::Shared;
use crate::http::error::ApiError;
use crate::http::extract::{Segments, SuperAdmin};
use crate::http::operation::{Access, Operation};
use crate::http::shape::{code, flag, integer, moment, object, sentence, text, word};
use crate::store::api_keys::{self, ApiKey};
use crate::tenants::routers;
use crate::text::{Language, Phrase};

const DAY_MS: i64 = 24 * 3_600_000;
/// A key with fewer days left is warned about.
const DAYS_LEFT_MIN: i64 = 30;

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::get("/admin/empresas/{empresa_id}/routers/{router_id}/api-key-status", handle)
        .titled("Estado de la clave API de un router", "State of the API key of a router")
        .open_to(Access::SuperAdmin)
        .gives(object([
            ("router_id", text("RTR_00AA11BB")),
            ("has_active_key", flag(true)),
            ("key_id", text("key_0123456789abcdef").or_null()),
            ("issued_at", moment().or_null()),
            ("expires_at", moment().or_null()),
            ("expires_in_days", integer(25).or_null()),
            ("last_used", moment().or_null()),
            ("use_count", integer(412).or_null()),
            ("status", word(&["active", "no_key"])),
            ("warning", sentence(Code::ApiKeyExpiresSoon).or_null()),
            ("recommendation", sentence(Code::ApiKeyExpiresSoon).or_null()),
            (
                "warning_code",
                code(&[Code::ApiKeyExpiresSoon, Code::ApiKeyNeverUsed, Code::ApiKeyAbsent]).or_null(),
            ),
        ]))
        .fails(&[Code::CompanyNotFound, Code::RouterNotFound])
}

/// See the module.
///
/// # Errors
/// `company_not_found`, `router_not_found`, or when the database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    _: SuperAdmin,
    Segments((company, router)): Segments<(String, String)>,
    language: Language,
) -> Result<Json<Value>, ApiError> {
    let router = routers::find(&app.store, &CompanyId::new(company), &RouterId::new(router)).await?;
    let key = api_keys::live(&mut app.store.reader().await?.conn(), &router.company_id, &router.id).await?;
    Ok(Json(match key {
        Some(key) => live(&key, app.clock.now(), language),
        None => absent(&router.id, language),
    }))
}

fn absent(router: &RouterId, language: Language) -> Value {
    json!({
        "router_id": router,
        "has_active_key": false,
        "key_id": null,
        "issued_at": null,
        "expires_at": null,
        "expires_in_days": null,
        "last_used": null,
        "use_count": null,
        "status": "no_key",
        "warning": null,
        "recommendation": language.code(Code::ApiKeyAbsent),
        "warning_code": Code::ApiKeyAbsent.as_str(),
    })
}

fn live(key: &ApiKey, now: Timestamp, language: Language) -> Value {
    let days = key.expires_at.since(now).div_euclid(DAY_MS);
    let advice = if key.use_count == 0 {
        Some((Code::ApiKeyNeverUsed, Phrase::KeyNeverUsedAdvice))
    } else if days < DAYS_LEFT_MIN {
        Some((Code::ApiKeyExpiresSoon, Phrase::KeyExpiresSoonAdvice))
    } else {
        None
    };
    json!({
        "router_id": key.router_id,
        "has_active_key": true,
        "key_id": key.id,
        "issued_at": key.issued_at.iso(),
        "expires_at": key.expires_at.iso(),
        "expires_in_days": days,
        "last_used": key.last_used_at.map(|at| Timestamp(at).iso()),
        "use_count": key.use_count,
        "status": "active",
        "warning": advice.map(|(code, _)| language.code(code)),
        "recommendation": advice.map(|(_, phrase)| language.phrase(phrase)),
        "warning_code": advice.map(|(code, _)| code.as_str()),
    })
}
