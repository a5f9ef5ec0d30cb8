//! Completed purchases are read again at their gateway after a day, a week and 30 days: a refund made there, or a dispute,
//! whose notification was lost, would leave the user standing for ever.

use futures_util::{StreamExt, stream};

use crate::causes::chain;
use crate::domain::id::{CompanyId, PurchaseId};
use crate::purchase::machine::Message;
use crate::purchase::{PurchaseError, Purchases};
use crate::store::sweeps::{self, LookBack};

/// Most purchases told at once.
const TOLD_MAX: usize = 8;

impl Purchases {
    /// Tells the purchases whose time has come. One that does not hear it is told at the next sweep.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn look_back(&self) -> Result<(), PurchaseError> {
        let now = self.0.parts.clock.now();
        let due = {
            let mut reader = self.0.parts.store.reader().await?;
            sweeps::look_backs(&mut reader.conn(), now).await?
        };
        stream::iter(&due).for_each_concurrent(TOLD_MAX, |due| self.tell_look_back(due)).await;
        Ok(())
    }

    async fn tell_look_back(&self, due: &LookBack) {
        let (company, id) = (CompanyId::new(&due.company_id), PurchaseId::new(&due.id));
        if let Err(error) = self.tell_soon(&company, &id, Message::LookBack).await {
            tracing::warn!(purchase.id = %id, error = %chain(&error), "purchase could not be looked back at");
        }
    }
}
