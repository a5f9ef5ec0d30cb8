//! `GET /api/v1/webhook/transaccion/{external_reference}`: what notifications did to a transaction.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::domain::code::Code;
use crate::domain::id::CompanyId;
use crate::domain::role::Role;
use crate::domain::time::Timestamp;
use crate::http::app::Shared;
use crate::http::error::ApiError;
use crate::http::extract::{Admin, Segments};
use crate::http::operation::{Access, Operation};
use crate::http::shape::{flag, free_object, integer, moment, number, object, text};
use crate::store::credentials::MERCADO_PAGO;
use crate::store::{companies, transactions, webhook_keys};

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::get("/api/v1/webhook/transaccion/{external_reference}", handle)
        .titled("Lo que los avisos hicieron con una transacción", "What notifications did to a transaction")
        .open_to(Access::Admin)
        .gives(object([
            (
                "transaction",
                object([
                    ("id", integer(142)),
                    ("transaccion_id", text("123456789")),
                    ("external_reference", text("TRX_0123456789ABCDEF01234567-1").or_null()),
                    ("empresa_id", text("EMP_0A1B2C3D4E")),
                    ("estado_pago", text("approved")),
                    ("monto", number("20.0")),
                    ("usuario_hotspot", text("PT-7KQ2M").or_null()),
                    ("creada_en", moment()),
                    ("pagada_en", moment().or_null()),
                    ("webhook_processed", flag(true)),
                    ("notification_id", text("987").or_null()),
                    ("metadata_json", free_object(json!({}))),
                ]),
            ),
            (
                "empresa",
                object([
                    ("id", text("EMP_0A1B2C3D4E")),
                    ("nombre", text("Red Parque")),
                    ("tiene_webhook_secret", flag(true)),
                ])
                .or_null(),
            ),
        ]))
        .fails(&[Code::TransactionNotFound])
}

/// See the module. Takes our reference at the gateway, or the purchase's id.
///
/// # Errors
/// `transaction_not_found`, also for one of another company, or when the database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    admin: Admin,
    Segments(reference): Segments<String>,
) -> Result<Json<Value>, ApiError> {
    let not_found = || ApiError::new(Code::TransactionNotFound);
    let only = match admin.0.role {
        Role::SuperAdmin => None,
        Role::CompanyAdmin => Some(CompanyId::new(admin.0.user.company_id.clone().ok_or_else(not_found)?)),
    };
    let mut reader = app.store.reader().await?;
    let found = transactions::noted(&mut reader.conn(), only.as_ref(), &reference).await?;
    let found = found.ok_or_else(not_found)?;
    let owner = CompanyId::new(found.company_id.as_str());
    let company = companies::find(&mut reader.conn(), &owner).await?;
    let secrets = webhook_keys::in_force(&mut reader.conn(), &owner, MERCADO_PAGO).await?;
    let iso = |millis: i64| Timestamp(millis).iso();
    let metadata: Value = serde_json::from_str(&found.metadata).unwrap_or_else(|_| json!({}));
    Ok(Json(json!({
        "transaction": {
            "id": found.id,
            "transaccion_id": found.public_id,
            "external_reference": found.external_reference,
            "empresa_id": found.company_id,
            "estado_pago": found.payment_state,
            "monto": found.amount()?.json(),
            "usuario_hotspot": found.hotspot_user,
            "creada_en": iso(found.created_at),
            "pagada_en": found.paid_at.map(iso),
            "webhook_processed": found.webhook_processed,
            "notification_id": found.notification_id,
            "metadata_json": metadata,
        },
        "empresa": company.map(|company| json!({
            "id": company.id,
            "nombre": company.name,
            "tiene_webhook_secret": !secrets.is_empty(),
        })),
    })))
}
