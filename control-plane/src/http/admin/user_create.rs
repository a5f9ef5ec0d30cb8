//! `POST /admin/usuarios`.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::domain::code::Code;
use crate::domain::id::{CompanyId, ID_BYTES_MAX};
use crate::http::account::{NAME_CHARS_MAX, new_password, user_shape, user_view};
use crate::http::app::Shared;
use crate::http::body::{Body, Fields, Kind};
use crate::http::error::ApiError;
use crate::http::extract::SuperAdmin;
use crate::http::operation::{Access, Operation};
use crate::http::shape::done;
use crate::store::users::NewUser;
use crate::tenants::users::{check_role, create};
use crate::text::Language;

/// Longest text that is looked at as a role, in characters.
const ROLE_CHARS_MAX: usize = 50;

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::post("/admin/usuarios", handle).titled("Crea un usuario", "Make a user").open_to(Access::SuperAdmin)
        .reads(
            json!({"email": "ana@example.org", "password": "una frase larga", "nombre": "Ana", "rol": "cliente_admin", "empresa_id": "EMP_3A9F1C0B2D"}),
            |fields| {
                read(fields);
            },
        )
        .gives(done(&[Code::UserCreated], [("usuario", user_shape())]))
        .fails(&[
            Code::RoleInvalid,
            Code::CompanyRequired,
            Code::CompanyNotFound,
            Code::CompanyNotAllowed,
            Code::EmailTaken,
        ])
}

/// See the module.
///
/// # Errors
/// `role_invalid`, `company_required`, `company_not_found`, `company_not_allowed`, `email_taken`, 422, or when the
/// database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    _: SuperAdmin,
    language: Language,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    let Sent { email, password, name, role, company } = body.read(read)?;
    let role = check_role(&app.store, &role, company.clone().map(CompanyId::new).as_ref()).await?;
    let password_hash = app.passwords.hash(password).await?;
    let now = app.clock.now();
    let new = NewUser { role, company_id: company, email, name, password_hash, created_at: now };
    let user = create(&app.store, new).await?;
    let code = Code::UserCreated;
    Ok(Json(json!({"message": language.code(code), "code": code.as_str(), "usuario": user_view(&user)})))
}

struct Sent {
    email: String,
    password: Zeroizing<String>,
    name: String,
    role: String,
    company: Option<String>,
}

fn read(fields: &mut Fields<'_>) -> Sent {
    let role = fields.required_string("rol", ROLE_CHARS_MAX);
    fields.takes("rol", Kind::Choice(&["cliente_admin", "super_admin"]));
    Sent {
        email: fields.required_email("email"),
        password: new_password(fields, "password"),
        name: fields.required_string("nombre", NAME_CHARS_MAX),
        role,
        company: fields.optional_string("empresa_id", ID_BYTES_MAX).filter(|id| !id.is_empty()),
    }
}
