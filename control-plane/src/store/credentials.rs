//! Gateway secrets of companies, versioned: none is ever overwritten, because an attempt names the version it used.

use super::{Conn, StoreError};
use crate::domain::id::CompanyId;
use crate::domain::time::Timestamp;

/// Name of the Conekta gateway in the table.
pub const CONEKTA: &str = "conekta";
/// Field name under which a Conekta private key is sealed.
pub const CONEKTA_PRIVATE_KEY: &str = "conekta.private_key";
/// Name of the Mercado Pago gateway in the table.
pub const MERCADO_PAGO: &str = "mercado_pago";
/// Field name under which a Mercado Pago access token is sealed.
pub const MERCADO_PAGO_ACCESS_TOKEN: &str = "mercado_pago.access_token";
/// Stands for "no key from now on": a version is never taken away, since attempts under way may name it.
pub const WITHDRAWN: &str = "";

/// One version of a company's secret key.
#[derive(Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Credential {
    /// Grows by one with each new key.
    pub version: i64,
    /// The key, sealed for the company.
    pub key_sealed: String,
}

/// Stores a new version and gives its number. Lock the company's row first: two at once would take the same number.
///
/// # Errors
/// When the database fails.
pub async fn add(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    gateway: &str,
    key_sealed: &str,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let (version,) = fetch_one!(
        conn,
        (i64,),
        "INSERT INTO gateway_credentials (company_id, gateway, version, key_sealed, created_at) \
         SELECT $1, $2, COALESCE(MAX(version), 0) + 1, $3, $4 FROM gateway_credentials \
         WHERE company_id = $1 AND gateway = $2 RETURNING version",
        company.as_str(),
        gateway,
        key_sealed,
        now.0
    )?;
    Ok(version)
}

/// The version in use; none when the newest says that there is no key any more.
///
/// # Errors
/// When the database fails.
pub async fn current(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    gateway: &str,
) -> Result<Option<Credential>, StoreError> {
    let newest = fetch_optional!(
        conn,
        Credential,
        "SELECT version, key_sealed FROM gateway_credentials WHERE company_id = $1 AND gateway = $2 \
         ORDER BY version DESC LIMIT 1",
        company.as_str(),
        gateway
    )?;
    Ok(newest.filter(|credential| credential.key_sealed != WITHDRAWN))
}

/// One version, in use or older.
///
/// # Errors
/// When the database fails.
pub async fn version(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    gateway: &str,
    version: i64,
) -> Result<Option<Credential>, StoreError> {
    fetch_optional!(
        conn,
        Credential,
        "SELECT version, key_sealed FROM gateway_credentials \
         WHERE company_id = $1 AND gateway = $2 AND version = $3",
        company.as_str(),
        gateway,
        version
    )
}
