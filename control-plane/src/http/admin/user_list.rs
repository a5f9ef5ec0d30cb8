//! `GET /admin/usuarios[?rol=][&empresa_id=]`.

use axum::Json;
use axum::extract::State;
use serde_json::Value;

use crate::domain::id::ID_BYTES_MAX;
use crate::http::account::{user_shape, user_view};
use crate::http::app::Shared;
use crate::http::body::{Fields, Parameters};
use crate::http::error::ApiError;
use crate::http::extract::SuperAdmin;
use crate::http::operation::{Access, Operation};
use crate::http::shape;
use crate::store::page::Page;
use crate::store::users;

/// Longest text that is looked at as a role, in characters.
const ROLE_CHARS_MAX: usize = 50;

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::get("/admin/usuarios", handle)
        .titled("Lista los usuarios", "List the users")
        .open_to(Access::SuperAdmin)
        .reads_query(|fields| {
            read(fields);
        })
        .gives(shape::list(user_shape()))
}

/// See the module.
///
/// # Errors
/// 422 for a page out of range, or when the database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    _: SuperAdmin,
    parameters: Parameters,
) -> Result<Json<Vec<Value>>, ApiError> {
    let (role, company, page) = parameters.read(read)?;
    let mut reader = app.store.reader().await?;
    let users = users::list(&mut reader.conn(), role.as_deref(), company.as_deref(), page).await?;
    Ok(Json(users.iter().map(user_view).collect()))
}

fn read(fields: &mut Fields<'_>) -> (Option<String>, Option<String>, Page) {
    (
        fields.optional_string("rol", ROLE_CHARS_MAX),
        fields.optional_string("empresa_id", ID_BYTES_MAX),
        fields.page(Page::default()),
    )
}
