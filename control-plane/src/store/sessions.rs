//! Sessions of users. A session that is not here has ended, whatever its token says.

use super::users::User;
use super::{Conn, StoreError};
use crate::domain::time::Timestamp;

/// A session's user and what its company allows.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Session {
    /// The user.
    #[sqlx(flatten)]
    pub user: User,
    /// Whether the user's company is active; none without a company.
    pub company_active: Option<bool>,
}

/// Begins a session, and forgets the user's expired ones.
///
/// # Errors
/// When the database fails.
pub async fn insert(
    conn: &mut Conn<'_>,
    id: &str,
    user: i64,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    execute!(conn, "DELETE FROM sessions WHERE user_id = $1 AND expires_at <= $2", user, now.0)?;
    execute!(
        conn,
        "INSERT INTO sessions (id, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4)",
        id,
        user,
        now.0,
        expires_at.0
    )
    .map(|_| ())
}

/// A live session.
///
/// # Errors
/// When the database fails.
pub async fn find(conn: &mut Conn<'_>, id: &str, now: Timestamp) -> Result<Option<Session>, StoreError> {
    fetch_optional!(
        conn,
        Session,
        "SELECT u.id, u.role, u.company_id, u.email, u.name, u.active, c.active AS company_active \
         FROM sessions s JOIN users u ON u.id = s.user_id LEFT JOIN companies c ON c.id = u.company_id \
         WHERE s.id = $1 AND s.expires_at > $2",
        id,
        now.0
    )
}

/// Ends one session.
///
/// # Errors
/// When the database fails.
pub async fn end(conn: &mut Conn<'_>, id: &str) -> Result<(), StoreError> {
    execute!(conn, "DELETE FROM sessions WHERE id = $1", id).map(|_| ())
}

/// Ends all sessions of a user but `kept`.
///
/// # Errors
/// When the database fails.
pub async fn end_others(conn: &mut Conn<'_>, user: i64, kept: &str) -> Result<(), StoreError> {
    execute!(conn, "DELETE FROM sessions WHERE user_id = $1 AND id <> $2", user, kept).map(|_| ())
}
