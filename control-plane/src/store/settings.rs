//! Single values of the installation, by name.

use super::{Conn, StoreError};

/// The vault's check value, sealed.
pub const VAULT_CHECK: &str = "vault.check";
/// What sessions are signed with, sealed.
pub const SESSION_SECRET: &str = "session.secret";
/// What API keys are signed with, sealed.
pub const API_KEY_SECRET: &str = "api_key.secret";
/// Settings that are sealed for the platform under their own names.
pub const SEALED: [&str; 3] = [VAULT_CHECK, SESSION_SECRET, API_KEY_SECRET];

/// The value of `name`.
///
/// # Errors
/// When the database fails.
pub async fn find(conn: &mut Conn<'_>, name: &str) -> Result<Option<String>, StoreError> {
    let row = fetch_optional!(conn, (String,), "SELECT value FROM settings WHERE name = $1", name)?;
    Ok(row.map(|(value,)| value))
}

/// Stores `value` unless there is one, and gives the one that is stored now.
///
/// # Errors
/// When the database fails.
pub async fn keep_first(conn: &mut Conn<'_>, name: &str, value: &str) -> Result<String, StoreError> {
    execute!(
        conn,
        "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
        name,
        value
    )?;
    let (stored,) = fetch_one!(conn, (String,), "SELECT value FROM settings WHERE name = $1", name)?;
    Ok(stored)
}
