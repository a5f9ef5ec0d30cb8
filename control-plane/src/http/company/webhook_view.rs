//! How admins see and describe an endpoint, and how they see its deliveries.

use serde_json::{Value, json};

use super::MASK;
use crate::domain::code::Code;
use crate::domain::event::EventKind;
use crate::domain::target::{self, TargetFault, URL_CHARS_MAX};
use crate::domain::time::Timestamp;
use crate::http::body::{Fields, Kind};
use crate::http::error::Fault;
use crate::http::shape::{Shape, code, flag, integer, list, moment, object, sentence, text, word};
use crate::store::outbox::{DONE, FAILED, Message};
use crate::store::webhook_endpoints::Endpoint;
use crate::text::{Language, Phrase};

/// Longest description, in characters.
const DESCRIPTION_CHARS_MAX: usize = 200;
/// Failing for so long, an endpoint is shown as failing, in milliseconds; until then it is tried again as usual.
const FAILING_MS: i64 = 86_400_000;

/// Most kinds that are looked at; each may be named more than once.
const EVENTS_MAX: usize = 50;
/// Words for the kinds, and for all of them.
const EVENTS: [&str; EventKind::ALL.len() + 1] = {
    let mut words = ["*"; EventKind::ALL.len() + 1];
    let mut index = 0;
    while index < EventKind::ALL.len() {
        words[index] = EventKind::ALL[index].as_str();
        index += 1;
    }
    words
};

/// The address; empty when it is absent, null or no target, and then the field is refused.
pub(super) fn url(fields: &mut Fields<'_>, allow_private: bool) -> String {
    let text = fields.required_string("url", URL_CHARS_MAX).trim().to_owned();
    fields.takes("url", Kind::Url { chars_max: URL_CHARS_MAX });
    check_url(fields, text, allow_private)
}

/// The new address; none when it is absent. Null and what is no target are refused.
pub(super) fn changed_url(fields: &mut Fields<'_>, allow_private: bool) -> Option<String> {
    let text = fields.change_of_name("url", URL_CHARS_MAX);
    fields.takes("url", Kind::Url { chars_max: URL_CHARS_MAX });
    text.map(|text| check_url(fields, text.trim().to_owned(), allow_private))
}

fn check_url(fields: &mut Fields<'_>, text: String, allow_private: bool) -> String {
    if !fields.raw("url").is_some_and(Value::is_string) {
        return text;
    }
    match target::parse(&text, allow_private) {
        Ok(_) => return text,
        Err(TargetFault::Syntax) => fields.refuse("url", Fault::Value(Phrase::UrlSyntax)),
        Err(TargetFault::Scheme) => fields.refuse("url", Fault::Value(Phrase::UrlScheme)),
        Err(TargetFault::Private) => fields.refuse("url", Fault::Value(Phrase::UrlPrivate)),
    }
    String::new()
}

/// The description; blank counts as none.
pub(super) fn description(fields: &mut Fields<'_>) -> Option<String> {
    let text = fields.optional_string("descripcion", DESCRIPTION_CHARS_MAX)?.trim().to_owned();
    (!text.is_empty()).then_some(text)
}

/// The kinds of events; none means all, which is what null and `*` mean.
pub(super) fn kinds(fields: &mut Fields<'_>) -> Option<Vec<EventKind>> {
    let list = fields.optional_list("eventos", EVENTS_MAX);
    fields.takes("eventos", Kind::Words { words: &EVENTS, items_max: EVENTS_MAX });
    let list = list?;
    if list.is_empty() {
        fields.refuse("eventos", Fault::Value(Phrase::ListEmpty));
    }
    let mut kinds = Vec::new();
    for (index, item) in list.iter().enumerate() {
        match item.as_str() {
            Some("*") => return None,
            Some(word) => match EventKind::parse(word) {
                Some(kind) => kinds.push(kind),
                None => fields.refuse_element("eventos", index, Fault::Literal),
            },
            None => fields.refuse_element("eventos", index, Fault::StringType),
        }
    }
    Some(kinds)
}

