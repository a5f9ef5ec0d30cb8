//! Purchases as the agent of their router asks about them. The company is in every question: an agent names what it
//! likes.

use super::{Conn, StoreError};
use crate::domain::id::{CompanyId, RouterId};

/// A purchase of a router.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Held {
    /// The purchase.
    pub id: String,
    /// The machine's state as JSON.
    pub state: String,
}

/// The purchase, if it is one of this router of this company.
///
/// # Errors
/// When the database does not answer.
pub async fn find(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    router: &RouterId,
    id: &str,
) -> Result<Option<Held>, StoreError> {
    fetch_optional!(
        conn,
        Held,
        "SELECT id, state FROM purchases WHERE id = $1 AND router_id = $2 AND company_id = $3",
        id,
        router.as_str(),
        company.as_str()
    )
}

/// Purchases of a router whose user may stand there unconfirmed, by id, after the one named.
///
/// # Errors
/// When the database does not answer.
pub async fn open_page(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    router: &RouterId,
    after: &str,
    limit: i64,
) -> Result<Vec<Held>, StoreError> {
    fetch_all!(
        conn,
        Held,
        "SELECT id, state FROM purchases
         WHERE router_id = $1 AND company_id = $2 AND id > $3 AND (open OR undecided)
             AND phase NOT IN ('completed', 'reversed') ORDER BY id LIMIT $4",
        router.as_str(),
        company.as_str(),
        after,
        limit
    )
}
