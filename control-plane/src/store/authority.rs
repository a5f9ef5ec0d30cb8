//! The certificate authority of the agents: one row.

use super::{Conn, StoreError};

/// The authority has one row, and this is its id.
const ONLY: i64 = 1;

/// What is stored of the authority.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Row {
    /// Its certificate, PEM.
    pub certificate_pem: String,
    /// Its key, PEM, sealed.
    pub key_sealed: String,
    /// When it was made, in milliseconds since the epoch.
    pub created_at: i64,
}

/// The authority, if it has been made.
///
/// # Errors
/// When the database does not answer.
pub async fn read(conn: &mut Conn<'_>) -> Result<Option<Row>, StoreError> {
    fetch_optional!(
        conn,
        Row,
        "SELECT certificate_pem, key_sealed, created_at FROM authority WHERE id = $1",
        ONLY
    )
}

/// Stores the authority unless there is one; gives the one that stands.
///
/// # Errors
/// When the database does not answer.
pub async fn insert_first(conn: &mut Conn<'_>, row: Row) -> Result<Row, StoreError> {
    execute!(
        &mut *conn,
        "INSERT INTO authority (id, certificate_pem, key_sealed, created_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (id) DO NOTHING",
        ONLY,
        &row.certificate_pem,
        &row.key_sealed,
        row.created_at
    )?;
    fetch_one!(conn, Row, "SELECT certificate_pem, key_sealed, created_at FROM authority WHERE id = $1", ONLY)
}
