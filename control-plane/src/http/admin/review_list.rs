//! `GET /admin/revision`: what waits for a person, of all companies.

use axum::Json;
use axum::extract::State;
use serde_json::Value;

use crate::http::app::Shared;
use crate::http::body::Parameters;
use crate::http::error::ApiError;
use crate::http::extract::SuperAdmin;
use crate::http::operation::{Access, Operation};
use crate::http::transaction;
use crate::http::transaction::shapes::review_shape;
use crate::text::Language;

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::get("/admin/revision", handle)
        .titled(
            "Lo que espera a una persona, de todas las empresas",
            "What waits for a person, of all companies",
        )
        .open_to(Access::SuperAdmin)
        .paged()
        .gives(review_shape())
}

/// See the module.
///
/// # Errors
/// 422 for a page out of range, or when the database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    _: SuperAdmin,
    parameters: Parameters,
    language: Language,
) -> Result<Json<Value>, ApiError> {
    let page = parameters.page(transaction::REVIEW_PAGE)?;
    transaction::review(&app, None, page, language).await
}
