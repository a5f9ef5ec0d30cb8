//! Companies and their gateway settings.

use super::TenantError;
use crate::domain::code::Code;
use crate::domain::id::CompanyId;
use crate::domain::time::Timestamp;
use crate::store::companies::{self, Change, Company, ConektaChange, NewCompany};
use crate::store::{Store, credentials, webhook_keys};
use crate::vault::{Context, Vault};

/// Values that stand for "no key" in data of the replaced service.
const PLACEHOLDERS: [&str; 2] = ["key_test_default", "key_test_default_pub"];

/// A key as it was typed; none when it is empty or stands for no key.
#[must_use]
pub fn real_key(text: Option<String>) -> Option<String> {
    let key = text?.trim().to_owned();
    (!key.is_empty() && !PLACEHOLDERS.contains(&key.as_str())).then_some(key)
}

/// Seals a Conekta private key for its company.
#[must_use]
pub fn seal_conekta_key(vault: &Vault, company: &CompanyId, key: &str) -> String {
    vault.seal(&Context { tenant: company.as_str(), field: credentials::CONEKTA_PRIVATE_KEY }, key)
}

/// Makes a company, with its gateway key if there is one, and `webhook_path` as the unguessable part of the addresses for
/// its notifications.
///
/// # Errors
/// When the database does not do it.
pub async fn create(
    store: &Store,
    company: NewCompany,
    webhook_path: String,
    conekta_key_sealed: Option<String>,
) -> Result<Company, TenantError> {
    let made = store
        .write::<_, TenantError, _>(move |conn| {
            Box::pin(async move {
                companies::insert(conn, &company).await?;
                companies::keep_webhook_path(conn, &company.id, &webhook_path).await?;
                if let Some(sealed) = conekta_key_sealed {
                    let now = company.created_at;
                    credentials::add(conn, &company.id, credentials::CONEKTA, &sealed, now).await?;
                }
                companies::find(conn, &company.id).await?.ok_or_else(|| Code::CompanyNotFound.into())
            })
        })
        .await?;
    tracing::info!(company.id = %made.id, "company made");
    Ok(made)
}

/// Changes facts about a company itself; gives it as it is now.
///
/// # Errors
/// `company_not_found`, or when the database does not do it.
pub async fn change(store: &Store, company: &CompanyId, change: Change) -> Result<Company, TenantError> {
    let id = company.clone();
    let changed = store
        .write::<_, TenantError, _>(move |conn| {
            Box::pin(async move {
                companies::change(conn, &id, &change).await?.ok_or_else(|| Code::CompanyNotFound.into())
            })
        })
        .await?;
    tracing::info!(company.id = %company, "company changed");
    Ok(changed)
}

/// New Conekta keys, sealed; none leaves one as it is.
#[derive(Clone, Default)]
pub struct ConektaKeys {
    /// Private key.
    pub private_sealed: Option<String>,
    /// Public key of notifications.
    pub webhook_sealed: Option<String>,
}

/// Changes Conekta settings. A new private key becomes a new version: attempts under way keep the one they used.
///
/// # Errors
/// `company_not_found`, or when the database does not do it.
pub async fn change_conekta(
    store: &Store,
    company: &CompanyId,
    change: ConektaChange,
    keys: ConektaKeys,
    now: Timestamp,
) -> Result<(), TenantError> {
    let id = company.clone();
    let version = store
        .write::<_, TenantError, _>(move |conn| {
            Box::pin(async move {
                // Also locks the company's row, so that two changes do not take one version number.
                if !companies::change_conekta(conn, &id, &change).await? {
                    return Err(Code::CompanyNotFound.into());
                }
                if let Some(sealed) = keys.webhook_sealed {
                    webhook_keys::add(conn, &id, credentials::CONEKTA, &sealed, now).await?;
                }
                Ok(match keys.private_sealed {
                    Some(sealed) => {
                        Some(credentials::add(conn, &id, credentials::CONEKTA, &sealed, now).await?)
                    }
                    None => None,
                })
            })
        })
        .await?;
    tracing::info!(company.id = %company, credentials.version = version, "Conekta settings changed");
    Ok(())
}
