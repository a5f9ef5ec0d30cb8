//! `PUT /admin/usuarios/{usuario_id}/toggle-activo`.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::domain::code::Code;
use crate::http::app::Shared;
use crate::http::error::ApiError;
use crate::http::extract::{Segments, SuperAdmin, integer_segment};
use crate::http::operation::{Access, Operation};
use crate::http::shape::{done, flag, integer};
use crate::tenants::users;
use crate::text::Language;

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::put("/admin/usuarios/{usuario_id}/toggle-activo", handle)
        .titled("Activa o desactiva un usuario", "Switch a user on or off")
        .open_to(Access::SuperAdmin)
        .integer("usuario_id")
        .gives(done(
            &[Code::UserActivated, Code::UserDeactivated],
            [("usuario_id", integer(12)), ("activo", flag(true))],
        ))
        .fails(&[Code::UserNotFound, Code::SelfDeactivation])
}

/// See the module.
///
/// # Errors
/// `user_not_found`, `self_deactivation`, 422 for an id that is no integer, or when the database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    SuperAdmin(session): SuperAdmin,
    Segments(id): Segments<String>,
    language: Language,
) -> Result<Json<Value>, ApiError> {
    let id = integer_segment("usuario_id", &id)?;
    let active = users::toggle(&app.store, session.user.id, id).await?;
    let code = if active { Code::UserActivated } else { Code::UserDeactivated };
    Ok(Json(json!({
        "message": language.code(code),
        "code": code.as_str(),
        "usuario_id": id,
        "activo": active,
    })))
}
