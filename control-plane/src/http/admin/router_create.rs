//! `POST /admin/empresas/{empresa_id}/routers`: the only time that the router's first key is shown.

use axum::Json;
use axum::extract::State;
use serde_json::Value;

use super::router_input::{
    HOST_CHARS_MAX, LOCATION_CHARS_MAX, NAME_CHARS_MAX, PASSWORD_CHARS_MAX, PORT_DEFAULT, PORT_MAX,
    USERNAME_CHARS_MAX, seal_password,
};
use super::{key_info, router_view};
use crate::domain::code::Code;
use crate::domain::id::{CompanyId, ID_BYTES_MAX, RouterId, SiteId};
use crate::http::app::{App, Shared};
use crate::http::body::{Body, Fields};
use crate::http::error::ApiError;
use crate::http::extract::{Segments, SuperAdmin};
use crate::store::routers::Router;
use crate::tenants::routers;

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
    let (router, named) = body.read(|fields| {
        (read(fields, &app, company.clone()), fields.optional_string("empresa_id", ID_BYTES_MAX))
    })?;
    if named.is_some_and(|named| named != company.as_str()) {
        return Err(ApiError::new(Code::CompanyMismatch));
    }
    let key = app.api_keys.issue(&company, &router.id);
    let info = key_info(&key.row);
    let made = routers::create(&app.store, router, key.row).await?;
    let mut view = router_view(&made);
    view["api_key"] = key.text.into();
    view["api_key_info"] = info;
    Ok(Json(view))
}

fn read(fields: &mut Fields<'_>, app: &App, company: CompanyId) -> Router {
    let now = app.clock.now();
    let password = fields.required_text("password", PASSWORD_CHARS_MAX);
    Router {
        id: RouterId::draw(&app.random),
        site_id: SiteId::new(app.random.uuid(now)),
        name: fields.required_string("nombre", NAME_CHARS_MAX),
        host: fields.required_string("host", HOST_CHARS_MAX),
        port: fields.optional_integer_within("puerto", 1, PORT_MAX).unwrap_or(PORT_DEFAULT),
        username: fields.required_string("usuario", USERNAME_CHARS_MAX),
        password_sealed: seal_password(&app.vault, &company, &password),
        location: fields.optional_string("ubicacion", LOCATION_CHARS_MAX),
        active: true,
        settings_version: 1,
        created_at: now,
        company_id: company,
    }
}
