//! API keys of routers. Only a hash of each key is stored.

use super::page::Page;
use super::{Conn, StoreError};
use crate::domain::id::{ApiKeyId, CompanyId, RouterId};
use crate::domain::time::Timestamp;

/// A key as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ApiKey {
    /// Its id.
    #[sqlx(try_from = "String")]
    pub id: ApiKeyId,
    /// Its company.
    #[sqlx(try_from = "String")]
    pub company_id: CompanyId,
    /// Its router.
    #[sqlx(try_from = "String")]
    pub router_id: RouterId,
    /// When it was issued.
    #[sqlx(try_from = "i64")]
    pub issued_at: Timestamp,
    /// When it ends.
    #[sqlx(try_from = "i64")]
    pub expires_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<i64>,
    /// When it was last used.
    pub last_used_at: Option<i64>,
    /// How often it was used.
    pub use_count: i64,
}

/// Whom a key stands for.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Identity {
    /// The key.
    #[sqlx(try_from = "String")]
    pub key_id: ApiKeyId,
    /// Its company.
    #[sqlx(try_from = "String")]
    pub company_id: CompanyId,
    /// Its router.
    #[sqlx(try_from = "String")]
    pub router_id: RouterId,
    /// Whether the company may sell.
    pub company_active: bool,
    /// Whether the router may sell.
    pub router_active: bool,
}

/// What a new key starts with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// Its company.
    pub company_id: CompanyId,
    /// Its router.
    pub router_id: RouterId,
    /// SHA-256 of the key without its prefix, lower-case hex.
    pub key_hash: String,
    /// When it is issued.
    pub issued_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Uses of one key since they were last written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// The key.
    pub key_id: ApiKeyId,
    /// How often it was used.
    pub count: i64,
    /// When it was last used.
    pub last_used_at: Timestamp,
}

/// Stores a new key.
///
/// # Errors
/// When the database fails.
pub async fn insert(conn: &mut Conn<'_>, key: &NewApiKey) -> Result<(), StoreError> {
    execute!(
        conn,
        "INSERT INTO api_keys (id, company_id, router_id, key_hash, issued_at, expires_at, use_count) \
         VALUES ($1, $2, $3, $4, $5, $6, 0)",
        key.id.as_str(),
        key.company_id.as_str(),
        key.router_id.as_str(),
        &key.key_hash,
        key.issued_at.0,
        key.expires_at.0
    )
    .map(|_| ())
}

/// Whom the key with `hash` stands for; none when it is unknown or revoked.
///
/// # Errors
/// When the database fails.
pub async fn identify(conn: &mut Conn<'_>, hash: &str) -> Result<Option<Identity>, StoreError> {
    fetch_optional!(
        conn,
        Identity,
        "SELECT k.id AS key_id, k.company_id, k.router_id, c.active AS company_active, r.active AS router_active \
         FROM api_keys k JOIN companies c ON c.id = k.company_id \
         JOIN routers r ON r.id = k.router_id AND r.company_id = k.company_id \
         WHERE k.key_hash = $1 AND k.revoked_at IS NULL",
        hash
    )
}

/// The keys of a router, newest first.
///
/// # Errors
/// When the database fails.
pub async fn list(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    router: &RouterId,
    page: Page,
) -> Result<Vec<ApiKey>, StoreError> {
    fetch_all!(
        conn,
        ApiKey,
        "SELECT id, company_id, router_id, issued_at, expires_at, revoked_at, last_used_at, use_count \
         FROM api_keys WHERE router_id = $1 AND company_id = $2 ORDER BY issued_at DESC, id DESC LIMIT $3 OFFSET $4",
        router.as_str(),
        company.as_str(),
        page.limit,
        page.offset
    )
}

/// The newest key of a router that is not revoked, expired or not.
///
/// # Errors
/// When the database fails.
pub async fn live(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    router: &RouterId,
) -> Result<Option<ApiKey>, StoreError> {
    fetch_optional!(
        conn,
        ApiKey,
        "SELECT id, company_id, router_id, issued_at, expires_at, revoked_at, last_used_at, use_count \
         FROM api_keys WHERE router_id = $1 AND company_id = $2 AND revoked_at IS NULL \
         ORDER BY issued_at DESC, id DESC LIMIT 1",
        router.as_str(),
        company.as_str()
    )
}

/// One key of a router.
///
/// # Errors
/// When the database fails.
pub async fn find(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    router: &RouterId,
    id: &ApiKeyId,
) -> Result<Option<ApiKey>, StoreError> {
    fetch_optional!(
        conn,
        ApiKey,
        "SELECT id, company_id, router_id, issued_at, expires_at, revoked_at, last_used_at, use_count \
         FROM api_keys WHERE id = $1 AND router_id = $2 AND company_id = $3",
        id.as_str(),
        router.as_str(),
        company.as_str()
    )
}

/// Revokes a key of a router; false when there is none that is not revoked.
///
/// # Errors
/// When the database fails.
pub async fn revoke(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    router: &RouterId,
    id: &ApiKeyId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let rows = execute!(
        conn,
        "UPDATE api_keys SET revoked_at = $1 \
         WHERE id = $2 AND router_id = $3 AND company_id = $4 AND revoked_at IS NULL",
        now.0,
        id.as_str(),
        router.as_str(),
        company.as_str()
    )?;
    Ok(rows == 1)
}

/// Revokes all keys of a router; gives how many there were.
///
/// # Errors
/// When the database fails.
pub async fn revoke_all(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    router: &RouterId,
    now: Timestamp,
) -> Result<u64, StoreError> {
    execute!(
        conn,
        "UPDATE api_keys SET revoked_at = $1 WHERE router_id = $2 AND company_id = $3 AND revoked_at IS NULL",
        now.0,
        router.as_str(),
        company.as_str()
    )
}

/// Adds uses to their keys.
///
/// # Errors
/// When the database fails.
pub async fn record_usage(conn: &mut Conn<'_>, usage: &[Usage]) -> Result<(), StoreError> {
    for used in usage {
        execute!(
            conn,
            "UPDATE api_keys SET use_count = use_count + $1, \
             last_used_at = CASE WHEN last_used_at > $2 THEN last_used_at ELSE $2 END WHERE id = $3",
            used.count,
            used.last_used_at.0,
            used.key_id.as_str()
        )?;
    }
    Ok(())
}
