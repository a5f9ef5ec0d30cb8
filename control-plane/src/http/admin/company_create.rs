//! `POST /admin/empresas`.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::{company_shape, company_view};
use crate::domain::id::{CompanyId, draw_webhook_path};
use crate::domain::time::Timestamp;
use crate::http::app::Shared;
use crate::http::body::{Body, Fields};
use crate::http::error::ApiError;
use crate::http::extract::SuperAdmin;
use crate::http::operation::{Access, Operation};
use crate::store::companies::NewCompany;
use crate::tenants::companies::{create, real_key, seal_conekta_key};

/// Longest name or e-mail of a company, in characters.
const NAME_CHARS_MAX: usize = 100;
/// Longest phone, in characters.
const PHONE_CHARS_MAX: usize = 32;
/// Longest key of a gateway, in characters.
const KEY_CHARS_MAX: usize = 255;

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::post("/admin/empresas", handle).titled("Crea una empresa", "Make a company").open_to(Access::SuperAdmin)
        .reads(
            json!({"nombre": "Red Parque", "contacto_email": "red@example.org", "contacto_telefono": "5512345678", "conekta_mode": "test"}),
            |fields| {
                read(fields, CompanyId::new(""), Timestamp(0));
            },
        )
        .gives(company_shape())
}

/// See the module.
///
/// # Errors
/// 422, or when the database does not answer.
pub async fn handle(State(app): State<Shared>, _: SuperAdmin, body: Body) -> Result<Json<Value>, ApiError> {
    let id = CompanyId::draw(&app.random);
    let (company, key) = body.read(|fields| read(fields, id.clone(), app.clock.now()))?;
    let sealed = key.map(|key| seal_conekta_key(&app.vault, &id, &key));
    let path = draw_webhook_path(&app.random);
    Ok(Json(company_view(&create(&app.store, company, path, sealed).await?)))
}

fn read(fields: &mut Fields<'_>, id: CompanyId, now: Timestamp) -> (NewCompany, Option<String>) {
    let key = fields.optional_string("conekta_private_key", KEY_CHARS_MAX);
    let public_key = fields.optional_string("conekta_public_key", KEY_CHARS_MAX);
    let company = NewCompany {
        id,
        name: fields.required_string("nombre", NAME_CHARS_MAX),
        contact_email: fields.required_string("contacto_email", NAME_CHARS_MAX),
        contact_phone: fields.optional_string("contacto_telefono", PHONE_CHARS_MAX),
        conekta_mode: fields.optional_choice("conekta_mode", &["test", "live"]).unwrap_or("test").to_owned(),
        conekta_public_key: real_key(public_key),
        created_at: now,
    };
    (company, real_key(key))
}
