//! Users of the administration: super admins and admins of a company.

use super::page::Page;
use super::{Conn, StoreError};
use crate::domain::role::Role;
use crate::domain::time::Timestamp;

/// A user.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct User {
    /// Its id.
    pub id: i64,
    /// What it may do; see [`Role`].
    pub role: String,
    /// Its company; none for a super admin.
    pub company_id: Option<String>,
    /// Its e-mail, exactly as it logs in.
    pub email: String,
    /// Its name.
    pub name: String,
    /// Whether it may log in.
    pub active: bool,
}

/// A user and the hash of its password.
#[derive(sqlx::FromRow)]
pub struct Login {
    /// The user.
    #[sqlx(flatten)]
    pub user: User,
    /// Hash of its password.
    pub password_hash: String,
}

/// What a new user starts with.
pub struct NewUser {
    /// What it may do.
    pub role: Role,
    /// Its company; none for a super admin.
    pub company_id: Option<String>,
    /// Its e-mail.
    pub email: String,
    /// Its name.
    pub name: String,
    /// Hash of its password.
    pub password_hash: String,
    /// When it is made.
    pub created_at: Timestamp,
}

/// Stores a new user; none when the e-mail is taken.
///
/// # Errors
/// When the database fails.
pub async fn insert(conn: &mut Conn<'_>, user: &NewUser) -> Result<Option<User>, StoreError> {
    let (id,) = fetch_one!(
        conn,
        (i64,),
        "UPDATE sequences SET value = value + 1 WHERE name = 'users' RETURNING value"
    )?;
    fetch_optional!(
        conn,
        User,
        "INSERT INTO users (id, role, company_id, email, password_hash, name, active, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (email) DO NOTHING \
         RETURNING id, role, company_id, email, name, active",
        id,
        user.role.as_str(),
        user.company_id.as_deref(),
        &user.email,
        &user.password_hash,
        &user.name,
        true,
        user.created_at.0
    )
}

/// One user.
///
/// # Errors
/// When the database fails.
pub async fn find(conn: &mut Conn<'_>, id: i64) -> Result<Option<User>, StoreError> {
    fetch_optional!(
        conn,
        User,
        "SELECT id, role, company_id, email, name, active FROM users WHERE id = $1",
        id
    )
}

/// The user who logs in with `email`.
///
/// # Errors
/// When the database fails.
pub async fn login(conn: &mut Conn<'_>, email: &str) -> Result<Option<Login>, StoreError> {
    fetch_optional!(
        conn,
        Login,
        "SELECT id, role, company_id, email, name, active, password_hash FROM users WHERE email = $1",
        email
    )
}

/// Users, by id, all of them or those of a role or company.
///
/// # Errors
/// When the database fails.
pub async fn list(
    conn: &mut Conn<'_>,
    role: Option<&str>,
    company: Option<&str>,
    page: Page,
) -> Result<Vec<User>, StoreError> {
    fetch_all!(
        conn,
        User,
        "SELECT id, role, company_id, email, name, active FROM users \
         WHERE ($1 = '' OR role = $1) AND ($2 = '' OR company_id = $2) ORDER BY id LIMIT $3 OFFSET $4",
        role.unwrap_or_default(),
        company.unwrap_or_default(),
        page.limit,
        page.offset
    )
}

/// Switches a user on or off, whichever it is not; gives what it is now.
///
/// # Errors
/// When the database fails.
pub async fn toggle(conn: &mut Conn<'_>, id: i64) -> Result<Option<bool>, StoreError> {
    let row = fetch_optional!(
        conn,
        (bool,),
        "UPDATE users SET active = NOT active WHERE id = $1 RETURNING active",
        id
    )?;
    Ok(row.map(|(active,)| active))
}

/// Replaces the hash of a user's password.
///
/// # Errors
/// When the database fails.
pub async fn set_password(conn: &mut Conn<'_>, id: i64, hash: &str) -> Result<(), StoreError> {
    execute!(conn, "UPDATE users SET password_hash = $1 WHERE id = $2", hash, id).map(|_| ())
}

/// Replaces the hash of a user's password by another one of the same password, unless it is no longer `outdated`.
///
/// # Errors
/// When the database fails.
pub async fn renew_hash(conn: &mut Conn<'_>, id: i64, outdated: &str, hash: &str) -> Result<(), StoreError> {
    execute!(
        conn,
        "UPDATE users SET password_hash = $1 WHERE id = $2 AND password_hash = $3",
        hash,
        id,
        outdated
    )
    .map(|_| ())
}

/// Notes that a user logged in.
///
/// # Errors
/// When the database fails.
pub async fn record_login(conn: &mut Conn<'_>, id: i64, now: Timestamp) -> Result<(), StoreError> {
    execute!(conn, "UPDATE users SET last_login_at = $1 WHERE id = $2", now.0, id).map(|_| ())
}

/// Whether the platform has a super admin.
///
/// # Errors
/// When the database fails.
pub async fn super_admin_exists(conn: &mut Conn<'_>) -> Result<bool, StoreError> {
    let (count,) =
        fetch_one!(conn, (i64,), "SELECT COUNT(*) FROM users WHERE role = $1", Role::SuperAdmin.as_str())?;
    Ok(count > 0)
}
