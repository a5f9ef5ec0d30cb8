//! How admins see and describe an endpoint, and how they see its deliveries.

use serde_json::{Value, json};

use super::MASK;
use crate::domain::code::Code;
use crate::domain::event::EventKind;
use crate::domain::target::{self, TargetFault, URL_CHARS_MAX};
use crate::domain::time::Timestamp;
use crate::http::body::Fields;
use crate::http::error::Fault;
use crate::store::outbox::{DONE, FAILED, Message};
use crate::store::webhook_endpoints::Endpoint;
use crate::text::{Language, Phrase};

/// Longest description, in characters.
const DESCRIPTION_CHARS_MAX: usize = 200;
/// Failing for so long, an endpoint is shown as failing, in milliseconds; until then it is tried again as usual.
const FAILING_MS: i64 = 86_400_000;

/// The address; empty when it is absent, null or no target, and then the field is refused.
pub(super) fn url(fields: &mut Fields<'_>, allow_private: bool) -> String {
    let text = fields.required_string("url", URL_CHARS_MAX).trim().to_owned();
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
    let list = fields.optional_list("eventos")?;
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
