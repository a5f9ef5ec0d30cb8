//! One-time tokens of installers; only hashes are stored.

use super::{Conn, StoreError};
use crate::domain::id::{CompanyId, SiteId};
use crate::domain::time::Timestamp;

/// What is stored of a token.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct TokenRow {
    /// The site whose agent it makes.
    pub site_id: String,
    /// The company of the site.
    pub company_id: String,
    /// When it ends, in milliseconds since the epoch.
    pub expires_at: i64,
    /// When it was used, if it was.
    pub used_at: Option<i64>,
}

/// Stores a token for a site of the company; false when the company has no such site.
///
/// # Errors
/// When the database does not answer.
pub async fn insert_token(
    conn: &mut Conn<'_>,
    secret_hash: &str,
    company: &CompanyId,
    site: &SiteId,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<bool, StoreError> {
    let inserted = execute!(
        conn,
        "INSERT INTO enrolment_tokens (secret_hash, site_id, company_id, created_at, expires_at) \
         SELECT $1, id, company_id, $2, $3 FROM sites WHERE id = $4 AND company_id = $5",
        secret_hash,
        now.0,
        expires_at.0,
        site.as_str(),
        company.as_str()
    )?;
    Ok(inserted == 1)
}

/// The token with this hash.
///
/// # Errors
/// When the database does not answer.
pub async fn find_token(conn: &mut Conn<'_>, secret_hash: &str) -> Result<Option<TokenRow>, StoreError> {
    fetch_optional!(
        conn,
        TokenRow,
        "SELECT site_id, company_id, expires_at, used_at FROM enrolment_tokens WHERE secret_hash = $1",
        secret_hash
    )
}

/// Uses a token up; false when it was used or has ended.
///
/// # Errors
/// When the database does not answer.
pub async fn use_token(conn: &mut Conn<'_>, secret_hash: &str, now: Timestamp) -> Result<bool, StoreError> {
    let used = execute!(
        conn,
        "UPDATE enrolment_tokens SET used_at = $1 WHERE secret_hash = $2 AND used_at IS NULL AND expires_at > $1",
        now.0,
        secret_hash
    )?;
    Ok(used == 1)
}

/// Removes tokens that ended before `before`.
///
/// # Errors
/// When the database does not answer.
pub async fn prune_tokens(conn: &mut Conn<'_>, before: Timestamp) -> Result<u64, StoreError> {
    execute!(conn, "DELETE FROM enrolment_tokens WHERE expires_at < $1", before.0)
}
