//! Mercado Pago settings, and the keys with which notifications of either gateway are verified.

use super::TenantError;
use crate::domain::code::Code;
use crate::domain::id::CompanyId;
use crate::domain::time::Timestamp;
use crate::store::companies::{self, Change, MercadoPagoChange};
use crate::store::{Conn, Store, StoreError, credentials, webhook_keys};
use crate::vault::{Context, Vault};

/// Changed settings; an outer none leaves a secret as it is, an inner one erases it. Secrets are sealed.
#[derive(Clone, Default)]
pub struct Settings {
    /// Access token of Mercado Pago.
    pub access_token: Option<Option<String>>,
    /// Secret of Mercado Pago's notifications.
    pub webhook_secret: Option<Option<String>>,
    /// What is no secret about Mercado Pago.
    pub mercado_pago: MercadoPagoChange,
    /// Telegram.
    pub company: Change,
}

/// Seals an access token of Mercado Pago for its company.
#[must_use]
pub fn seal_access_token(vault: &Vault, company: &CompanyId, token: &str) -> String {
    vault.seal(&Context { tenant: company.as_str(), field: credentials::MERCADO_PAGO_ACCESS_TOKEN }, token)
}

/// Seals a secret of Mercado Pago's notifications for its company.
#[must_use]
pub fn seal_webhook_secret(vault: &Vault, company: &CompanyId, secret: &str) -> String {
    vault.seal(&Context { tenant: company.as_str(), field: webhook_keys::MERCADO_PAGO_SECRET }, secret)
}

/// Seals a public key of Conekta's notifications for its company.
#[must_use]
pub fn seal_conekta_webhook_key(vault: &Vault, company: &CompanyId, pem: &str) -> String {
    vault.seal(&Context { tenant: company.as_str(), field: webhook_keys::CONEKTA_KEY }, pem)
}

/// Seals a Telegram token for its company.
#[must_use]
pub fn seal_telegram_token(vault: &Vault, company: &CompanyId, token: &str) -> String {
    vault.seal(&Context { tenant: company.as_str(), field: companies::TELEGRAM_BOT_TOKEN }, token)
}

/// Changes settings of Mercado Pago and Telegram. A new access token becomes a new version; the secret before a new one
/// stays in force.
///
/// # Errors
/// `company_not_found`, or when the database does not do it.
pub async fn change(
    store: &Store,
    company: &CompanyId,
    settings: Settings,
    now: Timestamp,
) -> Result<(), TenantError> {
    let id = company.clone();
    store
        .write::<_, TenantError, _>(move |conn| {
            Box::pin(async move {
                // Also locks the company's row, so that two changes do not take one version number.
                if !companies::change_mercado_pago(conn, &id, &settings.mercado_pago).await? {
                    return Err(Code::CompanyNotFound.into());
                }
                companies::change(conn, &id, &settings.company).await?;
                if let Some(token) = &settings.access_token {
                    save_access_token(conn, &id, token.as_deref(), now).await?;
                }
                match &settings.webhook_secret {
                    Some(Some(sealed)) => {
                        webhook_keys::add(conn, &id, credentials::MERCADO_PAGO, sealed, now).await?;
                    }
                    Some(None) => webhook_keys::clear(conn, &id, credentials::MERCADO_PAGO).await?,
                    None => {}
                }
                Ok(())
            })
        })
        .await?;
    tracing::info!(company.id = %company, "Mercado Pago settings changed");
    Ok(())
}

async fn save_access_token(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    sealed: Option<&str>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let gateway = credentials::MERCADO_PAGO;
    let known = credentials::current(conn, company, gateway).await?.is_some();
    match sealed {
        Some(sealed) => credentials::add(conn, company, gateway, sealed, now).await.map(|_| ()),
        None if known => {
            credentials::add(conn, company, gateway, credentials::WITHDRAWN, now).await.map(|_| ())
        }
        None => Ok(()),
    }
}

/// Stores a secret of Mercado Pago's notifications; the one before stays in force.
///
/// # Errors
/// `company_not_found`, or when the database does not do it.
pub async fn save_webhook_secret(
    store: &Store,
    company: &CompanyId,
    sealed: String,
    now: Timestamp,
) -> Result<(), TenantError> {
    let settings = Settings { webhook_secret: Some(Some(sealed)), ..Settings::default() };
    change(store, company, settings, now).await
}
