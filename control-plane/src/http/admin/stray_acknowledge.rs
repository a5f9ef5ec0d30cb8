//! `POST /admin/empresas/{empresa_id}/revision/pagos-sueltos/{gateway}/{payment_id}/enterado`.

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
use crate::http::transaction::shapes::stray_shape;
use crate::text::Language;

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::post(
        "/admin/empresas/{empresa_id}/revision/pagos-sueltos/{gateway}/{payment_id}/enterado",
        handle,
    )
    .titled("Quita de la lista un pago suelto", "Take a stray payment off the list")
    .open_to(Access::SuperAdmin)
    .gives(stray_shape())
    .fails(&[Code::StrayPaymentNotFound])
}

/// See the module.
///
/// # Errors
/// `stray_payment_not_found`, or when the database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    SuperAdmin(session): SuperAdmin,
    Segments((company, gateway, payment)): Segments<(String, String, String)>,
    language: Language,
) -> Result<Json<Value>, ApiError> {
    let (company, by) = (CompanyId::new(company), session.user.id);
    transaction::acknowledge_stray(&app, &company, (&gateway, &payment), by, language).await
}
