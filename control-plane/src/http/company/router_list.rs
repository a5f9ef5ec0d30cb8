//! `GET /api/v1/admin/mi-empresa/routers`.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::http::app::Shared;
use crate::http::body::Parameters;
use crate::http::error::ApiError;
use crate::http::extract::CompanyAdmin;
use crate::store::page::Page;
use crate::store::routers::{self, Router};

/// See the module.
///
/// # Errors
/// 422 for a page out of range, or when the database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    admin: CompanyAdmin,
    parameters: Parameters,
) -> Result<Json<Value>, ApiError> {
    let page = parameters.page(Page::default())?;
    let mut reader = app.store.reader().await?;
    let total = routers::count(&mut reader.conn(), &admin.company).await?;
    let routers = routers::list(&mut reader.conn(), &admin.company, page).await?;
    Ok(Json(json!({
        "empresa_id": admin.company,
        "total": total,
        "routers": routers.iter().map(view).collect::<Vec<_>>(),
    })))
}

fn view(router: &Router) -> Value {
    json!({
        "id": router.id,
        "nombre": router.name,
        "host": router.host,
        "ubicacion": router.location,
        "activo": router.active,
        "creado_en": router.created_at.iso(),
    })
}
