//! `GET /admin/empresas/{empresa_id}/stats`.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::domain::code::Code;
use crate::domain::id::CompanyId;
use crate::http::app::Shared;
use crate::http::error::ApiError;
use crate::http::extract::{Segments, SuperAdmin};
use crate::store::companies;

/// See the module.
///
/// # Errors
/// `company_not_found`, or when the database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    _: SuperAdmin,
    Segments(id): Segments<String>,
) -> Result<Json<Value>, ApiError> {
    let id = CompanyId::new(id);
    let mut reader = app.store.reader().await?;
    let company = companies::find(&mut reader.conn(), &id).await?;
    let company = company.ok_or_else(|| ApiError::new(Code::CompanyNotFound))?;
    let counts = companies::counts(&mut reader.conn(), &id, app.clock.now()).await?;
    Ok(Json(json!({
        "empresa": {
            "id": company.id,
            "nombre": company.name,
            "activa": company.active,
            "creada_en": company.created_at.iso(),
            "contacto_email": company.contact_email,
        },
        "estadisticas": {
            "total_routers": counts.routers,
            "routers_activos": counts.active_routers,
            "routers_inactivos": counts.routers - counts.active_routers,
            "total_usuarios_admin": counts.users,
            "api_keys_activas": counts.live_keys,
        },
    })))
}
