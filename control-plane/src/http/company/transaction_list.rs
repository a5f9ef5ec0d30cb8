//! `GET /api/v1/admin/mi-empresa/transacciones`.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::http::app::Shared;
use crate::http::body::Parameters;
use crate::http::error::ApiError;
use crate::http::extract::CompanyAdmin;
use crate::store::StoreError;
use crate::store::page::Page;
use crate::store::transactions::{self, Listed};

/// Unlike other lists, this one has a default.
const DEFAULT: Page = Page { limit: 50, offset: 0 };

/// See the module.
///
/// # Errors
/// 422 for a page out of range, or when the database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    admin: CompanyAdmin,
    parameters: Parameters,
) -> Result<Json<Value>, ApiError> {
    let page = parameters.page(DEFAULT)?;
    let mut reader = app.store.reader().await?;
    let total = transactions::count(&mut reader.conn(), &admin.company).await?;
    let transactions = transactions::list(&mut reader.conn(), &admin.company, page).await?;
    Ok(Json(json!({
        "empresa_id": admin.company,
        "total": total,
        "limit": page.limit,
        "offset": page.offset,
        "transacciones": transactions.iter().map(view).collect::<Result<Vec<_>, StoreError>>()?,
    })))
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
