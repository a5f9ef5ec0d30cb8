//! Messages from outside reach a purchase, whether it runs or rests.

use std::time::Duration;

use super::inbox::Letter;
use super::machine::{Message, Refusal};
use super::{HANDOVER_PAUSE_MS, HANDOVER_TRIES, PurchaseError, Purchases};
use crate::domain::id::{CompanyId, PurchaseId};
use crate::store::purchases;

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// It is on disk and acted upon.
    Taken,
    /// It does not fit the purchase as it stands; nothing was changed.
    Refused(Refusal),
    /// The company has no such purchase.
    Unknown,
}

impl Purchases {
    /// Tells a purchase of `company` something, and waits until that is on disk.
    ///
    /// # Errors
    /// When the purchase cannot be read or stored, or another process runs it.
    pub async fn tell(
        &self,
        company: &CompanyId,
        id: &PurchaseId,
        message: Message,
    ) -> Result<Told, PurchaseError> {
        for _ in 0..HANDOVER_TRIES {
            let (letter, heard) = Letter::answered(message.clone());
            if let Some(letter) = self.put(company, id, letter) {
                let row = {
                    let mut reader = self.0.parts.store.reader().await?;
                    purchases::find_of_company(&mut reader.conn(), company, id).await?
                };
                let Some(row) = row else { return Ok(Told::Unknown) };
                self.adopt(row, vec![letter]).await?;
            }
            match heard.await {
                Ok(Ok(())) => return Ok(Told::Taken),
                Ok(Err(refusal)) => return Ok(Told::Refused(refusal)),
                // The task ended before it read it, or there was none to be had.
                Err(_) => tokio::time::sleep(Duration::from_millis(HANDOVER_PAUSE_MS)).await,
            }
        }
        Err(PurchaseError::NotRun(id.clone()))
    }

    /// Says that the gateway has news about a purchase. False when the company has no such purchase.
    ///
    /// # Errors
    /// As [`Self::tell`].
    pub async fn hint(
        &self,
        company: &CompanyId,
        id: &PurchaseId,
        payment: Option<String>,
    ) -> Result<bool, PurchaseError> {
        Ok(self.tell(company, id, Message::Hint { payment }).await? != Told::Unknown)
    }

    /// Puts a letter into the inbox of a running purchase; gives it back when none of that company runs here.
    fn put(&self, company: &CompanyId, id: &PurchaseId, letter: Letter) -> Option<Letter> {
        match self.0.lock().get(id) {
            Some(running) if running.company == *company => {
                running.inbox.put(letter);
                None
            }
            Some(_) | None => Some(letter),
        }
    }
}
