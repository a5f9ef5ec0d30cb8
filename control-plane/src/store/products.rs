//! Products: what a router sells.

use super::page::Page;
use super::{Conn, StoreError};
use crate::domain::id::{CompanyId, RouterId};
use crate::domain::money::{Currency, Money};
use crate::domain::time::Timestamp;

/// A product.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Product {
    /// Its id.
    pub id: i64,
    /// Its company.
    #[sqlx(try_from = "String")]
    pub company_id: CompanyId,
    /// The router that sells it.
    #[sqlx(try_from = "String")]
    pub router_id: RouterId,
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
    /// Price in minor units.
    pub price_minor: i64,
    /// Currency of the price.
    pub currency: String,
    /// JSON: a list of objects, or whatever was imported.
    pub details: String,
    /// Whether it is sold.
    pub active: bool,
    /// Place in the list.
    pub display_order: i64,
    /// Whether it is shown first among equals.
    pub featured: bool,
    /// When it was made.
    #[sqlx(try_from = "i64")]
    pub created_at: Timestamp,
}

impl Product {
    /// The price.
    ///
    /// # Errors
    /// When the stored currency is unknown.
    pub fn price(&self) -> Result<Money, StoreError> {
        let currency = Currency::parse(&self.currency).ok_or_else(|| StoreError::Inconsistent {
            table: "products",
            column: "currency",
            id: self.id.to_string(),
        })?;
        Ok(Money { minor: self.price_minor, currency })
    }
}

/// What a new product starts with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewProduct {
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
    /// JSON list of objects.
    pub details: String,
    /// Whether it is sold.
    pub active: bool,
    /// Place in the list.
    pub display_order: i64,
    /// Whether it is shown first among equals.
    pub featured: bool,
}

/// Stores a new product; none when the router has one of that profile.
///
/// # Errors
/// When the database fails, or the router is not the company's.
pub async fn insert(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    router: &RouterId,
    product: &NewProduct,
    now: Timestamp,
) -> Result<Option<Product>, StoreError> {
    let (id,) = fetch_one!(
        conn,
        (i64,),
        "UPDATE sequences SET value = value + 1 WHERE name = 'products' RETURNING value"
    )?;
    fetch_optional!(
        conn,
        Product,
        "INSERT INTO products (id, company_id, router_id, profile_id, profile_name, sale_name, description, \
         image_url, price_minor, currency, details, active, display_order, featured, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) \
         ON CONFLICT (company_id, router_id, profile_id) DO NOTHING RETURNING *",
        id,
        company.as_str(),
        router.as_str(),
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
        now.0
    )
}

/// One product of a company, sold or not.
///
/// # Errors
/// When the database fails.
pub async fn find(conn: &mut Conn<'_>, company: &CompanyId, id: i64) -> Result<Option<Product>, StoreError> {
    fetch_optional!(
        conn,
        Product,
        "SELECT * FROM products WHERE id = $1 AND company_id = $2",
        id,
        company.as_str()
    )
}

/// One product that a router sells now.
///
/// # Errors
/// When the database fails.
pub async fn find_on_sale(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    router: &RouterId,
    id: i64,
) -> Result<Option<Product>, StoreError> {
    fetch_optional!(
        conn,
        Product,
        "SELECT * FROM products WHERE id = $1 AND company_id = $2 AND router_id = $3 AND active = $4",
        id,
        company.as_str(),
        router.as_str(),
        true
    )
}

/// What a router sells now, as it is shown.
///
/// # Errors
/// When the database fails.
pub async fn list_on_sale(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    router: &RouterId,
    page: Page,
) -> Result<Vec<Product>, StoreError> {
    fetch_all!(
        conn,
        Product,
        "SELECT * FROM products WHERE company_id = $1 AND router_id = $2 AND active = $3 \
         ORDER BY display_order, featured DESC, id LIMIT $4 OFFSET $5",
        company.as_str(),
        router.as_str(),
        true,
        page.limit,
        page.offset
    )
}

/// All products of a router, sold or not, as the portal would order them.
///
/// # Errors
/// When the database fails.
pub async fn list_of_router(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    router: &RouterId,
    page: Page,
) -> Result<Vec<Product>, StoreError> {
    fetch_all!(
        conn,
        Product,
        "SELECT * FROM products WHERE company_id = $1 AND router_id = $2 \
         ORDER BY display_order, featured DESC, id LIMIT $3 OFFSET $4",
        company.as_str(),
        router.as_str(),
        page.limit,
        page.offset
    )
}

/// How many products a router has, sold or not.
///
/// # Errors
/// When the database fails.
pub async fn count_of_router(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    router: &RouterId,
) -> Result<i64, StoreError> {
    let (count,) = fetch_one!(
        conn,
        (i64,),
        "SELECT COUNT(*) FROM products WHERE company_id = $1 AND router_id = $2",
        company.as_str(),
        router.as_str()
    )?;
    Ok(count)
}

/// All products of a company, or of one of its routers, as its admin sees them.
///
/// # Errors
/// When the database fails.
pub async fn list(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    router: Option<&RouterId>,
    page: Page,
) -> Result<Vec<Product>, StoreError> {
    fetch_all!(
        conn,
        Product,
        "SELECT * FROM products WHERE company_id = $1 AND ($2 = '' OR router_id = $2) \
         ORDER BY display_order, created_at DESC, id DESC LIMIT $3 OFFSET $4",
        company.as_str(),
        router.map_or("", RouterId::as_str),
        page.limit,
        page.offset
    )
}

/// A changed product; none leaves a field as it is. An inner none erases it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Change {
    /// Name as shown.
    pub sale_name: Option<String>,
    /// More about it.
    pub description: Option<Option<String>>,
    /// Picture of it.
    pub image_url: Option<Option<String>>,
    /// Price in minor units.
    pub price_minor: Option<i64>,
    /// Currency of the price.
    pub currency: Option<Currency>,
    /// JSON list of objects.
    pub details: Option<String>,
    /// Whether it is sold.
    pub active: Option<bool>,
    /// Place in the list.
    pub display_order: Option<i64>,
    /// Whether it is shown first among equals.
    pub featured: Option<bool>,
}

/// Changes a product of a company and gives it as it is now; none when there is no such product.
///
/// # Errors
/// When the database fails.
pub async fn change(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    id: i64,
    change: &Change,
) -> Result<Option<Product>, StoreError> {
    fetch_optional!(
        conn,
        Product,
        "UPDATE products SET sale_name = COALESCE($1, sale_name), \
         description = CASE WHEN $2 THEN $3 ELSE description END, \
         image_url = CASE WHEN $4 THEN $5 ELSE image_url END, price_minor = COALESCE($6, price_minor), \
         currency = COALESCE($7, currency), details = COALESCE($8, details), active = COALESCE($9, active), \
         display_order = COALESCE($10, display_order), featured = COALESCE($11, featured) \
         WHERE id = $12 AND company_id = $13 RETURNING *",
        change.sale_name.as_deref(),
        change.description.is_some(),
        change.description.as_ref().and_then(Option::as_deref),
        change.image_url.is_some(),
        change.image_url.as_ref().and_then(Option::as_deref),
        change.price_minor,
        change.currency.map(Currency::code),
        change.details.as_deref(),
        change.active,
        change.display_order,
        change.featured,
        id,
        company.as_str()
    )
}
