//! Addresses of companies that are told of events.

use super::page::Page;
use super::{Conn, StoreError};
use crate::domain::id::CompanyId;
use crate::domain::time::Timestamp;

/// Field name under which a secret is sealed.
pub const SECRET: &str = "webhook_endpoint.secret";
/// Every event is told.
pub const EVERYTHING: &str = "*";

/// An endpoint.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Endpoint {
    /// UUID version 7.
    pub id: String,
    /// Whose it is.
    #[sqlx(try_from = "String")]
    pub company_id: CompanyId,
    /// Where it is.
    pub url: String,
    /// What the admin calls it.
    pub description: Option<String>,
    /// [`EVERYTHING`], or the kinds with a space before and after each.
    pub events: String,
    /// Whether it is told.
    pub active: bool,
    /// What messages are signed with, sealed.
    pub secret_sealed: String,
    /// What they were signed with before, sealed.
    pub old_secret_sealed: Option<String>,
    /// Until when that signs too, in milliseconds.
    pub old_secret_until: Option<i64>,
    /// Since when nothing was taken, in milliseconds.
    pub failing_since: Option<i64>,
    /// When it was switched off by itself, in milliseconds.
    pub switched_off_at: Option<i64>,
    /// Code of why.
    pub switched_off_for: Option<String>,
    /// When it was made.
    #[sqlx(try_from = "i64")]
    pub created_at: Timestamp,
    /// When it was changed last.
    #[sqlx(try_from = "i64")]
    pub updated_at: Timestamp,
}

impl Endpoint {
    /// The kinds it is told of; none means all.
    #[must_use]
    pub fn kinds(&self) -> Option<Vec<&str>> {
        (self.events != EVERYTHING).then(|| self.events.split_whitespace().collect())
    }
}

/// The kinds as they are stored.
#[must_use]
pub fn stored_kinds(kinds: Option<&[&str]>) -> String {
    match kinds {
        None => EVERYTHING.to_owned(),
        Some(kinds) => format!(" {} ", kinds.join(" ")),
    }
}

/// Stores a new endpoint, if the company has room for it; false when it has none.
///
/// # Errors
/// When the database refuses.
pub async fn insert(conn: &mut Conn<'_>, endpoint: &Endpoint, most: i64) -> Result<bool, StoreError> {
    // Locks the company's row, so that two at once do not both find room.
    execute!(
        conn,
        "UPDATE companies SET telegram_enabled = telegram_enabled WHERE id = $1",
        endpoint.company_id.as_str()
    )?;
    if count(conn, &endpoint.company_id).await? >= most {
        return Ok(false);
    }
    execute!(
        conn,
        "INSERT INTO webhook_endpoints (id, company_id, url, description, events, active, secret_sealed, created_at,
             updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        &endpoint.id,
        endpoint.company_id.as_str(),
        &endpoint.url,
        endpoint.description.as_deref(),
        &endpoint.events,
        endpoint.active,
        &endpoint.secret_sealed,
        endpoint.created_at.0,
        endpoint.updated_at.0
    )?;
    Ok(true)
}

/// One endpoint of a company.
///
/// # Errors
/// When the database fails.
pub async fn find(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    id: &str,
) -> Result<Option<Endpoint>, StoreError> {
    fetch_optional!(
        conn,
        Endpoint,
        "SELECT * FROM webhook_endpoints WHERE company_id = $1 AND id = $2",
        company.as_str(),
        id
    )
}

/// The endpoints of a company, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn list(conn: &mut Conn<'_>, company: &CompanyId, page: Page) -> Result<Vec<Endpoint>, StoreError> {
    fetch_all!(
        conn,
        Endpoint,
        "SELECT * FROM webhook_endpoints WHERE company_id = $1 ORDER BY created_at, id LIMIT $2 OFFSET $3",
        company.as_str(),
        page.limit,
        page.offset
    )
}

/// How many endpoints a company has.
///
/// # Errors
/// When the database fails.
pub async fn count(conn: &mut Conn<'_>, company: &CompanyId) -> Result<i64, StoreError> {
    let (count,) = fetch_one!(
        conn,
        (i64,),
        "SELECT COUNT(*) FROM webhook_endpoints WHERE company_id = $1",
        company.as_str()
    )?;
    Ok(count)
}

