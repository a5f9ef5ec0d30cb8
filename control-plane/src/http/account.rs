//! What all endpoints about users share: the fields that make one, and how one is shown.

use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::body::{Fields, Kind};
use super::error::Fault;
use super::shape::{Shape, flag, integer, object, text, word};
use crate::auth::password;
use crate::store::users::User;

/// Longest name, in characters.
pub const NAME_CHARS_MAX: usize = 100;
/// Longest password that is looked at, in characters.
pub const PASSWORD_CHARS_MAX: usize = 1024;

/// A password that is good enough for a new user.
pub fn new_password(fields: &mut Fields<'_>, name: &'static str) -> Zeroizing<String> {
    let text = Zeroizing::new(fields.required_text(name, PASSWORD_CHARS_MAX));
    let (chars_min, chars_max) = (password::PASSWORD_CHARS_MIN, password::PASSWORD_CHARS_MAX);
    fields.takes(name, Kind::NewPassword { chars_min, chars_max });
    let sent = fields.raw(name).is_some_and(|value| value.is_string() || value.is_number());
    if sent && let Some(phrase) = password::fault(&text) {
        fields.refuse(name, Fault::Value(phrase));
    }
    text
}

/// The shape of [`user_view`].
#[must_use]
pub fn user_shape() -> Shape {
    let user = object([
        ("id", integer(12)),
        ("email", text("ana@example.org")),
        ("nombre", text("Ana")),
        ("rol", word(&["cliente_admin", "super_admin"])),
        ("empresa_id", text("EMP_0A1B2C3D4E").or_null()),
        ("activo", flag(true)),
    ]);
    user.named("User")
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
