//! `GET /api/v1/admin/mi-empresa/dashboard`: what the company has sold, and its newest transactions.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::domain::code::Code;
use crate::http::app::Shared;
use crate::http::error::ApiError;
use crate::http::extract::CompanyAdmin;
use crate::store::page::Page;
use crate::store::transactions::{self, Listed};
use crate::store::{StoreError, companies, counts, routers};
use crate::tenants::sales::{Income, Sales};

/// Transactions that are shown.
const NEWEST: Page = Page { limit: 5, offset: 0 };

/// See the module.
///
/// # Errors
/// `company_not_found`, or when the database does not answer.
pub async fn handle(State(app): State<Shared>, admin: CompanyAdmin) -> Result<Json<Value>, ApiError> {
    let mut reader = app.store.reader().await?;
    let company = companies::find(&mut reader.conn(), &admin.company).await?;
    let company = company.ok_or_else(|| ApiError::new(Code::CompanyNotFound))?;
    let sales = Sales::of(&counts::of_company(&mut reader.conn(), &admin.company).await?)?;
    let routers = routers::count(&mut reader.conn(), &admin.company).await?;
    let newest = transactions::list(&mut reader.conn(), &admin.company, NEWEST).await?;
    let income = sales.main_income();
    Ok(Json(json!({
        "empresa": {"nombre": company.name, "activa": company.active},
        "estadisticas": {
            "total_transacciones": sales.transactions,
            "ingresos_totales": income.json(),
            "moneda": income.currency.code(),
            "ingresos_por_moneda": sales.income.iter().map(by_currency).collect::<Vec<_>>(),
            "transacciones_pagadas": sales.paid,
            "transacciones_pendientes": sales.pending,
            "total_routers": routers,
        },
        "transacciones_recientes": newest.iter().map(view).collect::<Result<Vec<_>, StoreError>>()?,
    })))
}

fn by_currency(income: &Income) -> Value {
    json!({
        "moneda": income.amount.currency.code(),
        "ingresos": income.amount.json(),
        "transacciones_pagadas": income.paid,
    })
}

fn view(transaction: &Listed) -> Result<Value, StoreError> {
    Ok(json!({
        "id": transaction.id,
        "transaccion_id": transaction.public_id,
        "monto": transaction.amount()?.json(),
        "estado": transaction.payment_state,
        "fecha": transaction.created_at.iso(),
    }))
}
