//! The shapes of what the parent module writes.

use crate::domain::code::Code;
use crate::http::shape::{
    Shape, code, either, flag, integer, list, moment, number, object, sentence, text, told, word,
};
use crate::purchase::machine::Choice;

/// Why a gateway refuses a refund.
pub const REFUND_REFUSALS: &[Code] = &[
    Code::GatewayError,
    Code::GatewayAuthFailed,
    Code::GatewayNotFound,
    Code::GatewayQuotaExceeded,
    Code::BankUnreachable,
    Code::RequestInvalid,
    Code::AmountInvalid,
    Code::ProcessingError,
    Code::RateLimited,
];

/// Why something waits for a person.
const CAUSES: [Code; 13] = [
    Code::AttentionUndecided,
    Code::AttentionMismatch,
    Code::AttentionUndelivered,
    Code::AttentionRefundRefused,
    Code::AttentionRefundUnclear,
    Code::AttentionUserMissing,
    Code::AttentionMoneyReturned,
    Code::AttentionRouterAway,
    Code::AttentionStrayPayment,
    Code::AttentionUnknownReservation,
    Code::AttentionUnreadable,
    Code::AttentionNewsUnread,
    Code::AttentionEndpointOff,
];

fn causes_shape() -> Shape {
    list(object([("code", code(&CAUSES)), ("mensaje", sentence(Code::AttentionUndecided))]))
}

fn choices_shape() -> Shape {
    list(word(&Choice::ALL.map(Choice::as_str)))
}

fn failure_shape() -> Shape {
    object([("code", text("card_declined")), ("mensaje", sentence(Code::CardDeclined))])
}

/// The shape of [`super::summary`].
fn summary_shape() -> Shape {
    object([
        ("id", integer(142)),
        ("transaccion_id", text("ord_2abc")),
        ("monto", number("20.0")),
        ("moneda", text("MXN")),
        ("reembolsado", number("0.0")),
        ("reembolsable", number("20.0")),
        ("estado_pago", text("paid")),
        ("estado_hotspot", word(&["active", "pending", "removed", "disabled"])),
    ])
}

fn person_shape() -> Shape {
    object([
        ("tipo", word(&["persona", "operador"])),
        ("id", integer(12).or_null()),
        ("nombre", text("Ana").or_null()),
        ("email", text("ana@example.org").or_null()),
    ])
}

fn refund_shape() -> Shape {
    let refund = object([
        ("id", text("R1")),
        ("monto", number("5.5")),
        ("moneda", text("MXN")),
        ("estado", word(&["devuelto", "en_proceso", "rechazado"])),
        ("origen", word(&["solicitado", "sin_entrega"])),
        ("motivo", text("No funcionó").or_null()),
        ("pedido_en", moment()),
        ("pedido_por", person_shape().or_null()),
        ("pago_id", text("ord_2abc").or_null()),
        ("falla", failure_shape().shown_null()),
    ]);
    refund.named("Refund")
}

fn gateway_shape() -> Shape {
    let card = object([
        ("marca", text("visa").or_null()),
        ("tipo", text("credit").or_null()),
        ("ultimos4", text("4242").or_null()),
        ("emisor", text("Banco").or_null()),
        ("autorizacion", text("123456").or_null()),
    ]);
    object([
        ("nombre", text("conekta")),
        ("pago_id", text("ord_2abc").or_null()),
        ("referencia", text("TRX_0123456789ABCDEF01234567").or_null()),
        ("real", flag(false).or_null()),
        ("estado", text("paid").or_null()),
        ("detalle", text("accredited").or_null()),
        ("tarjeta", card.or_null()),
    ])
}

fn line_shape() -> Shape {
    let who = either([object([("tipo", word(&["sistema", "portal", "sitio", "pasarela"]))]), person_shape()]);
    object([("momento", moment()), ("paso", text("charge")), ("resultado", text("paid")), ("quien", who)])
}

