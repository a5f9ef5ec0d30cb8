//! `GET /api/v1/admin/mi-empresa/routers`.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::http::app::Shared;
use crate::http::body::Parameters;
use crate::http::error::ApiError;
use crate::http::extract::CompanyAdmin;
use crate::http::operation::{Access, Operation};
use crate::http::shape::{self, flag, integer, moment, object, text};
use crate::store::page::Page;
use crate::store::routers::{self, Router};

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::get("/api/v1/admin/mi-empresa/routers", handle)
        .titled("Lista los routers propios", "List the own routers")
        .open_to(Access::CompanyAdmin)
        .paged()
        .gives(object([
            ("empresa_id", text("EMP_0A1B2C3D4E")),
            ("total", integer(1)),
            (
                "routers",
                shape::list(object([
                    ("id", text("RTR_00AA11BB")),
                    ("nombre", text("Kiosco")),
                    ("host", text("10.0.0.2")),
                    ("ubicacion", text("Entrada").or_null()),
                    ("activo", flag(true)),
                    ("creado_en", moment()),
                ])),
            ),
        ]))
}

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
