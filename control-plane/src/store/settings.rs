//! Single values of the installation, by name.

use super::{Conn, StoreError};

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
