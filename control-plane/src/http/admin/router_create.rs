//! `POST /admin/empresas/{empresa_id}/routers`: the only time that the router's first key is shown.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::router_input::{
    HOST_CHARS_MAX, LOCATION_CHARS_MAX, NAME_CHARS_MAX, PASSWORD_CHARS_MAX, PORT_DEFAULT, PORT_MAX,
    USERNAME_CHARS_MAX, seal_password,
};
use super::{key_info, key_info_shape, router_shape, router_view};
use crate::domain::code::Code;
use crate::domain::id::{CompanyId, ID_BYTES_MAX, RouterId, SiteId};
use crate::http::app::{App, Shared};
use crate::http::body::{Body, Fields};
use crate::http::error::ApiError;
use crate::http::extract::{Segments, SuperAdmin};
use crate::http::operation::{Access, Operation};
use crate::http::shape::{object, text};
use crate::store::routers::Router;
use crate::tenants::routers;

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::post("/admin/empresas/{empresa_id}/routers", handle).titled("Crea un router con su clave API", "Make a router with its API key").open_to(Access::SuperAdmin)
        .noted("La clave se muestra esta única vez.", "The key is shown this once only.")
        .reads(
            json!({"nombre": "Kiosco", "host": "10.0.0.1", "puerto": 8728, "usuario": "pagos", "password": "s3creta", "ubicacion": "Entrada"}),
            |fields| {
                read(fields);
            },
        )
        .gives(
            router_shape()
                .and(object([("api_key", text("jwt_eyJ…")), ("api_key_info", key_info_shape())])),
        )
        .fails(&[Code::CompanyNotFound, Code::CompanyMismatch])
}

/// See the module.
///
/// # Errors
/// `company_not_found`, `company_mismatch`, 422, or when the database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    _: SuperAdmin,
    Segments(company): Segments<String>,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    let company = CompanyId::new(company);
    let sent = body.read(read)?;
    if sent.company.as_ref().is_some_and(|named| named != company.as_str()) {
        return Err(ApiError::new(Code::CompanyMismatch));
    }
    let router = router(sent, &app, company.clone());
    let key = app.api_keys.issue(&company, &router.id);
    let info = key_info(&key.row);
    let made = routers::create(&app.store, router, key.row).await?;
    let mut view = router_view(&made);
    view["api_key"] = key.text.into();
    view["api_key_info"] = info;
    Ok(Json(view))
}

struct Sent {
    name: String,
    host: String,
    port: i64,
    username: String,
    password: Zeroizing<String>,
    location: Option<String>,
    company: Option<String>,
}

fn read(fields: &mut Fields<'_>) -> Sent {
    Sent {
        name: fields.required_string("nombre", NAME_CHARS_MAX),
        host: fields.required_string("host", HOST_CHARS_MAX),
        port: fields.optional_integer_within("puerto", 1, PORT_MAX).unwrap_or(PORT_DEFAULT),
        username: fields.required_string("usuario", USERNAME_CHARS_MAX),
        password: Zeroizing::new(fields.required_text("password", PASSWORD_CHARS_MAX)),
        location: fields.optional_string("ubicacion", LOCATION_CHARS_MAX),
        company: fields.optional_string("empresa_id", ID_BYTES_MAX),
    }
}

fn router(sent: Sent, app: &App, company: CompanyId) -> Router {
    let now = app.clock.now();
    Router {
        id: RouterId::draw(&app.random),
        site_id: SiteId::new(app.random.uuid(now)),
        name: sent.name,
        host: sent.host,
        port: sent.port,
        username: sent.username,
        password_sealed: seal_password(&app.vault, &company, &sent.password),
        location: sent.location,
        active: true,
        settings_version: 1,
        created_at: now,
        company_id: company,
    }
}
