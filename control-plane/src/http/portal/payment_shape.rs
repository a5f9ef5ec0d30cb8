//! The shapes of the answers to a payment, and the ways in which one can fail.

use axum::http::StatusCode;
use serde_json::json;

use crate::domain::code::Code;
use crate::gateway::GatewayName;
use crate::http::operation::Operation;
use crate::http::shape::{
    Shape, code, flag, free_object, integer, moment, null, number, object, sentence, text, told, word,
};

/// How a payment ends unpaid at any gateway.
const UNPAID: &[Code] = &[
    Code::CardDeclined,
    Code::InsufficientFunds,
    Code::CardInvalid,
    Code::CardNumberInvalid,
    Code::CardCvvInvalid,
    Code::CardNotSupported,
    Code::CallIssuer,
    Code::ThreeDsFailed,
    Code::ProcessingError,
    Code::PaymentExpired,
    Code::PaymentCanceled,
    Code::PaymentRefunded,
    Code::PaymentDisputed,
];
/// What Conekta adds to that.
const UNPAID_AT_CONEKTA: &[Code] = &[
    Code::CardExpired,
    Code::TokenUsed,
    Code::TokenInvalid,
    Code::TokenExpired,
    Code::PaymentDeclined,
    Code::PaymentVoided,
    Code::PaymentFailed,
    Code::RequestInvalid,
    Code::AmountInvalid,
    Code::CurrencyInvalid,
    Code::EmailInvalid,
    Code::PhoneInvalid,
];
/// What Mercado Pago adds to that.
const UNPAID_AT_MERCADO_PAGO: &[Code] = &[
    Code::CardExpiryInvalid,
    Code::CardBlocked,
    Code::TooManyAttempts,
    Code::DuplicatePayment,
    Code::PaymentMethodInvalid,
    Code::PayerInvalid,
    Code::InstallmentsInvalid,
    Code::TokenInvalid,
];
/// A value that Conekta finds wrong.
const WRONG_AT_CONEKTA: &[Code] = &[
    Code::RequestInvalid,
    Code::AmountInvalid,
    Code::CurrencyInvalid,
    Code::EmailInvalid,
    Code::PhoneInvalid,
    Code::TokenUsed,
    Code::TokenInvalid,
    Code::TokenExpired,
    Code::CardExpired,
    Code::CardInvalid,
    Code::CardNumberInvalid,
    Code::CardCvvInvalid,
    Code::CardNotSupported,
    Code::ProcessingError,
];
/// A value that Mercado Pago finds wrong.
const WRONG_AT_MERCADO_PAGO: &[Code] = &[
    Code::RequestInvalid,
    Code::AmountInvalid,
    Code::PaymentMethodInvalid,
    Code::PayerInvalid,
    Code::InstallmentsInvalid,
    Code::TokenInvalid,
];

/// Adds the ways in which a payment through any of these gateways can fail.
pub(super) fn with_failures(operation: Operation, gateways: &[GatewayName]) -> Operation {
    let common = operation.fails_as(StatusCode::PAYMENT_REQUIRED, UNPAID).fails(&[
        Code::AgentOffline,
        Code::RouterUnreachable,
        Code::RouterLoginFailed,
        Code::RouterError,
        Code::ProfileNotFound,
        Code::UsernameExhausted,
        Code::GatewayAuthFailed,
        Code::GatewayError,
        Code::GatewayNotFound,
    ]);
    gateways.iter().fold(common, |operation, gateway| {
        let (unpaid, wrong, more): (_, _, &[Code]) = match gateway {
            GatewayName::Conekta => {
                let more = &[Code::BankUnreachable, Code::GatewayQuotaExceeded];
                (UNPAID_AT_CONEKTA, WRONG_AT_CONEKTA, more)
            }
            GatewayName::MercadoPago => (UNPAID_AT_MERCADO_PAGO, WRONG_AT_MERCADO_PAGO, &[]),
        };
        operation
            .fails_as(StatusCode::PAYMENT_REQUIRED, unpaid)
            .fails_as(StatusCode::BAD_REQUEST, wrong)
            .fails_as(StatusCode::UNPROCESSABLE_ENTITY, wrong)
            .fails(more)
    })
}