/// An endpoint. Its secret is never shown again.
pub(super) fn endpoint(endpoint: &Endpoint, now: Timestamp, language: Language) -> Value {
    let all = || EventKind::ALL.map(EventKind::as_str).to_vec();
    json!({
        "id": endpoint.id,
        "url": endpoint.url,
        "descripcion": endpoint.description,
        "eventos": endpoint.kinds().unwrap_or_else(all),
        "todos_los_eventos": endpoint.kinds().is_none(),
        "activo": endpoint.active,
        "estado": state(endpoint, now),
        "fallando_desde": endpoint.failing_since.map(iso),
        "apagado_en": endpoint.switched_off_at.map(iso),
        "motivo": endpoint.switched_off_for.as_deref().map(|code| reason(code, language)),
        "secreto": MASK,
        "secreto_anterior_hasta": endpoint.old_secret_until.filter(|until| now.0 < *until).map(iso),
        "creado_en": endpoint.created_at.iso(),
        "actualizado_en": endpoint.updated_at.iso(),
    })
}

/// The shape of [`endpoint`], and of its secret when it is shown.
pub(super) fn endpoint_shape() -> Shape {
    let endpoint = object([
        ("id", text("wh_0123456789abcdef")),
        ("url", text("https://tienda.example.org/pagos")),
        ("descripcion", text("Tienda").or_null()),
        ("eventos", list(word(&EventKind::ALL.map(EventKind::as_str)))),
        ("todos_los_eventos", flag(false)),
        ("activo", flag(true)),
        ("estado", word(&["activo", "reintentando", "fallando", "apagado", "inactivo"])),
        ("fallando_desde", moment().shown_null()),
        ("apagado_en", moment().shown_null()),
        ("motivo", reason_shape().shown_null()),
        ("secreto", text(MASK)),
        ("secreto_anterior_hasta", moment().shown_null()),
        ("creado_en", moment()),
        ("actualizado_en", moment()),
    ]);
    endpoint.named("Webhook")
}

/// The shape of [`delivery`].
pub(super) fn delivery_shape() -> Shape {
    let delivery = object([
        ("id", text("msg_0123456789abcdef")),
        ("evento", text("payment.completed")),
        ("creada_en", moment()),
        ("estado", word(&["entregada", "pendiente", "fallida"])),
        ("intentos", integer(1)),
        ("ultimo_intento", moment().or_null()),
        ("ultimo_estado_http", integer(200).or_null()),
        ("siguiente_intento", moment().shown_null()),
        ("error", reason_shape().shown_null()),
    ]);
    delivery.named("WebhookDelivery")
}

/// The shape of [`reason`].
pub(super) fn reason_shape() -> Shape {
    let codes = [
        Code::EndpointStatus,
        Code::EndpointRedirected,
        Code::EndpointGone,
        Code::EndpointTimeout,
        Code::EndpointUnreachable,
        Code::EndpointTlsFailed,
        Code::EndpointTargetRefused,
        Code::EndpointOff,
    ];
    object([("code", code(&codes)), ("mensaje", sentence(Code::EndpointStatus).or_null())])
}

fn state(endpoint: &Endpoint, now: Timestamp) -> &'static str {
    let failing = endpoint.failing_since.map(|since| now.0 - since);
    match (endpoint.active, endpoint.switched_off_at, failing) {
        (false, Some(_), _) => "apagado",
        (false, None, _) => "inactivo",
        (true, _, Some(ms)) if ms >= FAILING_MS => "fallando",
        (true, _, Some(_)) => "reintentando",
        (true, _, None) => "activo",
    }
}

/// A delivery; neither its body nor a secret.
pub(super) fn delivery(message: &Message, language: Language) -> Value {
    let state = match message.state.as_str() {
        DONE => "entregada",
        FAILED => "fallida",
        _ => "pendiente",
    };
    json!({
        "id": message.id,
        "evento": message.kind,
        "creada_en": message.created_at.iso(),
        "estado": state,
        "intentos": message.attempts,
        "ultimo_intento": message.last_at.map(iso),
        "ultimo_estado_http": message.last_status,
        "siguiente_intento": (state == "pendiente").then(|| message.next_at.iso()),
        "error": message.last_error.as_deref().map(|code| reason(code, language)),
    })
}

/// A code and its sentence.
pub(super) fn reason(code: &str, language: Language) -> Value {
    json!({"code": code, "mensaje": Code::parse(code).map(|code| language.code(code))})
}

fn iso(millis: i64) -> String {
    Timestamp(millis).iso()
}
