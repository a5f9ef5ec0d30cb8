//! Notifications of gateways, from their arrival until they are done or dropped.

use super::{Conn, StoreError};
use crate::domain::id::CompanyId;
use crate::domain::time::Timestamp;

/// Its company is not known yet.
pub const WAITING: &str = "waiting";
/// Its company is known; what it says was not looked at yet.
pub const STORED: &str = "stored";
/// It woke its purchase, or is about none of ours.
pub const DONE: &str = "done";
/// It was forged, or nothing was found in time.
pub const DROPPED: &str = "dropped";

/// Most rows forgotten in one transaction.
const PRUNE_ROWS_MAX: i64 = 500;
/// Notifications are kept for 90 days, in milliseconds.
const KEEP_MS: i64 = 90 * 86_400_000;

/// A notification as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Row {
    /// UUID version 7.
    pub id: String,
    /// Who sent it.
    pub gateway: String,
    /// Whom it is for; none while it waits.
    pub company_id: Option<String>,
    /// The gateway's id of the notification.
    pub notification_id: Option<String>,
    /// What it is about.
    pub kind: String,
    /// What happened.
    pub action: Option<String>,
    /// Order or payment at the gateway.
    pub object_id: Option<String>,
    /// Our reference, as it says.
    pub reference: Option<String>,
    /// Signature header.
    pub signature: Option<String>,
    /// Request id header.
    pub request_id: Option<String>,
    /// The query's `data.id`.
    pub query_id: Option<String>,
    /// The raw body; empty once nothing is left to do.
    pub body: String,
    /// Whether its signature was good; none while that is not known.
    pub verified: Option<bool>,
    /// One of the words above.
    pub state: String,
    /// How often it was looked at in vain.
    pub attempts: i64,
    /// When it is looked at next, in milliseconds.
    pub next_at: i64,
    /// When it came, in milliseconds.
    pub received_at: i64,
}

/// What became of a new notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inserted {
    /// It is stored.
    Stored,
    /// It came before.
    Duplicate,
    /// Too many of its kind are waiting.
    Full,
}

/// Stores a notification, unless it came before. At most `room` of its kind, with a good signature or without, may be
/// unfinished for the company, or for no company.
///
/// # Errors
/// When the database fails.
pub async fn insert(conn: &mut Conn<'_>, row: &Row, room: i64) -> Result<Inserted, StoreError> {
    let known =
        is_known(conn, row.company_id.as_deref(), &row.gateway, row.notification_id.as_deref()).await?;
    if known || is_replayed(conn, row).await? {
        return Ok(Inserted::Duplicate);
    }
    if unfinished(conn, row, room).await? >= room {
        return Ok(Inserted::Full);
    }
    let stored = execute!(
        conn,
        "INSERT INTO notifications (id, gateway, company_id, notification_id, kind, action, object_id, reference,
             signature, request_id, query_id, body, verified, state, attempts, next_at, received_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
         ON CONFLICT DO NOTHING",
        &row.id,
        &row.gateway,
        row.company_id.as_deref(),
        row.notification_id.as_deref(),
        &row.kind,
        row.action.as_deref(),
        row.object_id.as_deref(),
        row.reference.as_deref(),
        row.signature.as_deref(),
        row.request_id.as_deref(),
        row.query_id.as_deref(),
        &row.body,
        row.verified,
        &row.state,
        row.attempts,
        row.next_at,
        row.received_at
    )?;
    Ok(if stored == 1 { Inserted::Stored } else { Inserted::Duplicate })
}

async fn is_known(
    conn: &mut Conn<'_>,
    company: Option<&str>,
    gateway: &str,
    notification: Option<&str>,
) -> Result<bool, StoreError> {
    let (Some(company), Some(notification)) = (company, notification) else { return Ok(false) };
    let found = fetch_optional!(
        conn,
        (String,),
        "SELECT id FROM notifications WHERE company_id = $1 AND gateway = $2 AND notification_id = $3",
        company,
        gateway,
        notification
    )?;
    Ok(found.is_some())
}

