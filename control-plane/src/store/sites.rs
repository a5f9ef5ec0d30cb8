//! Sites: places with one agent and one or more routers of one company.

use super::{Conn, StoreError};
use crate::domain::id::{CompanyId, SiteId};
use crate::domain::time::Timestamp;

/// Stores a new site.
///
/// # Errors
/// When the database fails.
pub async fn insert(
    conn: &mut Conn<'_>,
    id: &SiteId,
    company: &CompanyId,
    name: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    execute!(
        conn,
        "INSERT INTO sites (id, company_id, name, created_at) VALUES ($1, $2, $3, $4)",
        id.as_str(),
        company.as_str(),
        name,
        now.0
    )
    .map(|_| ())
}
