//! How panels see a transaction, its refunds, and what waits for a person. The same for admins and operators.

use axum::Json;
use serde_json::{Value, json};

use super::app::Shared;
use super::body::Body;
use super::error::{ApiError, Fault};
use super::extract::integer_segment;
use crate::domain::code::Code;
use crate::domain::id::CompanyId;
use crate::domain::money::{Currency, Money};
use crate::domain::time::Timestamp;
use crate::gateway::RefundReason;
use crate::purchase::admin::dossier::{Dossier, Viewer};
use crate::purchase::admin::review::{Case, CaseKind};
use crate::purchase::machine::Choice;
use crate::purchase::state::{Purchase, Refund, RefundState, UserType};
use crate::purchase::timeline::{Line, Who};
use crate::purchase::{AdminError, PurchaseError};
use crate::store::StoreError;
use crate::store::page::Page;
use crate::text::Language;

/// A page of what waits for a person has this size unless another one is asked for.
pub const REVIEW_PAGE: Page = Page { limit: 50, offset: 0 };
/// Words for a decision.
const CHOICES: [&str; Choice::ALL.len()] = [
    Choice::Deliver.as_str(),
    Choice::Refund.as_str(),
    Choice::Close.as_str(),
    Choice::Retry.as_str(),
    Choice::Acknowledge.as_str(),
];

impl From<AdminError> for ApiError {
    fn from(error: AdminError) -> Self {
        match error {
            AdminError::Refused(code) => Self::new(code),
            AdminError::Inside(PurchaseError::NotRun(_)) => Self::new(Code::PurchaseBusy),
            AdminError::Inside(inside) => Self::internal(&inside),
        }
    }
}

/// The number of a transaction in a path.
///
/// # Errors
/// 422 when it is none.
pub fn transaction_number(text: &str) -> Result<i64, ApiError> {
    integer_segment("id", text)
}

/// The whole transaction.
///
/// # Errors
/// `transaction_not_found`, or when it cannot be read.
pub async fn show(
    app: &Shared,
    company: &CompanyId,
    id: i64,
    viewer: Viewer,
    language: Language,
) -> Result<Json<Value>, ApiError> {
    let dossier =
        app.purchases.dossier(company, id, viewer).await.map_err(|error| ApiError::internal(&error))?;
    let dossier = dossier.ok_or_else(|| ApiError::new(Code::TransactionNotFound))?;
    Ok(Json(whole(&dossier, language)?))
}

/// Takes a decision about a transaction in; answers with what can be decided then.
///
/// # Errors
/// `transaction_not_found`, `choice_not_open`, `refund_under_way`, `too_many_refunds`, 422, or when the purchase cannot be told.
pub async fn resolve(
    app: &Shared,
    (company, id): (CompanyId, i64),
    by: i64,
    body: &Body,
    language: Language,
) -> Result<Json<Value>, ApiError> {
    let word = body.read(|fields| {
        let word = fields.optional_choice("accion", &CHOICES);
        if word.is_none() && fields.raw("accion").is_none_or(Value::is_null) {
            fields.refuse("accion", Fault::Missing);
        }
        word
    })?;
    let choice = word.and_then(Choice::parse).ok_or_else(|| ApiError::new(Code::ChoiceNotOpen))?;
    app.purchases.resolve(&company, id, choice, by).await?;
    let dossier = app.purchases.dossier(&company, id, Viewer::Company).await;
    let dossier = dossier.map_err(|error| ApiError::internal(&error))?;
    let dossier = dossier.ok_or_else(|| ApiError::new(Code::TransactionNotFound))?;
    let code = Code::DecisionTaken;
    Ok(Json(json!({
        "mensaje": language.code(code),
        "code": code.as_str(),
        "accion": choice.as_str(),
        "transaccion": summary(&dossier)?,
        "requiere_revision": causes(&dossier.causes(), language),
        "acciones": words(&dossier.choices()),
    })))
}

/// A page of what waits for a person; of all companies when none is named.
///
/// # Errors
/// When the database does not answer.
pub async fn review(
    app: &Shared,
    company: Option<&CompanyId>,
    page: Page,
    language: Language,
) -> Result<Json<Value>, ApiError> {
    let (total, cases) = app.purchases.review(company, page).await?;
    let mut body = json!({
        "total": total,
        "limit": page.limit,
        "offset": page.offset,
        "pendientes": cases.iter().map(|case| case_view(case, language)).collect::<Vec<_>>(),
    });
    if let Some(company) = company {
        body["empresa_id"] = json!(company);
    }
    Ok(Json(body))
}

