//! `GET /admin/empresas/{empresa_id}/routers/{router_id}/api-keys`.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::domain::id::{CompanyId, RouterId};
use crate::domain::time::Timestamp;
use crate::http::app::Shared;
use crate::http::body::Parameters;
use crate::http::error::ApiError;
use crate::http::extract::{Segments, SuperAdmin};
use crate::store::api_keys::{self, ApiKey};
use crate::store::page::Page;
use crate::tenants::routers;

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
