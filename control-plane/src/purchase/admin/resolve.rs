//! Decisions of people about what the machine could not settle.

use super::AdminError;
use super::dossier::Viewer;
use crate::domain::code::Code;
use crate::domain::id::{CompanyId, PurchaseId};
use crate::purchase::Purchases;
use crate::purchase::machine::{Choice, Message};
use crate::purchase::tell::Told;

impl Purchases {
    /// Tells the purchase of a transaction what a person decided; it is on disk when this returns.
    ///
    /// # Errors
    /// `transaction_not_found`, `choice_not_open`, `refund_under_way`, `too_many_refunds`, `refund_amount_invalid`, or when it cannot be told.
    pub async fn resolve(
        &self,
        company: &CompanyId,
        transaction: i64,
        choice: Choice,
        by: i64,
    ) -> Result<(), AdminError> {
        let dossier = self.dossier(company, transaction, Viewer::Company).await?;
        let dossier = dossier.ok_or(AdminError::Refused(Code::TransactionNotFound))?;
        let Some(id) = dossier.transaction.purchase_id.map(PurchaseId::new) else {
            return Err(AdminError::Refused(Code::ChoiceNotOpen));
        };
        match self.tell(company, &id, Message::Decide { choice, by }).await? {
            Told::Taken => {
                tracing::info!(
                    purchase.id = %id,
                    purchase.choice = choice.as_str(),
                    admin.id = by,
                    "a person decided"
                );
                Ok(())
            }
            Told::Refused(refusal) => Err(refusal.into()),
            Told::Unknown => Err(AdminError::Refused(Code::TransactionNotFound)),
        }
    }
}