/// Whether its good signature came before: Mercado Pago signs no part of the body, so that one signature could be sent with
/// any number of ids.
async fn is_replayed(conn: &mut Conn<'_>, row: &Row) -> Result<bool, StoreError> {
    let (Some(company), Some(signature), Some(true)) = (&row.company_id, &row.signature, row.verified) else {
        return Ok(false);
    };
    let found = fetch_optional!(
        conn,
        (String,),
        "SELECT id FROM notifications WHERE company_id = $1 AND gateway = $2 AND signature = $3 LIMIT 1",
        company,
        &row.gateway,
        signature
    )?;
    Ok(found.is_some())
}

/// How many unfinished notifications of the same kind as `row` there are, counted up to `limit`.
async fn unfinished(conn: &mut Conn<'_>, row: &Row, limit: i64) -> Result<i64, StoreError> {
    let (count,) = match row.company_id.as_deref() {
        Some(company) => fetch_one!(
            conn,
            (i64,),
            "SELECT COUNT(*) FROM (SELECT 1 FROM notifications
                 WHERE company_id = $1 AND state = 'stored' AND verified = $2 LIMIT $3) AS unfinished",
            company,
            row.verified == Some(true),
            limit
        )?,
        None => fetch_one!(
            conn,
            (i64,),
            "SELECT COUNT(*) FROM (SELECT 1 FROM notifications WHERE state = 'waiting' LIMIT $1) AS unfinished",
            limit
        )?,
    };
    Ok(count)
}

/// Some notifications in `state` whose time has come: each company's oldest, then each one's next, so that the many of one
/// company keep nobody else's waiting.
///
/// # Errors
/// When the database fails.
pub async fn due(
    conn: &mut Conn<'_>,
    state: &str,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Row>, StoreError> {
    fetch_all!(
        conn,
        Row,
        "SELECT * FROM
             (SELECT notifications.*, ROW_NUMBER() OVER (PARTITION BY company_id ORDER BY received_at, id) AS turn
                 FROM notifications WHERE state = $1 AND next_at <= $2) AS due
         ORDER BY turn, received_at, id LIMIT $3",
        state,
        now.0,
        limit
    )
}

/// Looks at a notification again later.
///
/// # Errors
/// When the database fails.
pub async fn postpone(
    conn: &mut Conn<'_>,
    id: &str,
    attempts: i64,
    next_at: Timestamp,
) -> Result<(), StoreError> {
    execute!(
        conn,
        "UPDATE notifications SET attempts = $2, next_at = $3 WHERE id = $1",
        id,
        attempts,
        next_at.0
    )
    .map(|_| ())
}

/// Gives a waiting notification to its company; false when it has the same one already.
///
/// # Errors
/// When the database fails.
pub async fn assign(
    conn: &mut Conn<'_>,
    row: &Row,
    company: &CompanyId,
    verified: bool,
) -> Result<bool, StoreError> {
    let id = row.notification_id.as_deref();
    if is_known(conn, Some(company.as_str()), &row.gateway, id).await? {
        return Ok(false);
    }
    let assigned = execute!(
        conn,
        "UPDATE notifications SET company_id = $2, verified = $3, state = 'stored', attempts = 0, next_at = received_at
         WHERE id = $1 AND state = 'waiting'",
        &row.id,
        company.as_str(),
        verified
    )?;
    Ok(assigned == 1)
}

/// Ends a notification as `state`. Its body, which may name the buyer, is forgotten.
///
/// # Errors
/// When the database fails.
pub async fn finish(conn: &mut Conn<'_>, id: &str, state: &str) -> Result<(), StoreError> {
    execute!(conn, "UPDATE notifications SET state = $2, body = '' WHERE id = $1", id, state).map(|_| ())
}

/// Forgets some notifications that are old enough; true when there may be more.
///
/// # Errors
/// When the database fails.
pub async fn prune(conn: &mut Conn<'_>, now: Timestamp) -> Result<bool, StoreError> {
    let gone = execute!(
        conn,
        "DELETE FROM notifications WHERE id IN
             (SELECT id FROM notifications WHERE received_at < $1 ORDER BY received_at LIMIT $2)",
        now.0 - KEEP_MS,
        PRUNE_ROWS_MAX
    )?;
    Ok(gone > 0)
}
