//! `POST /admin/empresas/{empresa_id}/routers/{router_id}/api-keys/{key_id}/revoke`.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::domain::code::Code;
use crate::domain::id::{ApiKeyId, CompanyId, RouterId};
use crate::http::app::Shared;
use crate::http::error::ApiError;
use crate::http::extract::{Segments, SuperAdmin};
use crate::http::operation::{Access, Operation};
use crate::http::shape::{done, moment, text};
use crate::tenants::{keys, routers};
use crate::text::Language;

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::post("/admin/empresas/{empresa_id}/routers/{router_id}/api-keys/{key_id}/revoke", handle)
        .titled("Revoca una clave API", "Revoke an API key")
        .open_to(Access::SuperAdmin)
        .gives(done(
            &[Code::ApiKeyRevoked],
            [
                ("key_id", text("key_0123456789abcdef")),
                ("router_id", text("RTR_00AA11BB")),
                ("revoked_at", moment()),
            ],
        ))
        .fails(&[
            Code::CompanyNotFound,
            Code::RouterNotFound,
            Code::ApiKeyNotFound,
            Code::ApiKeyAlreadyRevoked,
        ])
}

/// See the module.
///
/// # Errors
/// `company_not_found`, `router_not_found`, `api_key_not_found`, `api_key_already_revoked`, or when the database does
/// not answer.
pub async fn handle(
    State(app): State<Shared>,
    _: SuperAdmin,
    Segments((company, router, key)): Segments<(String, String, String)>,
    language: Language,
) -> Result<Json<Value>, ApiError> {
    let (company, router, key) = (CompanyId::new(company), RouterId::new(router), ApiKeyId::new(key));
    routers::find(&app.store, &company, &router).await?;
    let now = app.clock.now();
    keys::revoke(&app.store, &company, &router, &key, now).await?;
    app.api_keys.forget();
    let code = Code::ApiKeyRevoked;
    Ok(Json(json!({
        "message": language.code(code),
        "code": code.as_str(),
        "key_id": key,
        "router_id": router,
        "revoked_at": now.iso(),
    })))
}
