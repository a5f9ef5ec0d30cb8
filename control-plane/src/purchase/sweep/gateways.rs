//! What gateways were paid against what we know.

use futures_util::{StreamExt, stream};

use crate::causes::chain;
use crate::domain::id::{CompanyId, PurchaseId};
use crate::domain::time::Timestamp;
use crate::gateway::{GatewayName, Key, ListRequest, Listing, PaymentView, Reading};
use crate::purchase::machine::Message;
use crate::purchase::{PurchaseError, Purchases, offer};
use crate::store::sweeps::{self, Account};
use crate::store::{credentials, purchases};
use crate::vault::Context;

/// Payments made in this time before now are listed, in milliseconds: three sweeps see each.
const LISTED_MS: i64 = 3 * 3_600_000;
/// Younger payments are left to the purchase that is making them, in milliseconds.
const YOUNG_MS: i64 = 300_000;
/// Most pages of one account in one sweep.
const PAGES_MAX: usize = 100;
/// Most accounts swept at once.
const ACCOUNTS_MAX: usize = 8;
/// How the ids of our purchases begin.
const OURS: &str = "TRX_";

/// What a gateway says of a payment's owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// It shows the reference of this purchase.
    Purchase(PurchaseId),
    /// It is none of ours.
    Nobody,
    /// The gateway does not show it with the company's key.
    Hidden,
    /// It could not be asked.
    Unknown,
}

impl Purchases {
    /// Compares what every company's gateways were paid lately with what we know.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sweep_gateways(&self) -> Result<(), PurchaseError> {
        let accounts = {
            let mut reader = self.0.parts.store.reader().await?;
            sweeps::accounts(&mut reader.conn()).await?
        };
        stream::iter(&accounts)
            .for_each_concurrent(ACCOUNTS_MAX, |account| async move {
                if let Err(error) = self.sweep_account(account).await {
                    tracing::warn!(
                        company.id = account.company_id,
                        gateway = account.gateway,
                        error = %chain(&error),
                        "payments of a company could not be swept"
                    );
                }
            })
            .await;
        Ok(())
    }

    /// Which purchase a payment belongs to, as the gateway itself tells with the company's key.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn owner_of(
        &self,
        company: &CompanyId,
        gateway: GatewayName,
        payment: &str,
    ) -> Result<Owner, PurchaseError> {
        let current = {
            let mut reader = self.0.parts.store.reader().await?;
            credentials::current(&mut reader.conn(), company, gateway.as_str()).await?
        };
        let Some(current) = current else { return Ok(Owner::Unknown) };
        let key = self.key_of(company, gateway, &current.key_sealed)?;
        Ok(match self.0.parts.gateways.of(gateway).read(key, payment.to_owned()).await {
            Reading::Found(view) => purchase_of(&view).map_or(Owner::Nobody, Owner::Purchase),
            Reading::Denied => Owner::Hidden,
            Reading::Unknown => Owner::Unknown,
        })
    }

    fn key_of(&self, company: &CompanyId, gateway: GatewayName, sealed: &str) -> Result<Key, PurchaseError> {
        let context = Context { tenant: company.as_str(), field: offer::key_field(gateway) };
        Ok(Key(self.0.parts.vault.open_sealed(&context, sealed)?))
    }

    async fn sweep_account(&self, account: &Account) -> Result<(), PurchaseError> {
        let company = &CompanyId::new(&account.company_id);
        let Some(gateway) = GatewayName::parse(&account.gateway) else { return Ok(()) };
        let now = self.0.parts.clock.now();
        let key = self.key_of(company, gateway, &account.key_sealed)?;
        let mut cursor = None;
        for _ in 0..PAGES_MAX {
            let list = ListRequest { since: now.plus(-LISTED_MS), until: now.plus(-YOUNG_MS), cursor };
            let listing = self.0.parts.gateways.of(gateway).list_paid(key.clone(), list).await;
            let Listing::Page { payments, next } = listing else {
                tracing::warn!(company.id = %company, gateway = gateway.as_str(), "payments could not be listed");
                return Ok(());
            };
            for payment in &payments {
                if let Err(error) = self.compare(company, gateway, payment, now).await {
                    tracing::warn!(payment.id = payment.id, error = %chain(&error), "payment could not be compared");
                }
            }
            match next {
                Some(next) => cursor = Some(next),
                None => return Ok(()),
            }
        }
        tracing::warn!(company.id = %company, gateway = gateway.as_str(), "too many payments for one sweep");
        Ok(())
    }

    async fn compare(
        &self,
        company: &CompanyId,
        gateway: GatewayName,
        view: &PaymentView,
        now: Timestamp,
    ) -> Result<(), PurchaseError> {
        // Companies sell other things with the same account.
        let Some(id) = purchase_of(view) else { return Ok(()) };
        let row = {
            let mut reader = self.0.parts.store.reader().await?;
            purchases::find_of_company(&mut reader.conn(), company, &id).await?
        };
        let purchase = row.as_ref().map(crate::purchase::read_state).transpose()?;
        let known = purchase.as_ref().and_then(|purchase| purchase.payment.as_ref());
        match purchase.as_ref() {
            Some(purchase) if known.is_none_or(|known| known.id == view.id) => {
                if purchase.paid_at.is_none() {
                    let hint = Message::Hint { payment: Some(view.id.clone()) };
                    self.tell_soon(company, &id, hint).await?;
                }
                Ok(())
            }
            Some(_) | None => self.report_stray(company, gateway, view, now).await,
        }
    }

    /// Puts money before a person that came for a purchase we do not have, or came a second time.
    async fn report_stray(
        &self,
        company: &CompanyId,
        gateway: GatewayName,
        view: &PaymentView,
        now: Timestamp,
    ) -> Result<(), PurchaseError> {
        tracing::error!(
            company.id = %company,
            gateway = gateway.as_str(),
            payment.id = view.id,
            payment.reference = view.reference,
            "gateway was paid and no purchase knows it"
        );
        let stray = sweeps::Stray {
            company_id: company.to_string(),
            gateway: gateway.as_str().to_owned(),
            payment_id: view.id.clone(),
            reference: view.reference.clone(),
            amount_minor: view.amount_minor,
            currency: view.currency.clone(),
            found_at: now.0,
        };
        self.0
            .parts
            .store
            .write(move |conn| {
                Box::pin(async move { Ok::<(), PurchaseError>(sweeps::stray(conn, &stray).await?) })
            })
            .await
    }
}

/// The purchase that a payment's reference names: the id, or the id and the number of the attempt.
fn purchase_of(view: &PaymentView) -> Option<PurchaseId> {
    let reference = view.reference.as_deref()?;
    let id = reference.split_once('-').map_or(reference, |(id, _)| id);
    id.starts_with(OURS).then(|| PurchaseId::new(id))
}
