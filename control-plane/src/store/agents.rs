//! Identities of agents, and what an agent is told about its site.

use super::{Conn, StoreError};
use crate::domain::id::{AgentId, CompanyId, SiteId};
use crate::domain::time::Timestamp;

/// An identity that may connect.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct AgentRow {
    /// The identity.
    pub id: String,
    /// The site it serves.
    pub site_id: String,
    /// The company of the site.
    pub company_id: String,
    /// The journal that holds all open reservations of its routers, as far as is known.
    pub journal_id: Option<String>,
    /// When it was revoked, if it was.
    pub revoked_at: Option<i64>,
}

/// A new identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAgent {
    /// The identity.
    pub id: AgentId,
    /// The site it serves.
    pub site: SiteId,
    /// The company of the site.
    pub company: CompanyId,
    /// SHA-256 of its certificate, lower-case hex.
    pub fingerprint: String,
    /// When its certificate ends.
    pub expires_at: Timestamp,
    /// Version of the program.
    pub version: String,
}

/// What is stored of one router of a site; the password is sealed.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct SiteRouter {
    /// The router.
    pub id: String,
    /// Grows with each change an operator makes.
    pub settings_version: i64,
    /// Host name or address on the site's network.
    pub host: String,
    /// TCP port.
    pub port: i64,
    /// RouterOS user.
    pub username: String,
    /// Sealed RouterOS password.
    pub password_sealed: String,
}

/// The identity with this certificate, revoked or not.
///
/// # Errors
/// When the database does not answer.
pub async fn find_by_fingerprint(
    conn: &mut Conn<'_>,
    fingerprint: &str,
) -> Result<Option<AgentRow>, StoreError> {
    fetch_optional!(
        conn,
        AgentRow,
        "SELECT id, site_id, company_id, journal_id, revoked_at FROM agents WHERE certificate_fingerprint = $1",
        fingerprint
    )
}

/// Stores a new identity.
///
/// # Errors
/// When the database does not answer.
pub async fn insert(conn: &mut Conn<'_>, agent: &NewAgent, now: Timestamp) -> Result<(), StoreError> {
    execute!(
        conn,
        "INSERT INTO agents (id, site_id, company_id, certificate_fingerprint, certificate_expires_at, version, \
         enrolled_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        agent.id.as_str(),
        agent.site.as_str(),
        agent.company.as_str(),
        &agent.fingerprint,
        agent.expires_at.0,
        &agent.version,
        now.0
    )?;
    Ok(())
}

/// Revokes all identities of a site of the company; gives those that were live.
///
/// # Errors
/// When the database does not answer.
pub async fn revoke_site(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    site: &SiteId,
    now: Timestamp,
) -> Result<Vec<AgentId>, StoreError> {
    let rows = fetch_all!(
        conn,
        (String,),
        "UPDATE agents SET revoked_at = $1 WHERE site_id = $2 AND company_id = $3 AND revoked_at IS NULL RETURNING id",
        now.0,
        site.as_str(),
        company.as_str()
    )?;
    Ok(rows.into_iter().map(|(id,)| AgentId::new(id)).collect())
}

/// Notes that an agent has said hello.
///
/// # Errors
/// When the database does not answer.
pub async fn seen(
    conn: &mut Conn<'_>,
    agent: &AgentId,
    version: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    execute!(
        conn,
        "UPDATE agents SET last_seen_at = $1, version = $2 WHERE id = $3",
        now.0,
        version,
        agent.as_str()
    )?;
    Ok(())
}

/// Notes that a journal holds all open reservations of an agent's routers.
///
/// # Errors
/// When the database does not answer.
pub async fn journal_known(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    agent: &AgentId,
    journal_id: &str,
) -> Result<(), StoreError> {
    execute!(
        conn,
        "UPDATE agents SET journal_id = $1 WHERE id = $2 AND company_id = $3",
        journal_id,
        agent.as_str(),
        company.as_str()
    )?;
    Ok(())
}

/// The routers of a site of the company.
///
/// # Errors
/// When the database does not answer.
pub async fn site_routers(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    site: &SiteId,
) -> Result<Vec<SiteRouter>, StoreError> {
    fetch_all!(
        conn,
        SiteRouter,
        "SELECT id, settings_version, host, port, username, password_sealed FROM routers \
         WHERE site_id = $1 AND company_id = $2 ORDER BY id",
        site.as_str(),
        company.as_str()
    )
}

/// How many agents have a certificate that ends before `at`, or has ended.
///
/// # Errors
/// When the database does not answer.
pub async fn ending_before(conn: &mut Conn<'_>, at: Timestamp) -> Result<i64, StoreError> {
    let (count,) = fetch_one!(
        conn,
        (i64,),
        "SELECT COUNT(*) FROM agents WHERE revoked_at IS NULL AND certificate_expires_at < $1",
        at.0
    )?;
    Ok(count)
}
