//! Money that an admin gives back.
//!
//! A request leads to one refund however often it is repeated: the refund's id is made from the key that was sent, or,
//! without one, from what a second click has in common with the first. Purchase and gateway know the refund by that id.

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::AdminError;
use super::dossier::{Dossier, Viewer};
use crate::domain::code::Code;
use crate::domain::id::{CompanyId, PurchaseId};
use crate::domain::money::Money;
use crate::purchase::Purchases;
use crate::purchase::machine::Message;
use crate::purchase::state::{Purchase, RefundState};
use crate::purchase::tell::Told;
use crate::store::StoreError;
use crate::store::refund_requests::{self, Claim, RefundRequest};

/// Longest wait for a refund to end, in milliseconds.
const WAIT_MS: u64 = 10_000;
/// Digits of a refund's id, in bytes before they are written.
const ID_BYTES: usize = 16;

/// What an admin asks for.
#[derive(Debug, Clone)]
pub struct RefundOrder {
    /// How much, as decimal text; none for all that is left.
    pub amount: Option<String>,
    /// Why, in the admin's words.
    pub note: Option<String>,
    /// `Idempotency-Key`, if sent.
    pub key: Option<String>,
    /// The admin.
    pub by: i64,
}

impl Purchases {
    /// Gives money of a transaction back and waits a while for the end of it. Gives the transaction and the id of the
    /// refund in it, which is done, refused, or still under way.
    ///
    /// # Errors
    /// `transaction_not_found`, `refund_not_possible`, `refund_amount_invalid`, `refund_under_way`, `too_many_refunds`,
    /// `idempotency_conflict`, or when the purchase cannot be told.
    pub async fn refund(
        &self,
        company: &CompanyId,
        transaction: i64,
        order: RefundOrder,
    ) -> Result<(Dossier, String), AdminError> {
        let dossier = self.known(company, transaction).await?;
        let Some(purchase) = dossier.purchase else {
            return Err(AdminError::Refused(Code::RefundNotPossible));
        };
        let amount = amount_minor(&order, &purchase)?;
        let request = RefundRequest {
            purchase: purchase.terms.id.clone(),
            company: company.clone(),
            refund: refund_id(&order, &purchase, amount),
            fingerprint: fingerprint(&order, amount),
            note: order.note,
            asked_by: order.by,
            asked_at: self.0.parts.clock.now(),
        };
        let first = match self.claim(&request).await? {
            Claim::First => true,
            Claim::Repeat => false,
            Claim::OtherBody => return Err(AdminError::Refused(Code::IdempotencyConflict)),
        };
        let (id, refund) = (request.purchase.clone(), request.refund.clone());
        let message = Message::Refund { id: refund.clone(), amount_minor: amount, by: order.by };
        match self.tell(company, &id, message).await? {
            Told::Taken => {}
            Told::Refused(refusal) => {
                if first {
                    self.forget(request).await?;
                }
                return Err(refusal.into());
            }
            Told::Unknown => return Err(AdminError::Refused(Code::TransactionNotFound)),
        }
        tracing::info!(purchase.id = %id, refund.id = refund, admin.id = order.by, "refund asked for");
        self.watch_refund(company, &id, &refund, Duration::from_millis(WAIT_MS)).await;
        Ok((self.known(company, transaction).await?, refund))
    }

    async fn known(&self, company: &CompanyId, transaction: i64) -> Result<Dossier, AdminError> {
        let dossier = self.dossier(company, transaction, Viewer::Company).await?;
        dossier.ok_or(AdminError::Refused(Code::TransactionNotFound))
    }

    async fn claim(&self, request: &RefundRequest) -> Result<Claim, StoreError> {
        let request = request.clone();
        let claimed = self.0.parts.store.write::<_, StoreError, _>(move |conn| {
            Box::pin(async move { refund_requests::claim(conn, &request).await })
        });
        claimed.await
    }

    async fn forget(&self, request: RefundRequest) -> Result<(), StoreError> {
        let forgotten = self.0.parts.store.write::<_, StoreError, _>(move |conn| {
            Box::pin(async move { refund_requests::forget(conn, &request).await })
        });
        forgotten.await
    }

    /// Waits until the refund of a running purchase has ended and that is on disk, at most `limit`. Cancel-safe.
    async fn watch_refund(&self, company: &CompanyId, id: &PurchaseId, refund: &str, limit: Duration) {
        let running = {
            let running = self.0.lock();
            running.get(id).filter(|running| running.company == *company).map(|running| running.state.clone())
        };
        // A purchase without a task has nothing left to do.
        let Some(mut state) = running else { return };
        let ended = state.wait_for(|purchase| {
            let found = purchase.refunds.iter().find(|known| known.id == refund);
            found.is_some_and(|known| !known.state.is_under_way())
        });
        // Whether it ended, the task ended, or it takes longer: the answer is read from the disk.
        let _ = tokio::time::timeout(limit, ended).await;
    }
}

/// The amount in minor units; none for all that is left.
fn amount_minor(order: &RefundOrder, purchase: &Purchase) -> Result<Option<i64>, AdminError> {
    let Some(text) = &order.amount else { return Ok(None) };
    let money = Money::parse(text, purchase.terms.product.price.currency);
    let money = money.filter(|money| money.minor > 0);
    money.map(|money| Some(money.minor)).ok_or(AdminError::Refused(Code::RefundAmountInvalid))
}

/// The id of the refund that the request leads to. Without a key it is the same until the amount that went back, or
/// the number of refused refunds, has changed.
fn refund_id(order: &RefundOrder, purchase: &Purchase, amount: Option<i64>) -> String {
    let refused = purchase.refunds.iter().filter(|refund| refund.state == RefundState::Refused).count();
    let rest = match &order.key {
        Some(key) => format!("key\n{key}"),
        None => format!("{amount:?}\n{}\n{refused}", purchase.refunded_minor),
    };
    let digest = Sha256::digest(format!("refund\n{}\n{rest}", purchase.terms.idempotency_key));
    format!("rf_{}", hex::encode(&digest[..ID_BYTES]))
}

/// What makes two bodies under one key the same. Without a key there is nothing that could differ.
fn fingerprint(order: &RefundOrder, amount: Option<i64>) -> String {
    let note = if order.key.is_some() { order.note.as_deref().unwrap_or_default() } else { "" };
    hex::encode(Sha256::digest(format!("{amount:?}\n{note}")))
}
