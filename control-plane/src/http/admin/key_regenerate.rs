//! `POST /admin/empresas/{empresa_id}/routers/{router_id}/regenerate-api-key`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{key_info, key_info_shape};
use crate::domain::code::Code;
use crate::domain::id::{CompanyId, RouterId};
use crate::http::app::Shared;
use crate::http::error::ApiError;
use crate::http::extract::{Segments, SuperAdmin};
use crate::http::operation::{Access, Operation};
use crate::http::shape::{done, flag, text};
use crate::tenants::{keys, routers};
use crate::text::Language;

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::post("/admin/empresas/{empresa_id}/routers/{router_id}/regenerate-api-key", handle)
        .titled("Cambia la clave API de un router", "Replace the API key of a router")
        .open_to(Access::SuperAdmin)
        .gives(done(
            &[Code::ApiKeyRegenerated],
            [
                ("router_id", text("RTR_00AA11BB")),
                ("new_api_key", text("jwt_eyJ…")),
                ("api_key_info", key_info_shape()),
                ("previous_key_revoked", flag(true)),
            ],
        ))
        .fails(&[Code::CompanyNotFound, Code::RouterNotFound])
        .fails_as(StatusCode::BAD_REQUEST, &[Code::RouterInactive])
}

/// See the module.
///
/// # Errors
/// `company_not_found`, `router_not_found`, `router_inactive`, or when the database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    _: SuperAdmin,
    Segments((company, router)): Segments<(String, String)>,
    language: Language,
) -> Result<Json<Value>, ApiError> {
    let (company, router) = (CompanyId::new(company), RouterId::new(router));
    routers::find(&app.store, &company, &router).await?;
    let key = app.api_keys.issue(&company, &router);
    let info = key_info(&key.row);
    let had_one = keys::regenerate(&app.store, key.row).await?;
    app.api_keys.forget();
    let code = Code::ApiKeyRegenerated;
    Ok(Json(json!({
        "message": language.code(code),
        "code": code.as_str(),
        "router_id": router,
        "new_api_key": key.text,
        "api_key_info": info,
        "previous_key_revoked": had_one,
    })))
}
