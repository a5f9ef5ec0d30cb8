//! Reservations that agents hold and that belong to no purchase of their router.

use super::{Conn, StoreError};
use crate::domain::id::{CompanyId, RouterId};
use crate::domain::time::Timestamp;

/// Most of them kept for one router, so that an agent that makes them up fills nothing.
const ROWS_PER_ROUTER_MAX: i64 = 1_000;

/// What an agent told about one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The purchase as the agent calls it.
    pub purchase_id: String,
    /// User name.
    pub name: String,
    /// Profile name.
    pub profile: String,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Row {
    /// The purchase as the agent calls it.
    pub purchase_id: String,
    /// User name.
    pub name: String,
    /// Profile name.
    pub profile: String,
    /// When it was first told, in milliseconds.
    pub first_seen_at: i64,
    /// When it was last told, in milliseconds.
    pub last_seen_at: i64,
}

/// Notes that the agent of a router holds one. `true` when it was not known; one beyond what is kept is not noted.
///
/// # Errors
/// When the database does not answer.
pub async fn note(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    router: &RouterId,
    found: &Found,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let known = execute!(
        conn,
        "UPDATE unknown_reservations SET last_seen_at = $1, name = $2, profile = $3
         WHERE router_id = $4 AND company_id = $5 AND purchase_id = $6",
        now.0,
        &found.name,
        &found.profile,
        router.as_str(),
        company.as_str(),
        &found.purchase_id
    )?;
    if known > 0 {
        return Ok(false);
    }
    let (count,): (i64,) = fetch_one!(
        conn,
        (i64,),
        "SELECT COUNT(*) FROM unknown_reservations WHERE router_id = $1 AND company_id = $2",
        router.as_str(),
        company.as_str()
    )?;
    if count >= ROWS_PER_ROUTER_MAX {
        return Ok(false);
    }
    let noted = execute!(
        conn,
        "INSERT INTO unknown_reservations
             (router_id, company_id, purchase_id, name, profile, first_seen_at, last_seen_at)
         VALUES ($1, $2, $3, $4, $5, $6, $6) ON CONFLICT (router_id, purchase_id) DO NOTHING",
        router.as_str(),
        company.as_str(),
        &found.purchase_id,
        &found.name,
        &found.profile,
        now.0
    )?;
    Ok(noted == 1)
}

/// Those of a router.
///
/// # Errors
/// When the database does not answer.
pub async fn of_router(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    router: &RouterId,
) -> Result<Vec<Row>, StoreError> {
    fetch_all!(
        conn,
        Row,
        "SELECT purchase_id, name, profile, first_seen_at, last_seen_at FROM unknown_reservations
         WHERE router_id = $1 AND company_id = $2 ORDER BY first_seen_at, purchase_id",
        router.as_str(),
        company.as_str()
    )
}
