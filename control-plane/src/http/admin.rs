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

use crate::store::api_keys::NewApiKey;
use crate::store::companies::Company;
use crate::store::routers::Router;

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

/// What is told about a key that was just made.
fn key_info(key: &NewApiKey) -> Value {
    json!({
        "key_id": key.id,
        "issued_at": key.issued_at.iso(),
        "expires_at": key.expires_at.iso(),
        "type": "router_api_key",
    })
}
