//! Messages for the world outside, from the fact that they tell until they are delivered or given up.
//!
//! | module | holds |
//! |---|---|
//! | [`lanes`] | which process serves a target, and when |

pub mod lanes;

use super::page::Page;
use super::{Conn, StoreError};
use crate::domain::alert::Alert;
use crate::domain::event::{Event, News};
use crate::domain::id::CompanyId;
use crate::domain::time::Timestamp;

/// It is to be delivered.
pub const DUE: &str = "due";
/// It was taken.
pub const DONE: &str = "done";
/// It was given up.
pub const FAILED: &str = "failed";

/// Most messages kept of one target; beyond, the oldest are forgotten, also undelivered ones.
pub const KEPT_MAX: i64 = 20_000;
/// A message is kept for 30 days, in milliseconds.
const KEEP_MS: i64 = 30 * 86_400_000;
/// Most rows forgotten in one transaction.
const PRUNE_ROWS_MAX: i64 = 500;
/// Begins the name of the target that is a company's chat.
const CHAT: &str = "telegram:";

/// A message to one target.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Message {
    /// The endpoint, or the chat of the company.
    pub target: String,
    /// Id of the message.
    pub id: String,
    /// Whose it is.
    pub company_id: String,
    /// Event or template.
    pub kind: String,
    /// What is sent, or what it is made of.
    pub body: String,
    /// [`DUE`], [`DONE`] or [`FAILED`].
    pub state: String,
    /// How often it was sent.
    pub attempts: i64,
    /// When it was put in, or in again.
    #[sqlx(try_from = "i64")]
    pub queued_at: Timestamp,
    /// When it is sent next.
    #[sqlx(try_from = "i64")]
    pub next_at: Timestamp,
    /// When it was sent last, in milliseconds.
    pub last_at: Option<i64>,
    /// HTTP status of the last answer.
    pub last_status: Option<i64>,
    /// Code of why the last try failed.
    pub last_error: Option<String>,
    /// When what it tells happened.
    #[sqlx(try_from = "i64")]
    pub created_at: Timestamp,
}

/// The name of the target that is the chat of a company.
#[must_use]
pub fn chat_of(company: &CompanyId) -> String {
    format!("{CHAT}{company}")
}

/// Whether a target is a chat.
#[must_use]
pub fn is_chat(target: &str) -> bool {
    target.starts_with(CHAT)
}

/// Puts in what is to be told, for every target that wants it. What was put in before is left as it is.
///
/// # Errors
/// When the database refuses.
pub async fn put(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    news: &News,
    now: Timestamp,
) -> Result<(), StoreError> {
    for event in &news.events {
        put_event(conn, company, event, now).await?;
    }
    for (id, alert) in &news.alerts {
        put_alert(conn, company, id, alert, now).await?;
    }
    Ok(())
}

async fn put_event(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    event: &Event,
    now: Timestamp,
) -> Result<(), StoreError> {
    execute!(
        conn,
        "INSERT INTO outbox (target, id, company_id, kind, body, state, attempts, queued_at, next_at, created_at)
         SELECT e.id, $2, e.company_id, $3, $4, 'due', 0, $5, $5, $5 FROM webhook_endpoints e
         WHERE e.company_id = $1 AND e.active AND (e.events = '*' OR e.events LIKE '% ' || $3 || ' %')
         ON CONFLICT (target, id) DO NOTHING",
        company.as_str(),
        &event.id,
        event.kind.as_str(),
        &event.body,
        now.0
    )
    .map(|_| ())
}

/// Puts a message for people in, if the company has a chat for it.
///
/// # Errors
/// When the database refuses.
pub async fn put_alert(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    id: &str,
    alert: &Alert,
    now: Timestamp,
) -> Result<(), StoreError> {
    let body = serde_json::to_string(alert).map_err(|_| StoreError::Inconsistent {
        table: "outbox",
        column: "body",
        id: id.to_owned(),
    })?;
    execute!(
        conn,
        "INSERT INTO outbox (target, id, company_id, kind, body, state, attempts, queued_at, next_at, created_at)
         SELECT $6, $2, c.id, $3, $4, 'due', 0, $5, $5, $5 FROM companies c
         WHERE c.id = $1 AND c.telegram_enabled
             AND c.telegram_bot_token_sealed IS NOT NULL AND c.telegram_chat_id IS NOT NULL
         ON CONFLICT (target, id) DO NOTHING",
        company.as_str(),
        id,
        alert.as_str(),
        body,
        now.0,
        chat_of(company)
    )
    .map(|_| ())
}

/// The message of a target that has been due for longest.
///
/// # Errors
/// When the database fails.
pub async fn next_due(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    target: &str,
    now: Timestamp,
) -> Result<Option<Message>, StoreError> {
    fetch_optional!(
        conn,
        Message,
        "SELECT * FROM outbox WHERE target = $1 AND company_id = $3 AND state = 'due' AND next_at <= $2
         ORDER BY next_at, id LIMIT 1",
        target,
        now.0,
        company.as_str()
    )
}

