//! `PUT /api/v1/admin/mi-empresa/routers/{router_id}`.

use axum::Json;
use axum::extract::State;
use pagos_protocol::{RouterSettings, Secret};
use serde_json::{Value, json};

use super::MASK;
use crate::domain::code::Code;
use crate::domain::id::RouterId;
use crate::http::admin::router_input::{
    HOST_CHARS_MAX, LOCATION_CHARS_MAX, NAME_CHARS_MAX, PASSWORD_CHARS_MAX, PORT_MAX, USERNAME_CHARS_MAX,
    seal_password,
};
use crate::http::app::{App, Shared};
use crate::http::body::Body;
use crate::http::error::ApiError;
use crate::http::extract::{CompanyAdmin, Segments};
use crate::store::routers::{Change, PASSWORD_FIELD, Router};
use crate::tenants::routers;
use crate::text::Language;
use crate::vault::Context;

/// See the module.
///
/// # Errors
/// `router_not_found`, 422, or when the database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    admin: CompanyAdmin,
    Segments(id): Segments<String>,
    language: Language,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    let change = body.read(|fields| {
        let password = fields.optional_text(("password_encrypted", "password"), PASSWORD_CHARS_MAX);
        Change {
            name: fields.optional_string("nombre", NAME_CHARS_MAX),
            location: fields.change_of_string("ubicacion", LOCATION_CHARS_MAX),
            host: fields.optional_string("host", HOST_CHARS_MAX),
            port: fields.optional_integer_within("puerto", 1, PORT_MAX),
            username: fields.optional_string("usuario", USERNAME_CHARS_MAX),
            password_sealed: password
                .filter(|password| password != MASK)
                .map(|password| seal_password(&app.vault, &admin.company, &password)),
        }
    })?;
    let concerns_agent = change.concerns_agent();
    let router = routers::change(&app.store, &admin.company, &RouterId::new(id), change).await?;
    if concerns_agent {
        tell_agent(&app, &router)?;
    }
    let code = Code::RouterUpdated;
    Ok(Json(json!({
        "message": language.code(code),
        "code": code.as_str(),
        "router": {
            "id": router.id,
            "nombre": router.name,
            "host": router.host,
            "puerto": router.port,
            "usuario": router.username,
            "ubicacion": router.location,
            "activo": router.active,
        },
    })))
}

/// Sends the settings in the background: the agent may be slow or away, and gets them at its next welcome anyway.
fn tell_agent(app: &App, router: &Router) -> Result<(), ApiError> {
    let context = Context { tenant: router.company_id.as_str(), field: PASSWORD_FIELD };
    let password = app
        .vault
        .open_sealed(&context, &router.password_sealed)
        .map_err(|error| ApiError::internal(&error))?;
    let settings = RouterSettings {
        router_id: router.id.as_str().to_owned(),
        version: router.settings_version.unsigned_abs(),
        host: router.host.clone(),
        port: u16::try_from(router.port).unwrap_or_default(),
        username: router.username.clone(),
        password: Secret::new(password.as_str()),
    };
    let hub = app.hub.clone();
    tokio::spawn(async move { hub.settings_changed(settings).await });
    Ok(())
}
