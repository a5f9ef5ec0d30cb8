//! What sweeps look at.

use super::{Conn, StoreError};
use crate::domain::time::Timestamp;

/// Most purchases of one router looked at in one sweep.
const SETTLED_MAX: i64 = 500;
/// Most purchases of one company looked back at in one sweep.
const LOOK_BACKS_OF_COMPANY_MAX: i64 = 20;
/// Most purchases looked back at in one sweep.
const LOOK_BACKS_MAX: i64 = 500;

/// A purchase that has nothing left to do.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Settled {
    /// The purchase.
    pub id: String,
    /// Its company.
    pub company_id: String,
    /// Its router.
    pub router_id: String,
    /// Phase word.
    pub phase: String,
    /// Name of its user.
    pub user: String,
}

/// Purchases of all companies that were settled between the two times and not found in order since, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn settled(
    conn: &mut Conn<'_>,
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<Settled>, StoreError> {
    fetch_all!(
        conn,
        Settled,
        "SELECT p.id, p.company_id, p.router_id, p.phase, t.hotspot_user AS \"user\"
         FROM (SELECT id, company_id, router_id, phase, wake_at,
                 ROW_NUMBER() OVER (PARTITION BY router_id ORDER BY wake_at, id) AS place
             FROM purchases WHERE NOT open AND swept_at IS NULL AND wake_at >= $1 AND wake_at < $2) p
         JOIN transactions t ON t.purchase_id = p.id AND t.company_id = p.company_id
         WHERE p.place <= $3 ORDER BY p.wake_at, p.id",
        from.0,
        until.0,
        SETTLED_MAX
    )
}

/// Notes that a purchase and its router agree.
///
/// # Errors
/// When the database refuses.
pub async fn swept(conn: &mut Conn<'_>, purchase: &Settled, now: Timestamp) -> Result<(), StoreError> {
    execute!(
        conn,
        "UPDATE purchases SET swept_at = $3 WHERE id = $1 AND company_id = $2 AND NOT open",
        &purchase.id,
        &purchase.company_id,
        now.0
    )?;
    Ok(())
}

/// A completed purchase that is to be looked at again.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct LookBack {
    /// The purchase.
    pub id: String,
    /// Its company.
    pub company_id: String,
}

/// Completed purchases whose time has come to be looked at again: companies take turns.
///
/// # Errors
/// When the database fails.
pub async fn look_backs(conn: &mut Conn<'_>, now: Timestamp) -> Result<Vec<LookBack>, StoreError> {
    fetch_all!(
        conn,
        LookBack,
        "SELECT id, company_id FROM (
             SELECT id, company_id, look_back_at,
                 ROW_NUMBER() OVER (PARTITION BY company_id ORDER BY look_back_at, id) AS place
             FROM purchases WHERE look_back_at <= $1 AND NOT open) AS due
         WHERE place <= $2 ORDER BY place, look_back_at, id LIMIT $3",
        now.0,
        LOOK_BACKS_OF_COMPANY_MAX,
        LOOK_BACKS_MAX
    )
}

/// A company's account at a gateway, with the key in use.
#[derive(Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Account {
    /// The company.
    pub company_id: String,
    /// The gateway.
    pub gateway: String,
    /// The key in use, sealed for the company.
    pub key_sealed: String,
}

/// All accounts.
///
/// # Errors
/// When the database fails.
pub async fn accounts(conn: &mut Conn<'_>) -> Result<Vec<Account>, StoreError> {
    fetch_all!(
        conn,
        Account,
        "SELECT g.company_id, g.gateway, g.key_sealed FROM gateway_credentials g
         WHERE g.version = (SELECT MAX(newest.version) FROM gateway_credentials newest
             WHERE newest.company_id = g.company_id AND newest.gateway = g.gateway)
             AND g.key_sealed <> $1
         ORDER BY g.company_id, g.gateway",
        super::credentials::WITHDRAWN
    )
}

/// A payment that no purchase knows.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Stray {
    /// Whose account was paid.
    pub company_id: String,
    /// At which gateway.
    pub gateway: String,
    /// The gateway's id.
    pub payment_id: String,
    /// The reference it shows.
    pub reference: Option<String>,
    /// How much, in minor units.
    pub amount_minor: i64,
    /// Of which currency.
    pub currency: String,
    /// When it was found first, in milliseconds.
    pub found_at: i64,
}

/// Stores a stray payment; one that is known stays as it is.
///
/// # Errors
/// When the database refuses.
pub async fn stray(conn: &mut Conn<'_>, stray: &Stray) -> Result<(), StoreError> {
    execute!(
        conn,
        "INSERT INTO gateway_strays (company_id, gateway, payment_id, reference, amount_minor, currency, found_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (company_id, gateway, payment_id) DO NOTHING",
        &stray.company_id,
        &stray.gateway,
        &stray.payment_id,
        stray.reference.as_deref(),
        stray.amount_minor,
        &stray.currency,
        stray.found_at
    )?;
    Ok(())
}