/// What an admin changes; none leaves a field as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Change {
    /// Where it is.
    pub url: Option<String>,
    /// What the admin calls it; an inner none erases it.
    pub description: Option<Option<String>>,
    /// The kinds as they are stored.
    pub events: Option<String>,
    /// Whether it is told. Switched on it begins anew; switched off it no longer waits for a person.
    pub active: Option<bool>,
}

/// Changes an endpoint; gives it as it is now, or none when the company has no such endpoint.
///
/// # Errors
/// When the database refuses.
pub async fn change(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    id: &str,
    change: &Change,
    now: Timestamp,
) -> Result<Option<Endpoint>, StoreError> {
    let anew = change.active == Some(true) || change.url.is_some();
    fetch_optional!(
        conn,
        Endpoint,
        "UPDATE webhook_endpoints SET url = COALESCE($3, url),
             description = CASE WHEN $4 THEN $5 ELSE description END,
             events = COALESCE($6, events), active = COALESCE($7, active),
             failing_since = CASE WHEN $8 THEN NULL ELSE failing_since END,
             switched_off_at = CASE WHEN $10 THEN NULL ELSE switched_off_at END,
             switched_off_for = CASE WHEN $10 THEN NULL ELSE switched_off_for END,
             updated_at = $9
         WHERE company_id = $1 AND id = $2 RETURNING *",
        company.as_str(),
        id,
        change.url.as_deref(),
        change.description.is_some(),
        change.description.as_ref().and_then(|text| text.as_deref()),
        change.events.as_deref(),
        change.active,
        anew,
        now.0,
        change.active.is_some()
    )
}

/// Gives an endpoint a new secret; the one before signs too until `until`. None when the company has no such endpoint.
///
/// # Errors
/// When the database refuses.
pub async fn rotate(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    id: &str,
    secret_sealed: &str,
    until: Timestamp,
    now: Timestamp,
) -> Result<Option<Endpoint>, StoreError> {
    fetch_optional!(
        conn,
        Endpoint,
        "UPDATE webhook_endpoints SET old_secret_sealed = secret_sealed, old_secret_until = $4, secret_sealed = $3,
             updated_at = $5
         WHERE company_id = $1 AND id = $2 RETURNING *",
        company.as_str(),
        id,
        secret_sealed,
        until.0,
        now.0
    )
}

/// Forgets an endpoint and everything that was to be told to it; false when the company has no such endpoint.
///
/// # Errors
/// When the database refuses.
pub async fn delete(conn: &mut Conn<'_>, company: &CompanyId, id: &str) -> Result<bool, StoreError> {
    let gone = execute!(
        conn,
        "DELETE FROM webhook_endpoints WHERE company_id = $1 AND id = $2",
        company.as_str(),
        id
    )?;
    if gone == 1 {
        execute!(conn, "DELETE FROM outbox WHERE company_id = $1 AND target = $2", company.as_str(), id)?;
        execute!(conn, "DELETE FROM outbox_lanes WHERE target = $1", id)?;
    }
    Ok(gone == 1)
}

/// Notes since when an endpoint fails, or that it works.
///
/// # Errors
/// When the database refuses.
pub async fn note_failing(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    id: &str,
    since: Option<Timestamp>,
) -> Result<(), StoreError> {
    execute!(
        conn,
        "UPDATE webhook_endpoints SET failing_since = $3 WHERE company_id = $1 AND id = $2",
        company.as_str(),
        id,
        since.map(|since| since.0)
    )
    .map(|_| ())
}

/// Switches an endpoint off by itself; false when it was off, or somebody changed it meanwhile.
///
/// # Errors
/// When the database refuses.
pub async fn switch_off(
    conn: &mut Conn<'_>,
    endpoint: &Endpoint,
    reason: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let off = execute!(
        conn,
        "UPDATE webhook_endpoints SET active = $5, switched_off_at = $3, switched_off_for = $4
         WHERE company_id = $1 AND id = $2 AND active AND updated_at = $6",
        endpoint.company_id.as_str(),
        &endpoint.id,
        now.0,
        reason,
        false,
        endpoint.updated_at.0
    )?;
    Ok(off == 1)
}