/// Takes down that a person took notice of a payment (gateway and id) that no purchase knows.
///
/// # Errors
/// `stray_payment_not_found`, or when the database does not answer.
pub async fn acknowledge_stray(
    app: &Shared,
    company: &CompanyId,
    (gateway, payment): (&str, &str),
    by: i64,
    language: Language,
) -> Result<Json<Value>, ApiError> {
    app.purchases.acknowledge_stray(company, gateway, payment, by).await?;
    let code = Code::StrayPaymentAcknowledged;
    Ok(Json(json!({
        "mensaje": language.code(code),
        "code": code.as_str(),
        "pasarela": gateway,
        "pago_id": payment,
    })))
}

fn case_view(case: &Case, language: Language) -> Value {
    let mut body = json!({
        "empresa_id": case.company,
        "desde": case.since.iso(),
        "motivos": causes(&case.causes, language),
        "monto": case.amount.map(Money::json),
        "moneda": case.amount.map(|amount| amount.currency.code()),
        "acciones": words(&case.choices),
    });
    let more = match &case.kind {
        CaseKind::Purchase { transaction, public_id, purchase, router, gateway, payment } => json!({
            "tipo": "compra",
            "id": transaction,
            "transaccion_id": public_id,
            "compra_id": purchase,
            "router_id": router,
            "pasarela": gateway,
            "pago_id": payment,
        }),
        CaseKind::StrayPayment { gateway, payment, reference } => json!({
            "tipo": "pago_suelto",
            "pasarela": gateway,
            "pago_id": payment,
            "referencia": reference,
        }),
        CaseKind::UnknownReservation { router, purchase, user } => json!({
            "tipo": "reserva_desconocida",
            "router_id": router,
            "compra_id": purchase,
            "usuario_hotspot": user,
        }),
        CaseKind::Endpoint { id, host } => json!({
            "tipo": "webhook_apagado",
            "webhook_id": id,
            "servidor": host,
        }),
    };
    if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
        body.extend(more);
    }
    body
}

fn causes(causes: &[Code], language: Language) -> Value {
    causes.iter().map(|code| json!({"code": code.as_str(), "mensaje": language.code(*code)})).collect()
}

fn words(choices: &[Choice]) -> Vec<&'static str> {
    choices.iter().map(|choice| choice.as_str()).collect()
}

/// What every answer about a transaction says of it.
pub(super) fn summary(dossier: &Dossier) -> Result<Value, StoreError> {
    let row = &dossier.transaction;
    let currency = row.currency()?;
    let money = |minor| Money { minor, currency }.json();
    Ok(json!({
        "id": row.id,
        "transaccion_id": row.public_id,
        "monto": money(row.amount_minor),
        "moneda": currency.code(),
        "reembolsado": money(dossier.purchase.as_ref().map_or(0, |purchase| purchase.refunded_minor)),
        "reembolsable": money(dossier.refundable_minor()),
        "estado_pago": row.payment_state,
        "estado_hotspot": row.hotspot_state,
    }))
}

fn whole(dossier: &Dossier, language: Language) -> Result<Value, StoreError> {
    let (row, purchase) = (&dossier.transaction, dossier.purchase.as_ref());
    let currency = row.currency()?;
    let refunds = purchase.iter().flat_map(|purchase| &purchase.refunds);
    let mut body = summary(dossier)?;
    let more = json!({
        "empresa_id": row.company_id,
        "compra_id": row.purchase_id,
        "fase": purchase.map(|purchase| purchase.phase.as_str()),
        "creada_en": row.created_at.iso(),
        "pagada_en": row.paid_at.map(|at| Timestamp(at).iso()),
        "usuario_creado_en": row.user_created_at.map(|at| Timestamp(at).iso()),
        "pasarela": gateway(dossier),
        "falla": purchase.and_then(|purchase| purchase.failure).map(|failure| code_view(failure.code, language)),
        "cliente": {"nombre": row.customer_name, "email": row.customer_email, "telefono": row.customer_phone},
        "dispositivo": purchase.map(|purchase| {
            json!({"mac": purchase.terms.device.mac, "ip": purchase.terms.device.ip})
        }),
        "router": {"id": row.router_id, "nombre": row.router_name},
        "producto": {
            "id": row.product_id,
            "nombre": purchase.map(|purchase| &purchase.terms.product.name).or(row.product_name.as_ref()),
            "perfil_mikrotik": purchase.map(|purchase| &purchase.terms.product.profile),
        },
        "usuario_hotspot": {"usuario": row.hotspot_user, "tipo": purchase.map(user_type)},
        "reembolsos": refunds
            .map(|refund| refund_view(dossier, refund, currency, language))
            .collect::<Vec<_>>(),
        "linea_de_tiempo": dossier.lines.iter().map(|line| line_view(dossier, line)).collect::<Vec<_>>(),
        "requiere_revision": causes(&dossier.causes(), language),
        "acciones": words(&dossier.choices()),
    });
    if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
        body.extend(more);
    }
    Ok(body)
}

