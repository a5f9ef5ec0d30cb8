//! Messages from outside reach a purchase, whether it runs or rests.

use std::time::Duration;

use super::inbox::Letter;
use super::machine::{Message, Refusal};
use super::{ELSEWHERE_TRIES, HANDOVER_PAUSE_MS, HANDOVER_TRIES, PurchaseError, Purchases};
use crate::domain::id::{CompanyId, PurchaseId};
use crate::store::purchases;

/// How long [`Purchases::tell_soon`] waits, in milliseconds.
const SOON_MS: u64 = 1_000;

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
        for attempt in 1..=HANDOVER_TRIES {
            let (letter, heard) = Letter::answered(message.clone());
            if let Some(letter) = self.put(company, id, letter) {
                let row = {
                    let mut reader = self.0.parts.store.reader().await?;
                    purchases::find_of_company(&mut reader.conn(), company, id).await?
                };
                let Some(row) = row else { return Ok(Told::Unknown) };
                let elsewhere = row.open && row.runner != self.0.runner;
                if self.adopt(row, vec![letter]).await?.is_none() && elsewhere && attempt >= ELSEWHERE_TRIES {
                    return Err(PurchaseError::NotRun(id.clone()));
                }
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

    /// As [`Self::tell`], but waits only a moment: a purchase in the middle of an effect hears of it afterwards. None
    /// when it did not hear in time; it may hear all the same.
    ///
    /// # Errors
    /// As [`Self::tell`].
    pub async fn tell_soon(
        &self,
        company: &CompanyId,
        id: &PurchaseId,
        message: Message,
    ) -> Result<Option<Told>, PurchaseError> {
        let limit = Duration::from_millis(SOON_MS);
        tokio::time::timeout(limit, self.tell(company, id, message)).await.ok().transpose()
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
