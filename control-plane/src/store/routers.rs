//! Routers of companies. Their passwords are sealed; agents hold the copy that is in use.

use super::page::Page;
use super::{Conn, StoreError};
use crate::domain::id::{CompanyId, RouterId, SiteId};
use crate::domain::time::Timestamp;

/// Field name under which a router's password is sealed for its company.
pub const PASSWORD_FIELD: &str = "router.password";

/// A router.
#[derive(Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Router {
    /// Its id.
    #[sqlx(try_from = "String")]
    pub id: RouterId,
    /// Its company.
    #[sqlx(try_from = "String")]
    pub company_id: CompanyId,
    /// Its site.
    #[sqlx(try_from = "String")]
    pub site_id: SiteId,
    /// Name as shown.
    pub name: String,
    /// Address on the site's network.
    pub host: String,
    /// Port of its API.
    pub port: i64,
    /// User of the agent on it.
    pub username: String,
    /// Password of that user, sealed.
    pub password_sealed: String,
    /// Where it hangs.
    pub location: Option<String>,
    /// Whether it may sell.
    pub active: bool,
    /// Grows with each change of address or login.
    pub settings_version: i64,
    /// When it was made.
    #[sqlx(try_from = "i64")]
    pub created_at: Timestamp,
}

/// Stores a new router.
///
/// # Errors
/// When the database fails.
pub async fn insert(conn: &mut Conn<'_>, router: &Router) -> Result<(), StoreError> {
    execute!(
        conn,
        "INSERT INTO routers (id, company_id, site_id, name, host, port, username, password_sealed, location, \
         active, settings_version, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        router.id.as_str(),
        router.company_id.as_str(),
        router.site_id.as_str(),
        &router.name,
        &router.host,
        router.port,
        &router.username,
        &router.password_sealed,
        router.location.as_deref(),
        router.active,
        router.settings_version,
        router.created_at.0
    )
    .map(|_| ())
}

/// One router of a company.
///
/// # Errors
/// When the database fails.
pub async fn find(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    id: &RouterId,
) -> Result<Option<Router>, StoreError> {
    fetch_optional!(
        conn,
        Router,
        "SELECT * FROM routers WHERE id = $1 AND company_id = $2",
        id.as_str(),
        company.as_str()
    )
}

/// The routers of a company, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn list(conn: &mut Conn<'_>, company: &CompanyId, page: Page) -> Result<Vec<Router>, StoreError> {
    fetch_all!(
        conn,
        Router,
        "SELECT * FROM routers WHERE company_id = $1 ORDER BY created_at, id LIMIT $2 OFFSET $3",
        company.as_str(),
        page.limit,
        page.offset
    )
}

/// How many routers a company has.
///
/// # Errors
/// When the database fails.
pub async fn count(conn: &mut Conn<'_>, company: &CompanyId) -> Result<i64, StoreError> {
    let (count,) =
        fetch_one!(conn, (i64,), "SELECT COUNT(*) FROM routers WHERE company_id = $1", company.as_str())?;
    Ok(count)
}

/// A changed router; none leaves a field as it is.
#[derive(Clone, Default)]
pub struct Change {
    /// Name as shown.
    pub name: Option<String>,
    /// Where it hangs; the inner none erases it.
    pub location: Option<Option<String>>,
    /// Address on the site's network.
    pub host: Option<String>,
    /// Port of its API.
    pub port: Option<i64>,
    /// User of the agent on it.
    pub username: Option<String>,
    /// Password of that user, sealed.
    pub password_sealed: Option<String>,
}

impl Change {
    /// Whether the agent must be told.
    #[must_use]
    pub const fn concerns_agent(&self) -> bool {
        self.host.is_some()
            || self.port.is_some()
            || self.username.is_some()
            || self.password_sealed.is_some()
    }
}

/// Changes a router of a company and gives it as it is now; none when there is no such router.
///
/// # Errors
/// When the database fails.
pub async fn change(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    id: &RouterId,
    change: &Change,
) -> Result<Option<Router>, StoreError> {
    fetch_optional!(
        conn,
        Router,
        "UPDATE routers SET name = COALESCE($1, name), host = COALESCE($2, host), port = COALESCE($3, port), \
         username = COALESCE($4, username), password_sealed = COALESCE($5, password_sealed), \
         location = CASE WHEN $6 THEN $7 ELSE location END, settings_version = settings_version + $8 \
         WHERE id = $9 AND company_id = $10 RETURNING *",
        change.name.as_deref(),
        change.host.as_deref(),
        change.port,
        change.username.as_deref(),
        change.password_sealed.as_deref(),
        change.location.is_some(),
        change.location.as_ref().and_then(Option::as_deref),
        i64::from(change.concerns_agent()),
        id.as_str(),
        company.as_str()
    )
}

/// Switches a router on or off, whichever it is not; gives what it is now.
///
/// # Errors
/// When the database fails.
pub async fn toggle(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    id: &RouterId,
) -> Result<Option<bool>, StoreError> {
    let row = fetch_optional!(
        conn,
        (bool,),
        "UPDATE routers SET active = NOT active WHERE id = $1 AND company_id = $2 RETURNING active",
        id.as_str(),
        company.as_str()
    )?;
    Ok(row.map(|(active,)| active))
}

/// Locks a router's row until the transaction ends; gives whether the router is active.
///
/// # Errors
/// When the database fails.
pub async fn lock(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    id: &RouterId,
) -> Result<Option<bool>, StoreError> {
    let row = fetch_optional!(
        conn,
        (bool,),
        "UPDATE routers SET active = active WHERE id = $1 AND company_id = $2 RETURNING active",
        id.as_str(),
        company.as_str()
    )?;
    Ok(row.map(|(active,)| active))
}

/// What stands in the way of deleting a router.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Holding {
    /// Whether it has products, inactive ones too.
    pub products: bool,
    /// Whether there were sales or attempts on it.
    pub sales: bool,
}

/// Looks for what stands in the way of deleting a router.
///
/// # Errors
/// When the database fails.
pub async fn holding(conn: &mut Conn<'_>, company: &CompanyId, id: &RouterId) -> Result<Holding, StoreError> {
    fetch_one!(
        conn,
        Holding,
        "SELECT EXISTS (SELECT 1 FROM products WHERE router_id = $1 AND company_id = $2) AS products, \
         EXISTS (SELECT 1 FROM transactions WHERE router_id = $1 AND company_id = $2) \
         OR EXISTS (SELECT 1 FROM purchases WHERE router_id = $1 AND company_id = $2) AS sales",
        id.as_str(),
        company.as_str()
    )
}

/// Deletes a router and its API keys. Its site stays, with the agent's identity.
///
/// # Errors
/// When the database fails, or something still refers to the router.
pub async fn delete(conn: &mut Conn<'_>, company: &CompanyId, id: &RouterId) -> Result<(), StoreError> {
    execute!(
        conn,
        "DELETE FROM api_keys WHERE router_id = $1 AND company_id = $2",
        id.as_str(),
        company.as_str()
    )?;
    execute!(conn, "DELETE FROM routers WHERE id = $1 AND company_id = $2", id.as_str(), company.as_str())
        .map(|_| ())
}
