//! `GET /admin/empresas/{empresa_id}/stats`.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::domain::code::Code;
use crate::domain::id::CompanyId;
use crate::http::app::Shared;
use crate::http::error::ApiError;
use crate::http::extract::{Segments, SuperAdmin};
use crate::http::operation::{Access, Operation};
use crate::http::shape::{flag, integer, moment, object, text};
use crate::store::companies;

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::get("/admin/empresas/{empresa_id}/stats", handle)
        .titled("Cifras de una empresa", "Figures of a company")
        .open_to(Access::SuperAdmin)
        .gives(object([
            (
                "empresa",
                object([
                    ("id", text("EMP_3A9F1C0B2D")),
                    ("nombre", text("Red Parque")),
                    ("activa", flag(true)),
                    ("creada_en", moment()),
                    ("contacto_email", text("red@example.org").or_null()),
                ]),
            ),
            (
                "estadisticas",
                object([
                    ("total_routers", integer(2)),
                    ("routers_activos", integer(2)),
                    ("routers_inactivos", integer(0)),
                    ("total_usuarios_admin", integer(1)),
                    ("api_keys_activas", integer(2)),
                ]),
            ),
        ]))
        .fails(&[Code::CompanyNotFound])
}

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
