//! `GET /admin/empresas/{empresa_id}/routers/{router_id}/api-keys`.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::domain::code::Code;
use crate::domain::id::{CompanyId, RouterId};
use crate::domain::time::Timestamp;
use crate::http::app::Shared;
use crate::http::body::Parameters;
use crate::http::error::ApiError;
use crate::http::extract::{Segments, SuperAdmin};
use crate::http::operation::{Access, Operation};
use crate::http::shape::{self, flag, integer, moment, object, text};
use crate::store::api_keys::{self, ApiKey};
use crate::store::page::Page;
use crate::tenants::routers;

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::get("/admin/empresas/{empresa_id}/routers/{router_id}/api-keys", handle)
        .titled("Lista las claves API de un router", "List the API keys of a router")
        .open_to(Access::SuperAdmin)
        .paged()
        .gives(shape::list(object([
            ("key_id", text("key_0123456789abcdef")),
            ("router_id", text("RTR_00AA11BB")),
            ("empresa_id", text("EMP_3A9F1C0B2D")),
            ("issued_at", moment()),
            ("expires_at", moment()),
            ("revoked", flag(false)),
            ("revoked_at", moment().shown_null()),
            ("last_used", moment().or_null()),
            ("use_count", integer(412)),
        ])))
        .fails(&[Code::CompanyNotFound, Code::RouterNotFound])
}

/// See the module.
///
/// # Errors
/// `company_not_found`, `router_not_found`, 422 for a page out of range, or when the database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    _: SuperAdmin,
    Segments((company, router)): Segments<(String, String)>,
    parameters: Parameters,
) -> Result<Json<Vec<Value>>, ApiError> {
    let page = parameters.page(Page::default())?;
    let router = routers::find(&app.store, &CompanyId::new(company), &RouterId::new(router)).await?;
    let mut reader = app.store.reader().await?;
    let keys = api_keys::list(&mut reader.conn(), &router.company_id, &router.id, page).await?;
    Ok(Json(keys.iter().map(view).collect()))
}

fn view(key: &ApiKey) -> Value {
    json!({
        "key_id": key.id,
        "router_id": key.router_id,
        "empresa_id": key.company_id,
        "issued_at": key.issued_at.iso(),
        "expires_at": key.expires_at.iso(),
        "revoked": key.revoked_at.is_some(),
        "revoked_at": key.revoked_at.map(|at| Timestamp(at).iso()),
        "last_used": key.last_used_at.map(|at| Timestamp(at).iso()),
        "use_count": key.use_count,
    })
}
