//! Routers, their keys, and what they sell.

use super::{Clash, Verdict};
use crate::domain::money::Money;
use crate::domain::time::Timestamp;
use crate::store::{Conn, StoreError, api_keys, routers, sites};

/// A router; its site is made with it.
pub struct Router(pub routers::Router);

/// An API key of a router.
pub struct Key {
    /// The key.
    pub key: api_keys::NewApiKey,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
    /// How often it was used.
    pub use_count: i64,
}

/// A product.
pub struct Product {
    /// Its id.
    pub id: i64,
    /// Its company.
    pub company_id: String,
    /// The router that sells it.
    pub router_id: String,
    /// Id of the profile on the router.
    pub profile_id: String,
    /// Exact name of the profile on the router.
    pub profile_name: String,
    /// Name as shown.
    pub sale_name: String,
    /// More about it.
    pub description: Option<String>,
    /// Picture of it.
    pub image_url: Option<String>,
    /// Price.
    pub price: Money,
    /// JSON, as it was.
    pub details: String,
    /// Whether it is sold.
    pub active: bool,
    /// Place in the list.
    pub display_order: i64,
    /// Whether it is shown first among equals.
    pub featured: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

pub(super) async fn judge_router(conn: &mut Conn<'_>, router: &Router) -> Result<Verdict, StoreError> {
    let id = router.0.id.as_str();
    let standing = fetch_optional!(conn, (String,), "SELECT company_id FROM routers WHERE id = $1", id)?;
    Ok(match standing {
        None => Verdict::Absent,
        Some((company,)) if company == router.0.company_id.as_str() => Verdict::Known,
        Some(_) => Verdict::Clash(Clash::Id),
    })
}

pub(super) async fn insert_router(conn: &mut Conn<'_>, router: &Router) -> Result<(), StoreError> {
    let router = &router.0;
    sites::insert(conn, &router.site_id, &router.company_id, &router.name, router.created_at).await?;
    routers::insert(conn, router).await
}

#[derive(sqlx::FromRow)]
struct StandingKey {
    id: String,
    router_id: String,
    key_hash: String,
}

pub(super) async fn judge_key(conn: &mut Conn<'_>, key: &Key) -> Result<Verdict, StoreError> {
    let key = &key.key;
    let standing = fetch_all!(
        conn,
        StandingKey,
        "SELECT id, router_id, key_hash FROM api_keys WHERE id = $1 OR key_hash = $2",
        key.id.as_str(),
        &key.key_hash
    )?;
    let is_same = |one: &StandingKey| {
        one.id == key.id.as_str() && one.key_hash == key.key_hash && one.router_id == key.router_id.as_str()
    };
    Ok(match standing.first() {
        None => Verdict::Absent,
        Some(one) if is_same(one) => Verdict::Known,
        Some(_) => Verdict::Clash(Clash::Key),
    })
}

pub(super) async fn insert_key(conn: &mut Conn<'_>, row: &Key) -> Result<(), StoreError> {
    api_keys::insert(conn, &row.key).await?;
    execute!(
        conn,
        "UPDATE api_keys SET revoked_at = $3, last_used_at = $4, use_count = $5 \
         WHERE id = $1 AND company_id = $2",
        row.key.id.as_str(),
        row.key.company_id.as_str(),
        row.revoked_at.map(|at| at.0),
        row.last_used_at.map(|at| at.0),
        row.use_count
    )
    .map(|_| ())
}

#[derive(sqlx::FromRow)]
struct StandingProduct {
    id: i64,
    company_id: String,
    router_id: String,
    profile_id: String,
}

pub(super) async fn judge_product(conn: &mut Conn<'_>, product: &Product) -> Result<Verdict, StoreError> {
    let standing = fetch_all!(
        conn,
        StandingProduct,
        "SELECT id, company_id, router_id, profile_id FROM products \
         WHERE id = $1 OR (company_id = $2 AND router_id = $3 AND profile_id = $4)",
        product.id,
        &product.company_id,
        &product.router_id,
        &product.profile_id
    )?;
    let is_place = |one: &StandingProduct| {
        one.company_id == product.company_id
            && one.router_id == product.router_id
            && one.profile_id == product.profile_id
    };
    Ok(match standing.as_slice() {
        [] => Verdict::Absent,
        [one] if one.id == product.id && is_place(one) => Verdict::Known,
        several if several.iter().any(|one| one.id == product.id) => Verdict::Clash(Clash::Id),
        _ => Verdict::Clash(Clash::Profile),
    })
}

pub(super) async fn insert_product(conn: &mut Conn<'_>, product: &Product) -> Result<(), StoreError> {
    execute!(
        conn,
        "INSERT INTO products (id, company_id, router_id, profile_id, profile_name, sale_name, description, \
         image_url, price_minor, currency, details, active, display_order, featured, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        product.id,
        &product.company_id,
        &product.router_id,
        &product.profile_id,
        &product.profile_name,
        &product.sale_name,
        product.description.as_deref(),
        product.image_url.as_deref(),
        product.price.minor,
        product.price.currency.code(),
        &product.details,
        product.active,
        product.display_order,
        product.featured,
        product.created_at.0
    )
    .map(|_| ())
}
