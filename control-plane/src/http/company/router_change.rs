//! `PUT /api/v1/admin/mi-empresa/routers/{router_id}`.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::MASK;
use crate::domain::code::Code;
use crate::domain::id::RouterId;
use crate::http::admin::router_input::{
    HOST_CHARS_MAX, LOCATION_CHARS_MAX, NAME_CHARS_MAX, PASSWORD_CHARS_MAX, PORT_MAX, USERNAME_CHARS_MAX,
    seal_password,
};
use crate::http::app::{App, Shared};
use crate::http::body::{Body, Fields};
use crate::http::error::ApiError;
use crate::http::extract::{CompanyAdmin, Segments};
use crate::http::operation::{Access, Operation};
use crate::http::shape::{done, flag, integer, object, text};
use crate::link::settings::{self, Stored};
use crate::store::routers::{Change, Router};
use crate::tenants::routers;
use crate::text::Language;

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::put("/api/v1/admin/mi-empresa/routers/{router_id}", handle)
        .titled("Cambia un router", "Change a router")
        .open_to(Access::CompanyAdmin)
        .reads(json!({"nombre": "Kiosco", "host": "10.0.0.2", "puerto": 8729}), |fields| {
            read(fields, &|password| password);
        })
        .gives(done(
            &[Code::RouterUpdated],
            [(
                "router",
                object([
                    ("id", text("RTR_00AA11BB")),
                    ("nombre", text("Kiosco")),
                    ("host", text("10.0.0.2")),
                    ("puerto", integer(8729)),
                    ("usuario", text("pagos")),
                    ("ubicacion", text("Entrada").or_null()),
                    ("activo", flag(true)),
                ]),
            )],
        ))
        .fails(&[Code::RouterNotFound])
}

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
    let seal = |password: String| seal_password(&app.vault, &admin.company, &password);
    let change = body.read(|fields| read(fields, &seal))?;
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

/// Reads the change; `seal` seals a password.
fn read(fields: &mut Fields<'_>, seal: &dyn Fn(String) -> String) -> Change {
    let password = fields.optional_text(("password_encrypted", "password"), PASSWORD_CHARS_MAX);
    Change {
        name: fields.optional_string("nombre", NAME_CHARS_MAX),
        location: fields.change_of_string("ubicacion", LOCATION_CHARS_MAX),
        host: fields.optional_string("host", HOST_CHARS_MAX),
        port: fields.optional_integer_within("puerto", 1, PORT_MAX),
        username: fields.optional_string("usuario", USERNAME_CHARS_MAX),
        password_sealed: password.filter(|password| password != MASK).map(seal),
    }
}

/// Sends the settings in the background: the agent may be slow or away, and gets them at its next welcome anyway.
fn tell_agent(app: &App, router: &Router) -> Result<(), ApiError> {
    let stored = Stored {
        id: router.id.as_str(),
        version: router.settings_version,
        host: &router.host,
        port: router.port,
        username: &router.username,
        password_sealed: &router.password_sealed,
    };
    let settings =
        settings::open(&app.vault, &router.company_id, stored).map_err(|error| ApiError::internal(&error))?;
    let hub = app.hub.clone();
    tokio::spawn(async move { hub.settings_changed(settings).await });
    Ok(())
}
