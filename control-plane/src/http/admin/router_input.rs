//! What routers share when they are written.

use crate::domain::id::CompanyId;
use crate::store::routers::PASSWORD_FIELD;
use crate::vault::{Context, Vault};

/// Longest name, in characters.
pub const NAME_CHARS_MAX: usize = 100;
/// Longest host name or address, in characters.
pub const HOST_CHARS_MAX: usize = 253;
/// Longest user name, in characters.
pub const USERNAME_CHARS_MAX: usize = 64;
/// Longest password, in characters.
pub const PASSWORD_CHARS_MAX: usize = 255;
/// Longest location, in characters.
pub const LOCATION_CHARS_MAX: usize = 200;
/// Largest TCP port.
pub const PORT_MAX: i64 = 65_535;
/// The port of the plain RouterOS API.
pub const PORT_DEFAULT: i64 = 8728;

/// Seals a router's password for its company.
#[must_use]
pub fn seal_password(vault: &Vault, company: &CompanyId, password: &str) -> String {
    vault.seal(&Context { tenant: company.as_str(), field: PASSWORD_FIELD }, password)
}
