//! `GET /admin/dashboard`.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::http::app::Shared;
use crate::http::error::ApiError;
use crate::http::extract::SuperAdmin;
use crate::http::operation::{Access, Operation};
use crate::http::shape::{integer, moment, object};
use crate::store::companies;

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::get("/admin/dashboard", handle)
        .titled("Cifras de la plataforma", "Figures of the platform")
        .open_to(Access::SuperAdmin)
        .gives(object([
            (
                "estadisticas",
                object([
                    ("total_empresas", integer(12)),
                    ("empresas_activas", integer(11)),
                    ("total_usuarios", integer(15)),
                ]),
            ),
            ("timestamp", moment()),
        ]))
}

/// See the module.
///
/// # Errors
/// When the database does not answer.
pub async fn handle(State(app): State<Shared>, _: SuperAdmin) -> Result<Json<Value>, ApiError> {
    let counts = companies::platform_counts(&mut app.store.reader().await?.conn()).await?;
    Ok(Json(json!({
        "estadisticas": {
            "total_empresas": counts.companies,
            "empresas_activas": counts.active_companies,
            "total_usuarios": counts.users,
        },
        "timestamp": app.clock.now().iso(),
    })))
}
