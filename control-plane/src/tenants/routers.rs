//! Routers, each with a site of its own until somebody groups them.

use super::TenantError;
use crate::domain::code::Code;
use crate::domain::id::{CompanyId, RouterId, SiteId};
use crate::store::api_keys::{self, NewApiKey};
use crate::store::routers::{self, Change, Router};
use crate::store::{Store, companies, sites};

/// Makes a router with its first API key, at a new site that has the router's name.
///
/// # Errors
/// `company_not_found`, or when the database does not do it.
pub async fn create(store: &Store, router: Router, key: NewApiKey) -> Result<Router, TenantError> {
    let made = store
        .write::<_, TenantError, _>(move |conn| {
            Box::pin(async move {
                if companies::find(conn, &router.company_id).await?.is_none() {
                    return Err(Code::CompanyNotFound.into());
                }
                sites::insert(conn, &router.site_id, &router.company_id, &router.name, router.created_at)
                    .await?;
                routers::insert(conn, &router).await?;
                api_keys::insert(conn, &key).await?;
                Ok(router)
            })
        })
        .await?;
    tracing::info!(company.id = %made.company_id, router.id = %made.id, "router made");
    Ok(made)
}

/// One router of a company.
///
/// # Errors
/// `company_not_found`, `router_not_found`, or when the database does not answer.
pub async fn find(store: &Store, company: &CompanyId, id: &RouterId) -> Result<Router, TenantError> {
    let mut reader = store.reader().await?;
    match routers::find(&mut reader.conn(), company, id).await? {
        Some(router) => Ok(router),
        None if companies::find(&mut reader.conn(), company).await?.is_none() => {
            Err(Code::CompanyNotFound.into())
        }
        None => Err(Code::RouterNotFound.into()),
    }
}

/// Changes a router.
///
/// # Errors
/// `router_not_found`, or when the database does not do it.
pub async fn change(
    store: &Store,
    company: &CompanyId,
    id: &RouterId,
    change: Change,
) -> Result<Router, TenantError> {
    let (owner, router) = (company.clone(), id.clone());
    let changed = store
        .write::<_, TenantError, _>(move |conn| {
            Box::pin(async move {
                let changed = routers::change(conn, &owner, &router, &change).await?;
                changed.ok_or_else(|| Code::RouterNotFound.into())
            })
        })
        .await?;
    tracing::info!(company.id = %company, router.id = %id, settings.version = changed.settings_version, "router changed");
    Ok(changed)
}

/// Switches a router on or off, whichever it is not; gives what it is now.
///
/// # Errors
/// `router_not_found`, or when the database does not do it.
pub async fn toggle(store: &Store, company: &CompanyId, id: &RouterId) -> Result<bool, TenantError> {
    let (owner, router) = (company.clone(), id.clone());
    let active = store
        .write::<_, TenantError, _>(move |conn| {
            Box::pin(async move {
                let active = routers::toggle(conn, &owner, &router).await?;
                active.ok_or_else(|| Code::RouterNotFound.into())
            })
        })
        .await?;
    tracing::info!(company.id = %company, router.id = %id, router.active = active, "router switched");
    Ok(active)
}

/// Deletes a router that never sold anything, with its keys. Gives the site, whose agent must be told.
///
/// # Errors
/// `router_not_found`, `router_has_products`, `router_has_transactions`, or when the database does not do it.
pub async fn delete(store: &Store, company: &CompanyId, id: &RouterId) -> Result<SiteId, TenantError> {
    let (owner, router) = (company.clone(), id.clone());
    let site = store
        .write::<_, TenantError, _>(move |conn| {
            Box::pin(async move {
                let found = routers::find(conn, &owner, &router).await?;
                let site = found.ok_or(Code::RouterNotFound)?.site_id;
                let holding = routers::holding(conn, &owner, &router).await?;
                if holding.products {
                    return Err(Code::RouterHasProducts.into());
                }
                if holding.sales {
                    return Err(Code::RouterHasTransactions.into());
                }
                routers::delete(conn, &owner, &router).await?;
                Ok(site)
            })
        })
        .await?;
    tracing::info!(company.id = %company, router.id = %id, "router deleted");
    Ok(site)
}
