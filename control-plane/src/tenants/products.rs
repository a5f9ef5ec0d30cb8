//! Products of a company.

use super::TenantError;
use crate::domain::code::Code;
use crate::domain::id::{CompanyId, RouterId};
use crate::domain::time::Timestamp;
use crate::store::products::{self, Change, NewProduct, Product};
use crate::store::{Store, routers};

/// Makes a product on a router of the company.
///
/// # Errors
/// `router_not_found`, `product_profile_taken`, or when the database does not do it.
pub async fn create(
    store: &Store,
    company: &CompanyId,
    router: &RouterId,
    product: NewProduct,
    now: Timestamp,
) -> Result<Product, TenantError> {
    let (owner, at) = (company.clone(), router.clone());
    let made = store
        .write::<_, TenantError, _>(move |conn| {
            Box::pin(async move {
                if routers::find(conn, &owner, &at).await?.is_none() {
                    return Err(Code::RouterNotFound.into());
                }
                let made = products::insert(conn, &owner, &at, &product, now).await?;
                made.ok_or_else(|| Code::ProductProfileTaken.into())
            })
        })
        .await?;
    tracing::info!(company.id = %company, router.id = %router, product.id = made.id, "product made");
    Ok(made)
}

/// Changes a product of the company.
///
/// # Errors
/// `product_not_found`, or when the database does not do it.
pub async fn change(
    store: &Store,
    company: &CompanyId,
    id: i64,
    change: Change,
) -> Result<Product, TenantError> {
    let owner = company.clone();
    let changed = store
        .write::<_, TenantError, _>(move |conn| {
            Box::pin(async move {
                let changed = products::change(conn, &owner, id, &change).await?;
                changed.ok_or_else(|| Code::ProductNotFound.into())
            })
        })
        .await?;
    tracing::info!(company.id = %company, product.id = id, "product changed");
    Ok(changed)
}
