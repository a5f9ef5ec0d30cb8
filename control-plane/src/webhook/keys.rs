//! What a company's notifications are verified with.

use zeroize::Zeroizing;

use super::notice::{Delivery, Source, Verdict};
use super::{Inner, Parts};
use crate::domain::id::CompanyId;
use crate::store::{StoreError, webhook_keys};
use crate::vault::{Context, VaultError};

/// Why a signature could not be judged.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The database does not give the keys.
    #[error("keys for notifications could not be read")]
    Store(#[from] StoreError),
    /// A key does not open.
    #[error("key for notifications could not be opened")]
    Vault(#[from] VaultError),
}

/// Name under which a key for notifications of `source` is sealed.
#[must_use]
pub const fn field(source: Source) -> &'static str {
    match source {
        Source::Conekta => webhook_keys::CONEKTA_KEY,
        Source::MercadoPago => webhook_keys::MERCADO_PAGO_SECRET,
    }
}

impl Inner {
    /// Judges the signature with the keys of `company`.
    pub(super) async fn judge(&self, company: &CompanyId, delivery: &Delivery) -> Result<Verdict, KeyError> {
        Ok(delivery.verdict(&self.keys(company, delivery.source).await?))
    }

    async fn keys(&self, company: &CompanyId, source: Source) -> Result<Vec<Zeroizing<String>>, KeyError> {
        let Parts { store, vault, .. } = &self.parts;
        let mut reader = store.reader().await?;
        let sealed = webhook_keys::in_force(&mut reader.conn(), company, source.as_str()).await?;
        let plain = match source {
            Source::Conekta if sealed.len() < webhook_keys::IN_FORCE => {
                webhook_keys::plain_conekta_key(&mut reader.conn(), company).await?
            }
            Source::Conekta | Source::MercadoPago => None,
        };
        let context = Context { tenant: company.as_str(), field: field(source) };
        let opened = sealed.iter().map(|sealed| Ok(vault.open_sealed(&context, sealed)?));
        opened.chain(plain.map(|key| Ok(Zeroizing::new(key)))).collect()
    }
}
