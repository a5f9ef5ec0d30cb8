//! `GET /api/v1/admin/mi-empresa/revision`: what waits for a person.

use axum::Json;
use axum::extract::State;
use serde_json::Value;

use crate::http::app::Shared;
use crate::http::body::Parameters;
use crate::http::error::ApiError;
use crate::http::extract::CompanyAdmin;
use crate::http::operation::{Access, Operation};
use crate::http::shape::{object, text};
use crate::http::transaction;
use crate::http::transaction::shapes::review_shape;
use crate::text::Language;

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::get("/api/v1/admin/mi-empresa/revision", handle)
        .titled("Lo que espera a una persona", "What waits for a person")
        .open_to(Access::CompanyAdmin)
        .paged()
        .gives(review_shape().and(object([("empresa_id", text("EMP_0A1B2C3D4E"))])))
}

/// See the module.
///
/// # Errors
/// 422 for a page out of range, or when the database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    admin: CompanyAdmin,
    parameters: Parameters,
    language: Language,
) -> Result<Json<Value>, ApiError> {
    let page = parameters.page(transaction::REVIEW_PAGE)?;
    transaction::review(&app, Some(&admin.company), page, language).await
}