/// The shape of [`super::show`].
#[must_use]
pub fn transaction_shape() -> Shape {
    let buyer = object([
        ("nombre", text("Ana Ruiz").or_null()),
        ("email", text("ana@example.org").or_null()),
        ("telefono", text("5512345678").or_null()),
    ]);
    let device = object([("mac", text("A0:B1:C2:D3:E4:F5").or_null()), ("ip", text("10.5.50.2").or_null())]);
    let product = object([
        ("id", integer(7).or_null()),
        ("nombre", text("Una hora").or_null()),
        ("perfil_mikrotik", text("1h").or_null()),
    ]);
    let user = object([
        ("usuario", text("PT-7KQ2M").or_null()),
        ("tipo", word(&["usuario_contrasena", "pin"]).or_null()),
    ]);
    let whole = summary_shape().and(object([
        ("empresa_id", text("EMP_0A1B2C3D4E")),
        ("compra_id", text("TRX_0123456789ABCDEF01234567").or_null()),
        ("fase", text("completed").or_null()),
        ("creada_en", moment()),
        ("pagada_en", moment().or_null()),
        ("usuario_creado_en", moment().or_null()),
        ("pasarela", gateway_shape()),
        ("falla", failure_shape().shown_null()),
        ("cliente", buyer),
        ("dispositivo", device.or_null()),
        ("router", object([("id", text("RTR_00AA11BB")), ("nombre", text("Kiosco").or_null())])),
        ("producto", product),
        ("usuario_hotspot", user),
        ("reembolsos", list(refund_shape())),
        ("linea_de_tiempo", list(line_shape())),
        ("requiere_revision", causes_shape()),
        ("acciones", choices_shape()),
    ]));
    whole.named("Transaction")
}

/// The shape of [`super::resolve`].
#[must_use]
pub fn resolved_shape() -> Shape {
    told(
        "mensaje",
        &[Code::DecisionTaken],
        [
            ("accion", word(&Choice::ALL.map(Choice::as_str))),
            ("transaccion", summary_shape()),
            ("requiere_revision", causes_shape()),
            ("acciones", choices_shape()),
        ],
    )
}

/// The shape of the answer to a refund.
#[must_use]
pub fn refund_answer_shape(code: Code) -> Shape {
    told(
        "mensaje",
        &[code],
        [
            ("success", flag(code == Code::RefundDone)),
            ("reembolso", refund_shape()),
            ("transaccion", summary_shape()),
            ("estado_url", text("/api/v1/admin/mi-empresa/transacciones/142")),
        ],
    )
}

/// The shape of [`super::acknowledge_stray`].
#[must_use]
pub fn stray_shape() -> Shape {
    let fields = [("pasarela", text("mercado_pago")), ("pago_id", text("123456789"))];
    told("mensaje", &[Code::StrayPaymentAcknowledged], fields)
}

/// The shape of [`super::review`].
#[must_use]
pub fn review_shape() -> Shape {
    object([
        ("total", integer(1)),
        ("limit", integer(50)),
        ("offset", integer(0)),
        (
            "pendientes",
            list(either([purchase_case(), stray_case(), reservation_case(), endpoint_case()]).named("Case")),
        ),
    ])
}

fn case() -> Shape {
    object([
        ("empresa_id", text("EMP_0A1B2C3D4E")),
        ("desde", moment()),
        ("motivos", causes_shape()),
        ("monto", number("20.0").or_null()),
        ("moneda", text("MXN").or_null()),
        ("acciones", choices_shape()),
    ])
}

fn purchase_case() -> Shape {
    case().and(object([
        ("tipo", word(&["compra"])),
        ("id", integer(142)),
        ("transaccion_id", text("ord_2abc")),
        ("compra_id", text("TRX_0123456789ABCDEF01234567")),
        ("router_id", text("RTR_00AA11BB")),
        ("pasarela", text("conekta")),
        ("pago_id", text("ord_2abc").or_null()),
    ]))
}

fn stray_case() -> Shape {
    case().and(object([
        ("tipo", word(&["pago_suelto"])),
        ("pasarela", text("mercado_pago")),
        ("pago_id", text("123456789")),
        ("referencia", text("otra venta").or_null()),
    ]))
}

fn reservation_case() -> Shape {
    case().and(object([
        ("tipo", word(&["reserva_desconocida"])),
        ("router_id", text("RTR_00AA11BB")),
        ("compra_id", text("TRX_0123456789ABCDEF01234567")),
        ("usuario_hotspot", text("PT-7KQ2M")),
    ]))
}

fn endpoint_case() -> Shape {
    case().and(object([
        ("tipo", word(&["webhook_apagado"])),
        ("webhook_id", text("wh_0123456789abcdef")),
        ("servidor", text("tienda.example.org")),
    ]))
}
