//! API keys of routers.

use super::TenantError;
use crate::domain::code::Code;
use crate::domain::id::{ApiKeyId, CompanyId, RouterId};
use crate::domain::time::Timestamp;
use crate::store::api_keys::{self, NewApiKey};
use crate::store::{Store, routers};

/// Revokes every live key of a router and stores the new one, in one transaction. Gives whether there was one before.
///
/// # Errors
/// `router_not_found`, `router_inactive`, or when the database does not do it.
pub async fn regenerate(store: &Store, key: NewApiKey) -> Result<bool, TenantError> {
    let (company, router) = (key.company_id.clone(), key.router_id.clone());
    let revoked = store
        .write::<_, TenantError, _>(move |conn| {
            Box::pin(async move {
                // One after the other: two at once would not see each other's key, and both would stay live.
                let active = routers::lock(conn, &key.company_id, &key.router_id).await?;
                if !active.ok_or(Code::RouterNotFound)? {
                    return Err(Code::RouterInactive.into());
                }
                let revoked =
                    api_keys::revoke_all(conn, &key.company_id, &key.router_id, key.issued_at).await?;
                api_keys::insert(conn, &key).await?;
                Ok(revoked)
            })
        })
        .await?;
    tracing::info!(company.id = %company, router.id = %router, keys.revoked = revoked, "API key regenerated");
    Ok(revoked > 0)
}

/// Revokes one key.
///
/// # Errors
/// `api_key_not_found`, `api_key_already_revoked`, or when the database does not do it.
pub async fn revoke(
    store: &Store,
    company: &CompanyId,
    router: &RouterId,
    id: &ApiKeyId,
    now: Timestamp,
) -> Result<(), TenantError> {
    let (owner, at, key) = (company.clone(), router.clone(), id.clone());
    store
        .write::<_, TenantError, _>(move |conn| {
            Box::pin(async move {
                if api_keys::revoke(conn, &owner, &at, &key, now).await? {
                    return Ok(());
                }
                let known = api_keys::find(conn, &owner, &at, &key).await?.is_some();
                Err(if known { Code::ApiKeyAlreadyRevoked } else { Code::ApiKeyNotFound }.into())
            })
        })
        .await?;
    tracing::info!(company.id = %company, router.id = %router, key.id = %id, "API key revoked");
    Ok(())
}
