//! What a company's notifications are verified with: the current key and the one before.

use super::{Conn, StoreError};
use crate::domain::id::CompanyId;
use crate::domain::time::Timestamp;

/// Field name under which a public key of Conekta's notifications is sealed.
pub const CONEKTA_KEY: &str = "conekta.webhook_key";
/// Field name under which a secret of Mercado Pago's notifications is sealed.
pub const MERCADO_PAGO_SECRET: &str = "mercado_pago.webhook_secret";
/// So many of the newest keys are in force.
pub const IN_FORCE: usize = 2;

/// Stores a new key and forgets those that are no longer in force. Lock the company's row first.
///
/// # Errors
/// When the database fails.
pub async fn add(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    gateway: &str,
    key_sealed: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (version,) = fetch_one!(
        conn,
        (i64,),
        "INSERT INTO webhook_keys (company_id, gateway, version, key_sealed, created_at) \
         SELECT $1, $2, COALESCE(MAX(version), 0) + 1, $3, $4 FROM webhook_keys \
         WHERE company_id = $1 AND gateway = $2 RETURNING version",
        company.as_str(),
        gateway,
        key_sealed,
        now.0
    )?;
    execute!(
        conn,
        "DELETE FROM webhook_keys WHERE company_id = $1 AND gateway = $2 AND version <= $3",
        company.as_str(),
        gateway,
        version - in_force_rows()
    )
    .map(|_| ())
}

/// Forgets all keys of a company and gateway: its notifications count as hints from then on.
///
/// # Errors
/// When the database fails.
pub async fn clear(conn: &mut Conn<'_>, company: &CompanyId, gateway: &str) -> Result<(), StoreError> {
    execute!(
        conn,
        "DELETE FROM webhook_keys WHERE company_id = $1 AND gateway = $2",
        company.as_str(),
        gateway
    )
    .map(|_| ())
}

/// The keys in force, sealed, newest first.
///
/// # Errors
/// When the database fails.
pub async fn in_force(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    gateway: &str,
) -> Result<Vec<String>, StoreError> {
    let rows = fetch_all!(
        conn,
        (String,),
        "SELECT key_sealed FROM webhook_keys WHERE company_id = $1 AND gateway = $2 \
         ORDER BY version DESC LIMIT $3",
        company.as_str(),
        gateway,
        in_force_rows()
    )?;
    Ok(rows.into_iter().map(|(key,)| key).collect())
}

fn in_force_rows() -> i64 {
    i64::try_from(IN_FORCE).unwrap_or(i64::MAX)
}

/// A Conekta key in the clear, from before keys had versions.
///
/// # Errors
/// When the database fails.
pub async fn plain_conekta_key(
    conn: &mut Conn<'_>,
    company: &CompanyId,
) -> Result<Option<String>, StoreError> {
    let row = fetch_optional!(
        conn,
        (Option<String>,),
        "SELECT conekta_webhook_key FROM companies WHERE id = $1",
        company.as_str()
    )?;
    Ok(row.and_then(|(key,)| key).filter(|key| !key.trim().is_empty()))
}
