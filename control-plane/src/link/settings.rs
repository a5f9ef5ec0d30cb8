//! Router settings on their way to an agent.

use pagos_protocol::{RouterSettings, Secret};

use crate::domain::id::CompanyId;
use crate::store::routers::PASSWORD_FIELD;
use crate::vault::{Context, Vault, VaultError};

/// A router's address and login as they are stored.
#[derive(Clone, Copy)]
pub struct Stored<'a> {
    /// The router.
    pub id: &'a str,
    /// Grows with each change.
    pub version: i64,
    /// Host on the site's network.
    pub host: &'a str,
    /// TCP port.
    pub port: i64,
    /// RouterOS user.
    pub username: &'a str,
    /// RouterOS password, sealed for the company.
    pub password_sealed: &'a str,
}

/// Why settings cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The password does not open.
    #[error("password of router {0} cannot be opened")]
    Password(String, #[source] VaultError),
    /// The stored port is none.
    #[error("port of router {0} is out of range")]
    Port(String),
}

/// Opens what is stored into what the agent is told.
///
/// # Errors
/// When the password does not open or the port is out of range.
pub fn open(vault: &Vault, company: &CompanyId, stored: Stored<'_>) -> Result<RouterSettings, SettingsError> {
    let context = Context { tenant: company.as_str(), field: PASSWORD_FIELD };
    let password = vault
        .open_sealed(&context, stored.password_sealed)
        .map_err(|error| SettingsError::Password(stored.id.to_owned(), error))?;
    Ok(RouterSettings {
        router_id: stored.id.to_owned(),
        version: u64::try_from(stored.version).unwrap_or_default(),
        host: stored.host.to_owned(),
        port: u16::try_from(stored.port).map_err(|_| SettingsError::Port(stored.id.to_owned()))?,
        username: stored.username.to_owned(),
        password: Secret::new(password.as_str()),
    })
}
