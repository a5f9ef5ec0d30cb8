//! `GET /admin/dashboard`.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::http::app::Shared;
use crate::http::error::ApiError;
use crate::http::extract::SuperAdmin;
use crate::store::companies;

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
