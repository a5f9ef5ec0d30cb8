//! A new master key: everything that is sealed is opened and sealed with it.
//!
//! While this goes on the key file holds both keys, so that it may be cut at any point and begun again; a service that
//! starts in between opens what is sealed with either.

use serde_json::Value as Json;

use crate::store::credentials::{CONEKTA, CONEKTA_PRIVATE_KEY, MERCADO_PAGO_ACCESS_TOKEN};
use crate::store::ledger::{CHARGE_FIELD, PASSWORD_FIELD};
use crate::store::sealed::{Place, Value};
use crate::store::webhook_keys::{CONEKTA_KEY, MERCADO_PAGO_SECRET};
use crate::store::{Store, StoreError, companies, routers, settings, webhook_endpoints};
use crate::vault::{Context, PLATFORM, Vault, VaultError};

/// Where sealed texts stand in a purchase's state, and what they are.
const IN_PURCHASES: [(&str, &str); 2] =
    [("/user/password_sealed", PASSWORD_FIELD), ("/charge_sealed", CHARGE_FIELD)];

/// Why a value could not be sealed anew.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// The database did not do its part.
    #[error("sealed values could not be read or stored")]
    Store(#[from] StoreError),
    /// A value does not open.
    #[error("value in {table} with id {id} does not open")]
    NotOpened {
        /// The table.
        table: &'static str,
        /// The row.
        id: String,
        /// What the vault said.
        source: VaultError,
    },
    /// A value is of a kind that this version does not know.
    #[error("value in {table} with id {id} is of an unknown kind")]
    UnknownKind {
        /// The table.
        table: &'static str,
        /// The row.
        id: String,
    },
}

/// Seals everything with the vault's newest key that is sealed with an older one; gives how many values that were.
///
/// # Errors
/// When a value does not open, or the database fails; what was sealed anew until then stays so.
pub async fn reseal(store: &Store, vault: &Vault) -> Result<u64, RotationError> {
    let mut count = 0;
    for place in Place::ALL {
        let mut after: Option<String> = None;
        loop {
            let page = place.page(&mut store.reader().await?.conn(), after.as_deref()).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.key.clone());
            let renewed = renewed(place, page, vault)?;
            count += renewed.len() as u64;
            store
                .write::<_, StoreError, _>(move |conn| {
                    Box::pin(async move {
                        for (old, new) in &renewed {
                            place.replace(conn, old, new).await?;
                        }
                        Ok(())
                    })
                })
                .await?;
        }
    }
    Ok(count)
}

fn renewed(place: Place, page: Vec<Value>, vault: &Vault) -> Result<Vec<(Value, String)>, RotationError> {
    let mut renewed = Vec::new();
    for value in page {
        let new = match place {
            Place::Purchases => purchase(&value, vault)?,
            Place::Settings
            | Place::Authority
            | Place::Companies
            | Place::Credentials
            | Place::WebhookKeys
            | Place::Endpoints
            | Place::OldEndpoints
            | Place::Routers
            | Place::Transactions => single(place, &value, vault)?,
        };
        renewed.extend(new.map(|new| (value, new)));
    }
    Ok(renewed)
}

/// A value sealed anew; none when it is sealed with the newest key already.
fn single(place: Place, value: &Value, vault: &Vault) -> Result<Option<String>, RotationError> {
    let (table, _) = place.column();
    let field = field(place, &value.kind)
        .ok_or_else(|| RotationError::UnknownKind { table, id: value.key.clone() })?;
    let tenant = if value.tenant.is_empty() { PLATFORM } else { &value.tenant };
    let renewed = vault.resealed(&Context { tenant, field }, &value.sealed);
    renewed.map_err(|source| RotationError::NotOpened { table, id: value.key.clone(), source })
}

fn field(place: Place, kind: &str) -> Option<&'static str> {
    let by_gateway = |conekta, mercado_pago| if kind == CONEKTA { conekta } else { mercado_pago };
    match place {
        Place::Settings => settings::SEALED.into_iter().find(|name| *name == kind),
        Place::Authority => Some(crate::link::authority::KEY_FIELD),
        Place::Companies => Some(companies::TELEGRAM_BOT_TOKEN),
        Place::Credentials => Some(by_gateway(CONEKTA_PRIVATE_KEY, MERCADO_PAGO_ACCESS_TOKEN)),
        Place::WebhookKeys => Some(by_gateway(CONEKTA_KEY, MERCADO_PAGO_SECRET)),
        Place::Endpoints | Place::OldEndpoints => Some(webhook_endpoints::SECRET),
        Place::Routers => Some(routers::PASSWORD_FIELD),
        Place::Transactions => Some(PASSWORD_FIELD),
        Place::Purchases => None,
    }
}

/// A purchase's state with its texts sealed anew; none when all of them are.
fn purchase(value: &Value, vault: &Vault) -> Result<Option<String>, RotationError> {
    let (table, column) = Place::Purchases.column();
    let unreadable = || StoreError::Inconsistent { table, column, id: value.key.clone() };
    let mut state: Json = serde_json::from_str(&value.sealed).map_err(|_| unreadable())?;
    let mut changed = false;
    for (place, field) in IN_PURCHASES {
        let Some(Json::String(sealed)) = state.pointer_mut(place) else { continue };
        let renewed = vault
            .resealed(&Context { tenant: &value.tenant, field }, sealed)
            .map_err(|source| RotationError::NotOpened { table, id: value.key.clone(), source })?;
        if let Some(new) = renewed {
            *sealed = new;
            changed = true;
        }
    }
    Ok(changed.then(|| state.to_string()))
}
