//! Endpoints for operators of the platform.

pub mod company_create;
pub mod company_list;
pub mod company_stats;
pub mod dashboard;
pub mod enrolment;
pub mod key_list;
pub mod key_regenerate;
pub mod key_revoke;
pub mod key_status;
pub mod review_list;
pub mod router_create;
pub mod router_delete;
pub mod router_input;
pub mod router_list;
pub mod router_show;
pub mod router_toggle;
pub mod stray_acknowledge;
pub mod transaction_resolve;
pub mod transaction_show;
pub mod user_create;
pub mod user_list;
pub mod user_show;
pub mod user_toggle;

use serde_json::{Value, json};

use super::operation::Operation;
use super::shape::{Shape, flag, integer, moment, object, text, word};
use crate::store::api_keys::NewApiKey;
use crate::store::companies::Company;
use crate::store::routers::Router;

/// The endpoints.
#[must_use]
pub fn operations() -> Vec<Operation> {
    vec![
        dashboard::operation(),
        company_list::operation(),
        company_create::operation(),
        company_stats::operation(),
        router_list::operation(),
        router_create::operation(),
        router_show::operation(),
        router_delete::operation(),
        router_toggle::operation(),
        enrolment::operation(),
        key_list::operation(),
        key_status::operation(),
        key_regenerate::operation(),
        key_revoke::operation(),
        user_list::operation(),
        user_create::operation(),
        user_show::operation(),
        user_toggle::operation(),
        review_list::operation(),
        transaction_show::operation(),
        transaction_resolve::operation(),
        stray_acknowledge::operation(),
    ]
}

/// How an operator sees a company.
fn company_view(company: &Company) -> Value {
    json!({
        "id": company.id,
        "nombre": company.name,
        "contacto_email": company.contact_email,
        "contacto_telefono": company.contact_phone,
        "conekta_mode": company.conekta_mode,
        "activa": company.active,
        "creada_en": company.created_at.iso(),
    })
}

/// The shape of [`company_view`].
fn company_shape() -> Shape {
    let company = object([
        ("id", text("EMP_3A9F1C0B2D")),
        ("nombre", text("Red Parque")),
        ("contacto_email", text("red@example.org").or_null()),
        ("contacto_telefono", text("5512345678").or_null()),
        ("conekta_mode", text("test")),
        ("activa", flag(true)),
        ("creada_en", moment()),
    ]);
    company.named("Company")
}

/// How an operator sees a router.
fn router_view(router: &Router) -> Value {
    json!({
        "id": router.id,
        "empresa_id": router.company_id,
        "nombre": router.name,
        "host": router.host,
        "puerto": router.port,
        "ubicacion": router.location,
        "activo": router.active,
        "creado_en": router.created_at.iso(),
    })
}

/// The shape of [`router_view`].
fn router_shape() -> Shape {
    object([
        ("id", text("RTR_00AA11BB")),
        ("empresa_id", text("EMP_3A9F1C0B2D")),
        ("nombre", text("Kiosco")),
        ("host", text("10.0.0.1")),
        ("puerto", integer(8728)),
        ("ubicacion", text("Entrada").or_null()),
        ("activo", flag(true)),
        ("creado_en", moment()),
    ])
}

/// What is told about a key that was just made.
fn key_info(key: &NewApiKey) -> Value {
    json!({
        "key_id": key.id,
        "issued_at": key.issued_at.iso(),
        "expires_at": key.expires_at.iso(),
        "type": "router_api_key",
    })
}

/// The shape of [`key_info`].
fn key_info_shape() -> Shape {
    let info = object([
        ("key_id", text("key_0123456789abcdef")),
        ("issued_at", moment()),
        ("expires_at", moment()),
        ("type", word(&["router_api_key"])),
    ]);
    info.named("ApiKeyInfo")
}
