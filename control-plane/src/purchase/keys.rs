//! Gateway keys, opened once and kept: each call to a gateway needs one.
//!
//! A version of a key never changes, so what is kept is never stale. Kept in memory only, wiped when dropped, and without
//! `Debug`: a key must not show.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use futures_util::future::BoxFuture;

use super::state::Terms;
use super::{Inner, PurchaseError, offer};
use crate::causes::chain;
use crate::domain::id::CompanyId;
use crate::gateway::{GatewayName, Key};
use crate::store::credentials;
use crate::vault::Context;

/// Most keys that are kept; then all are forgotten.
const KEYS_MAX: usize = 4_096;

/// Company, gateway and version of a key.
type Name = (CompanyId, GatewayName, i64);

/// The keys that were needed since the process began.
#[derive(Default)]
pub(super) struct Keys(Mutex<BTreeMap<Name, Key>>);

impl Keys {
    fn find(&self, name: &Name) -> Option<Key> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    fn keep(&self, name: Name, key: Key) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEYS_MAX {
            kept.clear();
        }
        kept.insert(name, key);
    }
}

/// Asks a gateway with the purchase's own key, and once more with the one now in use where the gateway does not take the
/// own one any more. None when neither can be opened.
pub(super) async fn ask<T>(
    inner: &Inner,
    terms: &Terms,
    is_denied: impl Fn(&T) -> bool,
    ask: impl Fn(Key) -> BoxFuture<'static, T>,
) -> Result<Option<T>, PurchaseError> {
    let mut answer = None;
    if let Some(key) = own(inner, terms).await? {
        answer = Some(ask(key).await);
    }
    if answer.as_ref().is_none_or(is_denied)
        && let Some(key) = newer(inner, terms).await?
    {
        answer = Some(ask(key).await);
    }
    Ok(answer)
}

/// The gateway key in force when a purchase was asked for; none when it cannot be opened, which only a person can mend.
pub(super) async fn own(inner: &Inner, terms: &Terms) -> Result<Option<Key>, PurchaseError> {
    let name = (terms.company.clone(), terms.gateway, terms.credentials_version);
    if let Some(key) = inner.keys.find(&name) {
        return Ok(Some(key));
    }
    let mut reader = inner.parts.store.reader().await?;
    let (gateway, version) = (terms.gateway.as_str(), terms.credentials_version);
    let credential = credentials::version(&mut reader.conn(), &terms.company, gateway, version).await?;
    drop(reader);
    let key = open(inner, terms, &credential.map(|credential| credential.key_sealed).unwrap_or_default());
    if let Some(key) = &key {
        inner.keys.keep(name, key.clone());
    }
    Ok(key)
}

/// The key now in use, where the company entered one since the purchase was asked for: it may have withdrawn the old one at
/// the gateway.
async fn newer(inner: &Inner, terms: &Terms) -> Result<Option<Key>, PurchaseError> {
    let mut reader = inner.parts.store.reader().await?;
    let current = credentials::current(&mut reader.conn(), &terms.company, terms.gateway.as_str()).await?;
    drop(reader);
    let newer = current.filter(|current| current.version > terms.credentials_version);
    Ok(newer.and_then(|newer| open(inner, terms, &newer.key_sealed)))
}

fn open(inner: &Inner, terms: &Terms, sealed: &str) -> Option<Key> {
    let context = Context { tenant: terms.company.as_str(), field: offer::key_field(terms.gateway) };
    match inner.parts.vault.open_sealed(&context, sealed) {
        Ok(key) => Some(Key(key)),
        Err(error) => {
            tracing::error!(error = %chain(&error), "gateway key could not be opened");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::{KEYS_MAX, Keys};
    use crate::domain::id::CompanyId;
    use crate::gateway::{GatewayName, Key};

    fn found(keys: &Keys, company: &str, gateway: GatewayName, version: i64) -> Option<String> {
        keys.find(&(CompanyId::new(company), gateway, version)).map(|key| key.0.to_string())
    }

    fn keep(keys: &Keys, company: &str, gateway: GatewayName, version: i64, key: &str) {
        keys.keep((CompanyId::new(company), gateway, version), Key(Zeroizing::new(key.to_owned())));
    }

    #[test]
    fn a_key_is_found_only_under_its_company_gateway_and_version() {
        let keys = Keys::default();
        keep(&keys, "EMP_1", GatewayName::Conekta, 1, "one");
        keep(&keys, "EMP_1", GatewayName::Conekta, 2, "two");
        assert_eq!(found(&keys, "EMP_1", GatewayName::Conekta, 1).as_deref(), Some("one"));
        assert_eq!(found(&keys, "EMP_1", GatewayName::Conekta, 2).as_deref(), Some("two"));
        assert_eq!(found(&keys, "EMP_2", GatewayName::Conekta, 1), None);
        assert_eq!(found(&keys, "EMP_1", GatewayName::MercadoPago, 1), None);
    }

    #[test]
    fn no_more_keys_are_kept_than_the_limit_says() {
        let keys = Keys::default();
        for version in 0..=i64::try_from(KEYS_MAX).expect("a small number") {
            keep(&keys, "EMP_1", GatewayName::Conekta, version, "key");
        }
        assert_eq!(found(&keys, "EMP_1", GatewayName::Conekta, 0), None);
        assert!(keys.0.lock().expect("lock").len() <= KEYS_MAX);
    }
}