fn gateway(dossier: &Dossier) -> Value {
    let (row, purchase) = (&dossier.transaction, dossier.purchase.as_ref());
    let payment = purchase.and_then(|purchase| purchase.payment.as_ref());
    let words = purchase.and_then(|purchase| purchase.words.as_ref());
    let card = purchase.and_then(|purchase| purchase.card.as_ref()).map(|card| {
        json!({
            "marca": card.brand,
            "tipo": card.kind,
            "ultimos4": card.last4,
            "emisor": card.issuer,
            "autorizacion": card.auth_code,
        })
    });
    json!({
        "nombre": row.gateway,
        "pago_id": payment.map(|payment| &payment.id),
        "referencia": purchase.map(|purchase| purchase.terms.reference()).or(row.external_reference.clone()),
        "real": payment.map(|payment| payment.live),
        "estado": words.map(|words| &words.status),
        "detalle": words.map(|words| &words.detail).filter(|detail| !detail.is_empty()),
        "tarjeta": card,
    })
}

fn code_view(code: Code, language: Language) -> Value {
    json!({"code": code.as_str(), "mensaje": language.code(code)})
}

const fn user_type(purchase: &Purchase) -> &'static str {
    match purchase.terms.user_type {
        UserType::Password => "usuario_contrasena",
        UserType::Pin => "pin",
    }
}

/// One refund.
pub(super) fn refund_view(
    dossier: &Dossier,
    refund: &Refund,
    currency: Currency,
    language: Language,
) -> Value {
    let estado = match refund.state {
        RefundState::Asked | RefundState::Sending | RefundState::Sent => "en_proceso",
        RefundState::Done => "devuelto",
        RefundState::Refused => "rechazado",
    };
    let origen = match refund.reason {
        RefundReason::Requested => "solicitado",
        RefundReason::NotDelivered => "sin_entrega",
    };
    let refusal = refund.refusal.filter(|_| refund.state == RefundState::Refused);
    json!({
        "id": refund.id,
        "monto": Money { minor: refund.amount_minor, currency }.json(),
        "moneda": currency.code(),
        "estado": estado,
        "origen": origen,
        "motivo": dossier.notes.get(&refund.id),
        "pedido_en": refund.asked_at.iso(),
        "pedido_por": refund.asked_by.map(|id| person(dossier, id)),
        "pago_id": refund.payment,
        "falla": refusal.map(|failure| code_view(failure.code, language)),
    })
}

fn line_view(dossier: &Dossier, line: &Line) -> Value {
    let quien = match line.who {
        Who::Portal => json!({"tipo": "portal"}),
        Who::System => json!({"tipo": "sistema"}),
        Who::Site => json!({"tipo": "sitio"}),
        Who::Gateway => json!({"tipo": "pasarela"}),
        Who::Admin(id) => person(dossier, id),
    };
    json!({"momento": line.at.iso(), "paso": line.step, "resultado": line.result, "quien": quien})
}

/// A person; without a name when the viewer may not know it.
fn person(dossier: &Dossier, id: i64) -> Value {
    let user = dossier.people.get(&id);
    json!({
        "tipo": if user.is_some() { "persona" } else { "operador" },
        "id": user.map(|user| user.id),
        "nombre": user.map(|user| &user.name),
        "email": user.map(|user| &user.email),
    })
}
