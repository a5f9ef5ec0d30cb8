//! `GET /admin/usuarios/{usuario_id}`.

use axum::Json;
use axum::extract::State;
use serde_json::Value;

use crate::domain::code::Code;
use crate::http::account::{user_shape, user_view};
use crate::http::app::Shared;
use crate::http::error::ApiError;
use crate::http::extract::{Segments, SuperAdmin, integer_segment};
use crate::http::operation::{Access, Operation};
use crate::store::users;

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::get("/admin/usuarios/{usuario_id}", handle)
        .titled("Muestra un usuario", "Show a user")
        .open_to(Access::SuperAdmin)
        .integer("usuario_id")
        .gives(user_shape())
        .fails(&[Code::UserNotFound])
}

/// See the module.
///
/// # Errors
/// `user_not_found`, 422 for an id that is no integer, or when the database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    _: SuperAdmin,
    Segments(id): Segments<String>,
) -> Result<Json<Value>, ApiError> {
    let id = integer_segment("usuario_id", &id)?;
    let user = users::find(&mut app.store.reader().await?.conn(), id).await?;
    let user = user.ok_or_else(|| ApiError::new(Code::UserNotFound))?;
    Ok(Json(user_view(&user)))
}
