//! `POST /api/v1/admin/mi-empresa/transacciones/{id}/reembolso`: gives money back, and says whether it went.

use axum::Json;
use axum::extract::State;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::domain::code::Code;
use crate::http::app::Shared;
use crate::http::body::OptionalBody;
use crate::http::error::ApiError;
use crate::http::extract::{CompanyAdmin, IdempotencyKey, Segments};
use crate::http::transaction::{refund_view, summary, transaction_number};
use crate::purchase::admin::refund::RefundOrder;
use crate::purchase::state::RefundState;
use crate::text::Language;

/// Longest reason, in characters.
const NOTE_CHARS_MAX: usize = 255;
/// When a panel asks again for a refund under way, in seconds.
const ASK_AGAIN_S: u64 = 2;

/// See the module.
///
/// # Errors
/// `transaction_not_found`, `refund_not_possible`, `refund_amount_invalid`, `refund_under_way`, `too_many_refunds`, `idempotency_conflict`,
/// 422, 502 with the gateway's reason when it refused, or when the purchase cannot be told.
pub async fn handle(
    State(app): State<Shared>,
    admin: CompanyAdmin,
    Segments(id): Segments<String>,
    key: IdempotencyKey,
    language: Language,
    OptionalBody(body): OptionalBody,
) -> Result<Response, ApiError> {
    let id = transaction_number(&id)?;
    let order = body.read(|fields| RefundOrder {
        amount: fields.optional_number("monto"),
        note: note(fields.optional_string("motivo", NOTE_CHARS_MAX)),
        key: key.0,
        by: admin.session.user.id,
    })?;
    let (dossier, refund) = app.purchases.refund(&admin.company, id, order).await?;
    let refund = dossier.refund(&refund).ok_or_else(|| ApiError::new(Code::InternalError))?;
    let (status, code) = match refund.state {
        RefundState::Done => (StatusCode::OK, Code::RefundDone),
        RefundState::Asked | RefundState::Sending | RefundState::Sent => {
            (StatusCode::ACCEPTED, Code::RefundPending)
        }
        RefundState::Refused => return Err(ApiError::refund_refused(refund.refusal)),
    };
    let currency = dossier.transaction.currency()?;
    let body = json!({
        "success": refund.state == RefundState::Done,
        "mensaje": language.code(code),
        "code": code.as_str(),
        "reembolso": refund_view(&dossier, refund, currency, language),
        "transaccion": summary(&dossier)?,
        "estado_url": format!("/api/v1/admin/mi-empresa/transacciones/{id}"),
    });
    let mut response = (status, Json(body)).into_response();
    if status == StatusCode::ACCEPTED {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(ASK_AGAIN_S));
    }
    Ok(response)
}

fn note(sent: Option<String>) -> Option<String> {
    sent.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}
