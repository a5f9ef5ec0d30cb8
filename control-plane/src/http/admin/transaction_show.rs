//! `GET /admin/empresas/{empresa_id}/transacciones/{id}`.

use axum::Json;
use axum::extract::State;
use serde_json::Value;

use crate::domain::code::Code;
use crate::domain::id::CompanyId;
use crate::http::app::Shared;
use crate::http::error::ApiError;
use crate::http::extract::{Segments, SuperAdmin};
use crate::http::operation::{Access, Operation};
use crate::http::transaction;
use crate::http::transaction::shapes::transaction_shape;
use crate::purchase::admin::dossier::Viewer;
use crate::text::Language;

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::get("/admin/empresas/{empresa_id}/transacciones/{id}", handle)
        .titled("Muestra una transacción con su historia", "Show a transaction with its record")
        .open_to(Access::SuperAdmin)
        .integer("id")
        .gives(transaction_shape())
        .fails(&[Code::TransactionNotFound])
}

/// See the module.
///
/// # Errors
/// `transaction_not_found`, 422, or when the database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    _: SuperAdmin,
    Segments((company, id)): Segments<(String, String)>,
    language: Language,
) -> Result<Json<Value>, ApiError> {
    let id = transaction::transaction_number(&id)?;
    transaction::show(&app, &CompanyId::new(company), id, Viewer::Platform, language).await
}
