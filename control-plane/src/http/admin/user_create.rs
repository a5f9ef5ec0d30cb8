//! `POST /admin/usuarios`.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::domain::code::Code;
use crate::domain::id::{CompanyId, ID_BYTES_MAX};
use crate::http::account::{NAME_CHARS_MAX, new_password, user_view};
use crate::http::app::Shared;
use crate::http::body::Body;
use crate::http::error::ApiError;
use crate::http::extract::SuperAdmin;
use crate::store::users::NewUser;
use crate::tenants::users::{check_role, create};
use crate::text::Language;

/// Longest text that is looked at as a role, in characters.
const ROLE_CHARS_MAX: usize = 50;

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
    let (email, password, name, role, company) = body.read(|fields| {
        (
            fields.required_email("email"),
            new_password(fields, "password"),
            fields.required_string("nombre", NAME_CHARS_MAX),
            fields.required_string("rol", ROLE_CHARS_MAX),
            fields.optional_string("empresa_id", ID_BYTES_MAX).filter(|id| !id.is_empty()),
        )
    })?;
    let role = check_role(&app.store, &role, company.clone().map(CompanyId::new).as_ref()).await?;
    let password_hash = app.passwords.hash(password).await?;
    let now = app.clock.now();
    let new = NewUser { role, company_id: company, email, name, password_hash, created_at: now };
    let user = create(&app.store, new).await?;
    let code = Code::UserCreated;
    Ok(Json(json!({"message": language.code(code), "code": code.as_str(), "usuario": user_view(&user)})))
}
