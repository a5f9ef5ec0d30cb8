//! Notifications of the gateways, from the raw request to the purchase that is woken.
//!
//! | module | holds |
//! |---|---|
//! | [`notice`] | what came in and what it says: pure |
//! | [`conekta`], [`mercado_pago`] | signatures and shapes of each gateway: pure |
//! | [`matching`] | whose notification it is, and about which transaction |
//! | [`keys`] | what a company's notifications are verified with |
//! | [`gate`] | how many may come that nobody vouches for |
//! | [`intake`] | find the company, check the signature, store |
//! | [`look_up`] | asking the gateway what a payment is about |
//! | [`worker`] | later: find the purchase and wake it |
//!
//! A notification says only where to look. Status, amount and owner are never taken from it, and nothing here writes the
//! state of a purchase: a forged notification costs a read at the gateway and changes nothing.

pub mod conekta;
pub mod gate;
pub mod intake;
pub mod keys;
pub mod look_up;
pub mod matching;
pub mod mercado_pago;
pub mod notice;
pub mod worker;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::sync::Notify;

use crate::domain::id::{CompanyId, PurchaseId, draw_webhook_path};
use crate::purchase::machine::Message;
use crate::purchase::tell::Told;
use crate::purchase::{PurchaseError, Purchases};
use crate::seams::{Clock, Random};
use crate::store::{Store, StoreError, companies};
use crate::vault::Vault;
use gate::Gate;
use look_up::LookUp;
use notice::Source;

/// Wakes a purchase that a notification is about.
pub trait Wake: Send + Sync {
    /// Makes the purchase ask its gateway anew; false when the company has no such purchase. `payment` is the gateway's id.
    ///
    /// Once this says yes the notification is forgotten, so the wake must not be lost by then.
    fn wake(
        &self,
        company: CompanyId,
        purchase: PurchaseId,
        payment: Option<String>,
    ) -> BoxFuture<'_, Result<bool, PurchaseError>>;
}

impl Wake for Purchases {
    fn wake(
        &self,
        company: CompanyId,
        purchase: PurchaseId,
        payment: Option<String>,
    ) -> BoxFuture<'_, Result<bool, PurchaseError>> {
        Box::pin(async move {
            let told = self.tell_soon(&company, &purchase, Message::Hint { payment }).await?;
            Ok(told.is_some_and(|told| told != Told::Unknown))
        })
    }
}

/// What notifications are taken in with.
pub struct Parts {
    /// The database.
    pub store: Store,
    /// Opens the keys of companies.
    pub vault: Arc<Vault>,
    /// Time.
    pub clock: Clock,
    /// Chance.
    pub random: Random,
    /// Purchases.
    pub wake: Arc<dyn Wake>,
    /// Gateways.
    pub look_up: Arc<dyn LookUp>,
    /// Address of this service as gateways see it, without a slash at the end.
    pub base_url: String,
}

/// All notifications of this process. Cheap to clone.
#[derive(Clone)]
pub struct Webhooks(Arc<Inner>);

struct Inner {
    parts: Parts,
    gate: Gate,
    arrived: Notify,
}

impl Webhooks {
    /// Makes the service; nothing runs yet.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(Inner { parts, gate: Gate::default(), arrived: Notify::new() }))
    }

    /// The address at which a company's notifications come in; none when there is no such company. A company without one
    /// gets one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn address(&self, company: &CompanyId, source: Source) -> Result<Option<String>, StoreError> {
        let Parts { store, random, .. } = &self.0.parts;
        let known = companies::webhook_path(&mut store.reader().await?.conn(), company).await?;
        let path = match known {
            Some(path) => Some(path),
            None => {
                let (company, drawn) = (company.clone(), draw_webhook_path(random));
                let keep = store.write::<_, StoreError, _>(move |conn| {
                    Box::pin(async move { companies::keep_webhook_path(conn, &company, &drawn).await })
                });
                keep.await?
            }
        };
        Ok(path.map(|path| format!("{}/{path}", self.shared_address(source))))
    }

    /// The address that takes notifications of all companies.
    #[must_use]
    pub fn shared_address(&self, source: Source) -> String {
        format!("{}/api/v1/webhook/{}", self.0.parts.base_url, source.path())
    }
}
