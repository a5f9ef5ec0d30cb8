//! `GET /admin/usuarios/{usuario_id}`.

use axum::Json;
use axum::extract::State;
use serde_json::Value;

use crate::domain::code::Code;
use crate::http::account::user_view;
use crate::http::app::Shared;
use crate::http::error::ApiError;
use crate::http::extract::{Segments, SuperAdmin, integer_segment};
use crate::store::users;

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