/// Writes down how a try ended. False when somebody else did so before.
///
/// # Errors
/// When the database refuses.
pub async fn note_try(
    conn: &mut Conn<'_>,
    tried: &Message,
    attempts_before: i64,
) -> Result<bool, StoreError> {
    let noted = execute!(
        conn,
        "UPDATE outbox SET state = $3, attempts = $4, next_at = $5, last_at = $6, last_status = $7, last_error = $8
         WHERE target = $1 AND id = $2 AND state = 'due' AND attempts = $9 AND company_id = $10",
        &tried.target,
        &tried.id,
        &tried.state,
        tried.attempts,
        tried.next_at.0,
        tried.last_at,
        tried.last_status,
        tried.last_error.as_deref(),
        attempts_before,
        &tried.company_id
    )?;
    Ok(noted == 1)
}

/// Forgets a message for people that was told: it may name the buyer, and nobody asks for it any more.
///
/// # Errors
/// When the database refuses.
pub async fn forget(conn: &mut Conn<'_>, message: &Message) -> Result<(), StoreError> {
    execute!(
        conn,
        "DELETE FROM outbox WHERE target = $1 AND id = $2 AND company_id = $3",
        &message.target,
        &message.id,
        &message.company_id
    )
    .map(|_| ())
}

/// Gives up everything that is due for a target.
///
/// # Errors
/// When the database refuses.
pub async fn give_up_all(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    target: &str,
    error: &str,
) -> Result<(), StoreError> {
    execute!(
        conn,
        "UPDATE outbox SET state = 'failed', last_error = $3 WHERE target = $1 AND company_id = $2 AND state = 'due'",
        target,
        company.as_str(),
        error
    )
    .map(|_| ())
}

/// Messages of a target, newest first.
///
/// # Errors
/// When the database fails.
pub async fn list(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    target: &str,
    page: Page,
) -> Result<Vec<Message>, StoreError> {
    fetch_all!(
        conn,
        Message,
        "SELECT * FROM outbox WHERE company_id = $1 AND target = $2 ORDER BY created_at DESC, id DESC
         LIMIT $3 OFFSET $4",
        company.as_str(),
        target,
        page.limit,
        page.offset
    )
}

/// One message of a target.
///
/// # Errors
/// When the database fails.
pub async fn find(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    target: &str,
    id: &str,
) -> Result<Option<Message>, StoreError> {
    fetch_optional!(
        conn,
        Message,
        "SELECT * FROM outbox WHERE company_id = $1 AND target = $2 AND id = $3",
        company.as_str(),
        target,
        id
    )
}

/// How many messages of a target there are.
///
/// # Errors
/// When the database fails.
pub async fn count(conn: &mut Conn<'_>, company: &CompanyId, target: &str) -> Result<i64, StoreError> {
    let (count,) = fetch_one!(
        conn,
        (i64,),
        "SELECT COUNT(*) FROM outbox WHERE company_id = $1 AND target = $2",
        company.as_str(),
        target
    )?;
    Ok(count)
}

/// Puts a message in again, as if it had just come; gives it as it is now. None when the target has no such message.
///
/// # Errors
/// When the database refuses.
pub async fn put_again(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    target: &str,
    id: &str,
    now: Timestamp,
) -> Result<Option<Message>, StoreError> {
    fetch_optional!(
        conn,
        Message,
        "UPDATE outbox SET state = 'due', attempts = 0, queued_at = $4, next_at = $4, last_error = NULL
         WHERE company_id = $1 AND target = $2 AND id = $3 RETURNING *",
        company.as_str(),
        target,
        id,
        now.0
    )
}

/// Forgets some messages that are old enough, or too many of one target; true when there may be more.
///
/// # Errors
/// When the database fails.
pub async fn prune(conn: &mut Conn<'_>, now: Timestamp) -> Result<bool, StoreError> {
    let old = execute!(
        conn,
        "DELETE FROM outbox WHERE (target, id) IN
             (SELECT target, id FROM outbox WHERE created_at < $1 ORDER BY created_at LIMIT $2)",
        now.0 - KEEP_MS,
        PRUNE_ROWS_MAX
    )?;
    let crowded: Vec<(String, i64)> = fetch_all!(
        conn,
        (String, i64),
        "SELECT target, COUNT(*) FROM outbox GROUP BY target HAVING COUNT(*) > $1 ORDER BY target LIMIT 16",
        KEPT_MAX
    )?;
    let mut gone = old;
    for (target, count) in crowded {
        gone += execute!(
            conn,
            "DELETE FROM outbox WHERE target = $1 AND id IN
                 (SELECT id FROM outbox WHERE target = $1 ORDER BY created_at, id LIMIT $2)",
            &target,
            (count - KEPT_MAX).min(PRUNE_ROWS_MAX)
        )?;
    }
    Ok(gone > 0)
}

/// What is to be delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Waiting {
    /// How many messages.
    pub messages: i64,
    /// When the oldest was put in, in milliseconds.
    pub oldest: Option<i64>,
}

/// What is to be delivered, of all companies.
///
/// # Errors
/// When the database fails.
pub async fn waiting(conn: &mut Conn<'_>) -> Result<Waiting, StoreError> {
    fetch_one!(
        conn,
        Waiting,
        "SELECT COUNT(*) AS messages, MIN(queued_at) AS oldest FROM outbox WHERE state = 'due'"
    )
}