/// Adds the ways in which a payment is refused before anything is tried.
pub(super) fn with_refusals(operation: Operation) -> Operation {
    operation.fails(&[
        Code::GatewayNotConfigured,
        Code::CardDataRefused,
        Code::TokenMissing,
        Code::RouterInactive,
        Code::ProductNotFound,
        Code::IdempotencyConflict,
    ])
}

/// Paid, and the access can be used.
pub(super) fn sold_shape(payment: &str, paid: &str) -> Shape {
    let product = object([
        ("nombre", text("Una hora")),
        ("precio", number("20.0")),
        ("moneda", text("MXN")),
        ("perfil_mikrotik", text("1h")),
    ]);
    let more = object([("mercado_pago", mercado_pago_shape().or_absent())]);
    let sold = object([
        ("success", flag(true)),
        ("id_transaccion", text(payment)),
        ("estado_pago", word(&[paid])),
        ("tipo_usuario", word(&["usuario_contrasena", "pin"])),
        ("usuario_hotspot", object([("usuario", text("PT-7KQ2M")), ("contrasena", text("0417"))])),
        ("producto", product),
        ("cliente", object([("nombre", text("Ana Ruiz")), ("email", text("ana@example.org"))])),
        ("timestamp", moment()),
        ("estado_url", text("/api/v1/payments/TRX_0123456789ABCDEF01234567")),
        ("auto_conexion", device_shape()),
    ]);
    if paid == "approved" { sold.and(more) } else { sold }
}

fn device_shape() -> Shape {
    let codes = [
        Code::AutoConnectNotRequested,
        Code::AutoConnectNoMac,
        Code::AutoConnected,
        Code::AutoConnectTimeout,
        Code::AutoConnectFailed,
        Code::AutoConnectUnverified,
    ];
    let device = object([
        ("estado", word(&["no_conectado", "conectado"])),
        ("mac", text("")),
        ("ip", text("")),
        ("mensaje", sentence(Code::AutoConnectNotRequested)),
        ("code", code(&codes)),
        ("verificado", flag(false)),
        ("session_id", null().or_absent()),
    ]);
    device.named("DeviceLogin")
}

fn mercado_pago_shape() -> Shape {
    let method = object([
        ("id", text("visa").or_null()),
        ("type", text("credit_card").or_null()),
        ("issuer", text("310").or_null().or_absent()),
        ("last_four_digits", text("4242").or_null().or_absent()),
        ("installments", integer(1).or_absent()),
    ]);
    let shown = object([
        ("payment_id", integer(123_456_789).or_null()),
        ("status", text("approved")),
        ("status_detail", text("accredited")),
        ("installments", integer(1)),
        ("payment_method", method),
        ("raw_response", free_object(json!({}))),
    ]);
    shown.named("MercadoPagoPayment")
}

/// Not decided, or not delivered.
pub(super) fn pending_shape() -> Shape {
    let codes = [Code::PaymentPending, Code::PaymentInReview, Code::PaymentWaiting, Code::DeliveryPending];
    let action = object([("tipo", word(&["redirect"])), ("url", text("https://…"))]);
    let pending = told(
        "mensaje",
        &codes,
        [
            ("success", flag(false)),
            ("estado_pago", word(&["pending"])),
            ("id_transaccion", text("TRX_0123456789ABCDEF01234567").or_null()),
            ("estado_url", text("/api/v1/payments/TRX_0123456789ABCDEF01234567").or_null()),
            ("accion", action.shown_null()),
            ("timestamp", moment()),
            ("mercado_pago", mercado_pago_shape().or_absent()),
            ("advertencia", sentence(Code::PaymentPending).or_absent()),
        ],
    );
    pending.named("PendingPayment")
}
