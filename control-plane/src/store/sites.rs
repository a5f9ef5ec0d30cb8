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

/// A site as an operator sees it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Overview {
    /// Its company.
    pub company_id: String,
    /// Its name.
    pub name: String,
    /// Ids of its routers, with commas.
    pub routers: String,
    /// Version of its agent; none when it has none.
    pub agent_version: Option<String>,
    /// When the agent was last seen, in milliseconds.
    pub last_seen_at: Option<i64>,
    /// When the agent's certificate ends, in milliseconds.
    pub certificate_expires_at: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct SiteRow {
    id: String,
    #[sqlx(flatten)]
    overview: Overview,
}

/// All sites with their agents, or those of a company. For operators: the only look across companies.
///
/// # Errors
/// When the database fails.
pub async fn overview(conn: &mut Conn<'_>, company: Option<&str>) -> Result<Vec<Overview>, StoreError> {
    let rows = fetch_all!(
        conn,
        SiteRow,
        "SELECT s.id, s.company_id, s.name, '' AS routers, a.version AS agent_version, a.last_seen_at, \
         a.certificate_expires_at FROM sites s \
         LEFT JOIN agents a ON a.site_id = s.id AND a.company_id = s.company_id AND a.revoked_at IS NULL \
         WHERE $1 = '' OR s.company_id = $1 ORDER BY s.company_id, s.name, s.id",
        company.unwrap_or_default()
    )?;
    let mut sites = Vec::with_capacity(rows.len());
    for SiteRow { id, mut overview } in rows {
        let routers = fetch_all!(
            conn,
            (String,),
            "SELECT id FROM routers WHERE site_id = $1 AND company_id = $2 ORDER BY id",
            &id,
            &overview.company_id
        )?;
        overview.routers = routers.into_iter().map(|(id,)| id).collect::<Vec<_>>().join(",");
        sites.push(overview);
    }
    Ok(sites)
}
