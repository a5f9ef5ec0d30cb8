//! A hint from outside: something may have happened to the payment of a purchase.

use super::{PurchaseError, Purchases};
use crate::domain::id::{CompanyId, PurchaseId};
use crate::store::purchases;

impl Purchases {
    /// Tells a purchase that its gateway may have news; `payment` is the gateway's id of the payment. False when the company
    /// has no such purchase.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn hint(
        &self,
        company: &CompanyId,
        id: &PurchaseId,
        payment: Option<String>,
    ) -> Result<bool, PurchaseError> {
        let mut reader = self.0.parts.store.reader().await?;
        let router = purchases::router_of(&mut reader.conn(), company, id).await?;
        tracing::debug!(purchase.id = %id, payment.id = payment, "hint about a payment");
        Ok(router.is_some())
    }
}
