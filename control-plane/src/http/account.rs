//! What all endpoints about users share: the fields that make one, and how one is shown.

use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::body::Fields;
use super::error::Fault;
use crate::auth::password;
use crate::store::users::User;

/// Longest name, in characters.
pub const NAME_CHARS_MAX: usize = 100;
/// Longest password that is looked at, in characters.
pub const PASSWORD_CHARS_MAX: usize = 1024;

/// A password that is good enough for a new user.
pub fn new_password(fields: &mut Fields<'_>, name: &'static str) -> Zeroizing<String> {
    let text = Zeroizing::new(fields.required_text(name, PASSWORD_CHARS_MAX));
    let sent = fields.raw(name).is_some_and(|value| value.is_string() || value.is_number());
    if sent && let Some(phrase) = password::fault(&text) {
        fields.refuse(name, Fault::Value(phrase));
    }
    text
}

/// How a user is shown. Imported rows may hold an empty company or the text "none".
#[must_use]
pub fn user_view(user: &User) -> Value {
    let company = user.company_id.as_deref().filter(|id| !id.is_empty() && !id.eq_ignore_ascii_case("none"));
    json!({
        "id": user.id,
        "email": user.email,
        "nombre": user.name,
        "rol": user.role,
        "empresa_id": company,
        "activo": user.active,
    })
}
