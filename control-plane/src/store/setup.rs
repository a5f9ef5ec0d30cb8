//! The one-time link that makes the first super admin. Only a hash of its secret is stored.

use super::{Conn, StoreError};
use crate::domain::time::Timestamp;

/// Makes `secret_hash` the only live link.
///
/// # Errors
/// When the database fails.
pub async fn replace_link(
    conn: &mut Conn<'_>,
    secret_hash: &str,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    execute!(conn, "DELETE FROM setup_links")?;
    execute!(
        conn,
        "INSERT INTO setup_links (secret_hash, created_at, expires_at) VALUES ($1, $2, $3)",
        secret_hash,
        now.0,
        expires_at.0
    )
    .map(|_| ())
}

/// Whether the link can still be used.
///
/// # Errors
/// When the database fails.
pub async fn link_is_live(
    conn: &mut Conn<'_>,
    secret_hash: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let (count,) = fetch_one!(
        conn,
        (i64,),
        "SELECT COUNT(*) FROM setup_links WHERE secret_hash = $1 AND expires_at > $2",
        secret_hash,
        now.0
    )?;
    Ok(count == 1)
}

/// Uses the link up; false when it is unknown, too old or used.
///
/// # Errors
/// When the database fails.
pub async fn take_link(conn: &mut Conn<'_>, secret_hash: &str, now: Timestamp) -> Result<bool, StoreError> {
    let rows = execute!(
        conn,
        "DELETE FROM setup_links WHERE secret_hash = $1 AND expires_at > $2",
        secret_hash,
        now.0
    )?;
    Ok(rows == 1)
}
