//! `GET /api/v1/admin/mi-empresa/transacciones`: a page as JSON, or with `formato=csv` all of them as a file, whatever
//! `limit` and `offset` say.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::transaction_export;
use crate::http::app::Shared;
use crate::http::body::Parameters;
use crate::http::error::ApiError;
use crate::http::extract::CompanyAdmin;
use crate::store::page::Page;
use crate::store::transactions::{self, Listed};
use crate::store::{StoreError, counts};

/// Unlike other lists, this one has a default.
const DEFAULT: Page = Page { limit: 50, offset: 0 };
/// `formato` of a page.
const JSON: &str = "json";
/// `formato` of a file.
const CSV: &str = "csv";

/// See the module.
///
/// # Errors
/// 422 for a page out of range or an unknown format, `rate_limited` when too many files are written, or when the database does
/// not answer.
pub async fn handle(
    State(app): State<Shared>,
    admin: CompanyAdmin,
    parameters: Parameters,
) -> Result<Response, ApiError> {
    let (page, format) =
        parameters.read(|fields| (fields.page(DEFAULT), fields.optional_choice("formato", &[JSON, CSV])))?;
    if format == Some(CSV) {
        return transaction_export::answer(&app, admin.company).await;
    }
    let mut reader = app.store.reader().await?;
    let total = counts::total(&mut reader.conn(), &admin.company).await?;
    let transactions = transactions::list(&mut reader.conn(), &admin.company, page).await?;
    Ok(Json(json!({
        "empresa_id": admin.company,
        "total": total,
        "limit": page.limit,
        "offset": page.offset,
        "transacciones": transactions.iter().map(view).collect::<Result<Vec<_>, StoreError>>()?,
    }))
    .into_response())
}

fn view(transaction: &Listed) -> Result<Value, StoreError> {
    Ok(json!({
        "id": transaction.id,
        "transaccion_id": transaction.public_id,
        "monto": transaction.amount()?.json(),
        "estado_pago": transaction.payment_state,
        "cliente_nombre": transaction.customer_name,
        "creada_en": transaction.created_at.iso(),
    }))
}
