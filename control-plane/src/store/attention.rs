//! What waits for a person: purchases, payments that no purchase knows, reservations that nobody knows, endpoints that were
//! switched off.

use super::page::Page;
use super::{Conn, StoreError};
use crate::domain::id::CompanyId;
use crate::domain::time::Timestamp;

/// A reservation that the agent has not told of for so long is gone or is told of again, in milliseconds.
const RESERVATION_SHOWN_MS: i64 = 86_400_000;

/// [`Waiting::kind`] of a purchase.
pub const PURCHASE: &str = "purchase";
/// [`Waiting::kind`] of a payment that no purchase knows.
pub const STRAY: &str = "stray";
/// [`Waiting::kind`] of a reservation that nobody knows.
pub const RESERVATION: &str = "reservation";

/// [`Waiting::kind`] of an endpoint that was switched off by itself.
pub const ENDPOINT: &str = "webhook";

/// One thing that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Waiting {
    /// [`PURCHASE`], [`STRAY`], [`RESERVATION`] or [`ENDPOINT`].
    pub kind: String,
    /// Whose it is.
    pub company_id: String,
    /// The purchase, the payment, the purchase as the agent calls it, or the endpoint.
    pub id: String,
    /// The gateway; none for a reservation and an endpoint.
    pub gateway: Option<String>,
    /// The router; none for a payment and an endpoint.
    pub router_id: Option<String>,
    /// Number of the transaction of a purchase.
    pub transaction_id: Option<i64>,
    /// The id by which gateway and buyer know the transaction.
    pub public_id: Option<String>,
    /// Amount in minor units; none for a reservation.
    pub amount_minor: Option<i64>,
    /// Currency of the amount.
    pub currency: Option<String>,
    /// The state of a purchase as JSON, the reference of a payment, the user name of a reservation, an endpoint's address.
    pub detail: Option<String>,
    /// Since when it waits.
    #[sqlx(try_from = "i64")]
    pub since: Timestamp,
}

/// What waits, oldest first; of all companies when none is named.
///
/// # Errors
/// When the database fails.
pub async fn list(
    conn: &mut Conn<'_>,
    company: Option<&CompanyId>,
    page: Page,
    now: Timestamp,
) -> Result<Vec<Waiting>, StoreError> {
    fetch_all!(
        conn,
        Waiting,
        "SELECT 'purchase' AS kind, p.company_id AS company_id, p.id AS id, t.gateway AS gateway,
             p.router_id AS router_id, t.id AS transaction_id, t.public_id AS public_id,
             t.amount_minor AS amount_minor, t.currency AS currency, p.state AS detail,
             COALESCE(p.attention_since, p.created_at) AS since
         FROM purchases p JOIN transactions t ON t.purchase_id = p.id AND t.company_id = p.company_id
         WHERE p.attention AND ($1 = '' OR p.company_id = $1)
         UNION ALL
         SELECT 'stray', s.company_id, s.payment_id, s.gateway, CAST(NULL AS TEXT), CAST(NULL AS BIGINT),
             CAST(NULL AS TEXT), s.amount_minor, s.currency, s.reference, s.found_at
         FROM gateway_strays s WHERE s.resolved_at IS NULL AND ($1 = '' OR s.company_id = $1)
         UNION ALL
         SELECT 'reservation', u.company_id, u.purchase_id, CAST(NULL AS TEXT), u.router_id, CAST(NULL AS BIGINT),
             CAST(NULL AS TEXT), CAST(NULL AS BIGINT), CAST(NULL AS TEXT), u.name, u.first_seen_at
         FROM unknown_reservations u WHERE u.last_seen_at > $4 AND ($1 = '' OR u.company_id = $1)
         UNION ALL
         SELECT 'webhook', e.company_id, e.id, CAST(NULL AS TEXT), CAST(NULL AS TEXT), CAST(NULL AS BIGINT),
             CAST(NULL AS TEXT), CAST(NULL AS BIGINT), CAST(NULL AS TEXT), e.url, e.switched_off_at
         FROM webhook_endpoints e WHERE e.switched_off_at IS NOT NULL AND ($1 = '' OR e.company_id = $1)
         ORDER BY since, kind, id LIMIT $2 OFFSET $3",
        company.map_or("", CompanyId::as_str),
        page.limit,
        page.offset,
        now.0 - RESERVATION_SHOWN_MS
    )
}

/// How many of each kind wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Counts {
    /// Purchases.
    pub purchases: i64,
    /// Payments.
    pub strays: i64,
    /// Reservations.
    pub reservations: i64,
    /// Endpoints.
    pub endpoints: i64,
}

impl Counts {
    /// All together.
    #[must_use]
    pub const fn total(self) -> i64 {
        self.purchases + self.strays + self.reservations + self.endpoints
    }
}

/// How many wait; of all companies when none is named.
///
/// # Errors
/// When the database fails.
pub async fn count(
    conn: &mut Conn<'_>,
    company: Option<&CompanyId>,
    now: Timestamp,
) -> Result<Counts, StoreError> {
    fetch_one!(
        conn,
        Counts,
        "SELECT
             (SELECT COUNT(*) FROM purchases p WHERE p.attention AND ($1 = '' OR p.company_id = $1)) AS purchases,
             (SELECT COUNT(*) FROM gateway_strays s
                 WHERE s.resolved_at IS NULL AND ($1 = '' OR s.company_id = $1)) AS strays,
             (SELECT COUNT(*) FROM unknown_reservations u
                 WHERE u.last_seen_at > $2 AND ($1 = '' OR u.company_id = $1)) AS reservations,
             (SELECT COUNT(*) FROM webhook_endpoints e
                 WHERE e.switched_off_at IS NOT NULL AND ($1 = '' OR e.company_id = $1)) AS endpoints",
        company.map_or("", CompanyId::as_str),
        now.0 - RESERVATION_SHOWN_MS
    )
}

/// Notes that a person took notice of a payment that no purchase knows; false when the company has no such open one.
///
/// # Errors
/// When the database refuses.
pub async fn resolve_stray(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    gateway: &str,
    payment: &str,
    by: i64,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let resolved = execute!(
        conn,
        "UPDATE gateway_strays SET resolved_at = $4, resolved_by = $5
         WHERE company_id = $1 AND gateway = $2 AND payment_id = $3 AND resolved_at IS NULL",
        company.as_str(),
        gateway,
        payment,
        now.0,
        by
    )?;
    Ok(resolved == 1)
}

/// Purchases of one phase that the machine or a person has left to do.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct InPhase {
    /// The phase word.
    pub phase: String,
    /// How many.
    pub purchases: i64,
    /// How many of them wait for a person.
    pub attention: i64,
    /// When the oldest was asked for, in milliseconds.
    pub oldest: i64,
}

/// What is left to do, by phase.
///
/// # Errors
/// When the database fails.
pub async fn by_phase(conn: &mut Conn<'_>) -> Result<Vec<InPhase>, StoreError> {
    fetch_all!(
        conn,
        InPhase,
        "SELECT phase, COUNT(*) AS purchases, CAST(SUM(CASE WHEN attention THEN 1 ELSE 0 END) AS BIGINT) AS attention,
             MIN(created_at) AS oldest
         FROM purchases WHERE open OR attention GROUP BY phase ORDER BY phase"
    )
}
