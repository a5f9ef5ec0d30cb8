//! What happens later: a notification finds its company and its purchase, and wakes it.
//!
//! Everything here may happen twice: a process that ends between waking and storing wakes again.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::keys::KeyError;
use super::look_up::Found;
use super::matching::{self, Pointers};
use super::notice::{Delivery, Source, Verdict};
use super::{Parts, Webhooks};
use crate::causes::chain;
use crate::domain::id::{CompanyId, PurchaseId};
use crate::domain::time::Timestamp;
use crate::purchase::PurchaseError;
use crate::store::notifications::{self, DONE, DROPPED, Row, STORED, WAITING};
use crate::store::transactions::{self, Target};
use crate::store::{Conn, StoreError};

/// How often the database is looked through when nothing arrives, in milliseconds.
const LOOK_INTERVAL_MS: u64 = 1_000;
/// Pause after a full round, in milliseconds.
const FULL_ROUND_PAUSE_MS: u64 = 20;
/// How often old notifications are forgotten, in milliseconds.
const PRUNE_INTERVAL_MS: u64 = 3_600_000;
/// Most notifications of a state taken in one round.
const ROUND_ROWS_MAX: i64 = 64;
/// Most notifications worked on at once; one slow gateway must not hold all others up.
const AT_ONCE_MAX: usize = 8;
/// Longest wait for a gateway to tell what a payment is about, in milliseconds.
const LOOK_UP_MS: u64 = 20_000;
/// First pause before a notification is looked at again, in milliseconds; each further one is twice as long.
const PAUSE_FIRST_MS: i64 = 2_000;
/// Longest such pause, in milliseconds.
const PAUSE_MAX_MS: i64 = 1_800_000;
/// What a gateway does not show for so long is taken as none of ours, in milliseconds.
const HIDDEN_MS: i64 = 600_000;
/// Most looks at a payment that a gateway does not show, where no signature vouches for the notification.
const HINT_LOOKS_MAX: i64 = 3;
/// A notification that found nothing for so long is dropped, in milliseconds.
const PATIENCE_MS: i64 = 48 * 3_600_000;
/// Ids of notifications kept with a transaction.
const PROCESSED_MAX: usize = 20;

/// Why a notification could not be worked on this time.
#[derive(Debug, thiserror::Error)]
enum WorkError {
    /// The database did not do its part.
    #[error("notification could not be read or stored")]
    Store(#[from] StoreError),
    /// The signature could not be judged.
    #[error("signature of a stored notification could not be judged")]
    Key(#[from] KeyError),
    /// The purchase was not woken.
    #[error("purchase could not be woken")]
    Wake(#[from] PurchaseError),
}

/// What a look at a notification came to.
enum Outcome {
    /// It is finished, and the row says so.
    Settled,
    /// It has nothing to do with us.
    NotOurs,
    /// Nothing was found yet.
    Later,
}

impl Webhooks {
    /// Works on stored notifications until `stopping`. Cancel-safe: what is under way is done again by the next process.
    pub async fn work(&self, mut stopping: watch::Receiver<bool>) {
        let mut prune = tokio::time::interval(Duration::from_millis(PRUNE_INTERVAL_MS));
        while !*stopping.borrow() {
            let seen = match self.round().await {
                Ok(seen) => seen,
                Err(error) => {
                    tracing::warn!(error = %chain(&error), "stored notifications could not be looked through");
                    0
                }
            };
            // A full round may have left some.
            let full = i64::try_from(seen).is_ok_and(|seen| seen >= ROUND_ROWS_MAX);
            let pause = if full { FULL_ROUND_PAUSE_MS } else { LOOK_INTERVAL_MS };
            tokio::select! {
                () = self.0.arrived.notified() => {}
                () = tokio::time::sleep(Duration::from_millis(pause)) => {}
                _ = prune.tick() => self.prune().await,
                // An error means that the sender is gone, and with it the service.
                _ = stopping.changed() => {}
            }
        }
    }

    /// Looks once at every notification whose time has come, up to a limit; gives how many there were.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn round(&self) -> Result<usize, StoreError> {
        let waiting = self.due(WAITING).await?;
        let found = waiting.len();
        stream::iter(waiting).for_each_concurrent(AT_ONCE_MAX, |row| self.look_at(row)).await;
        let stored = self.due(STORED).await?;
        let found = found.max(stored.len());
        stream::iter(stored).for_each_concurrent(AT_ONCE_MAX, |row| self.look_at(row)).await;
        Ok(found)
    }

    async fn due(&self, state: &str) -> Result<Vec<Row>, StoreError> {
        let mut reader = self.0.parts.store.reader().await?;
        notifications::due(&mut reader.conn(), state, self.0.parts.clock.now(), ROUND_ROWS_MAX).await
    }

    async fn look_at(&self, row: Row) {
        let id = row.id.clone();
        let looked = match (Source::parse(&row.gateway), row.company_id.clone()) {
            (Some(source), None) => self.give_to_company(source, &row).await,
            (Some(source), Some(company)) => self.wake(source, &CompanyId::new(company), &row).await,
            (None, _) => Ok(Outcome::NotOurs),
        };
        let outcome = looked.unwrap_or_else(|error| {
            tracing::warn!(notification.id = id, error = %chain(&error), "notification waits for another try");
            Outcome::Later
        });
        let ended = match outcome {
            Outcome::Settled => Ok(()),
            Outcome::NotOurs => self.finish(&row, DONE).await,
            Outcome::Later => self.later(&row).await,
        };
        if let Err(error) = ended {
            tracing::warn!(notification.id = id, error = %chain(&error), "notification could not be put away");
        }
    }

    /// Finds the company of a waiting notification; then its signature is checked as it would have been on arrival.
    async fn give_to_company(&self, source: Source, row: &Row) -> Result<Outcome, WorkError> {
        let delivery = delivery(source, row);
        let named = delivery.notice().and_then(|notice| notice.company);
        let company = {
            let mut reader = self.0.parts.store.reader().await?;
            let pointers = Pointers { company: named.as_deref(), ..pointers(row) };
            matching::company(&mut reader.conn(), source, pointers).await?
        };
        let Some(company) = company else { return Ok(Outcome::Later) };
        let verdict = self.0.judge(&company, &delivery).await?;
        if verdict == Verdict::Bad {
            tracing::warn!(notification.id = row.id, company.id = %company, "notification dropped: wrong or missing signature");
            self.finish(row, DROPPED).await?;
            return Ok(Outcome::Settled);
        }
        let (row, verified) = (row.clone(), verdict == Verdict::Good);
        let assign = self.0.parts.store.write::<_, StoreError, _>(move |conn| {
            Box::pin(async move {
                if !notifications::assign(conn, &row, &company, verified).await? {
                    notifications::finish(conn, &row.id, DROPPED).await?;
                }
                Ok(())
            })
        });
        assign.await?;
        Ok(Outcome::Settled)
    }

    /// Finds the purchase and wakes it.
    async fn wake(&self, source: Source, company: &CompanyId, row: &Row) -> Result<Outcome, WorkError> {
        let known = {
            let mut reader = self.0.parts.store.reader().await?;
            matching::target(&mut reader.conn(), company, source, pointers(row)).await?
        };
        let target = match (known, &row.object_id) {
            (Some(target), _) => target,
            (None, None) => return Ok(Outcome::NotOurs),
            (None, Some(_)) if !self.may_ask(company, row) => return Ok(Outcome::NotOurs),
            (None, Some(payment)) => match self.ask(company, source, payment).await {
                Found::Unknown => return Ok(Outcome::Later),
                Found::Hidden if self.may_show_yet(row) => return Ok(Outcome::Later),
                Found::Hidden => return Ok(Outcome::NotOurs),
                Found::NotOurs => return Ok(Outcome::NotOurs),
                Found::Reference(reference) => {
                    let mut reader = self.0.parts.store.reader().await?;
                    let found =
                        matching::by_reference(&mut reader.conn(), company, source, &reference).await?;
                    // Our row is written before the gateway learns the reference.
                    let Some(target) = found else { return Ok(Outcome::NotOurs) };
                    target
                }
            },
        };
        if let Some(purchase) = target.purchase_id.as_deref().map(PurchaseId::new) {
            let payment = row.object_id.clone();
            if !self.0.parts.wake.wake(company.clone(), purchase.clone(), payment).await? {
                return Ok(Outcome::Later);
            }
            tracing::info!(notification.id = row.id, purchase.id = %purchase, "notification woke its purchase");
        }
        let (company, row) = (company.clone(), row.clone());
        let settle = self.0.parts.store.write::<_, StoreError, _>(move |conn| {
            Box::pin(async move { settle(conn, &company, &target, &row).await })
        });
        settle.await?;
        Ok(Outcome::Settled)
    }

    async fn ask(&self, company: &CompanyId, source: Source, payment: &str) -> Found {
        let asking = self.0.parts.look_up.reference_of(company.clone(), source, payment.to_owned());
        let limit = Duration::from_millis(LOOK_UP_MS);
        tokio::time::timeout(limit, asking).await.unwrap_or(Found::Unknown)
    }

    /// Whether the gateway may be asked about a payment that nobody here knows. Who sends hints without end must not use up
    /// what the company may ask of its gateway; a purchase whose hint is dropped asks by itself.
    fn may_ask(&self, company: &CompanyId, row: &Row) -> bool {
        row.verified == Some(true) || self.0.gate.look_up(company, self.0.parts.clock.now()).is_ok()
    }

    /// Whether what is not shown may be shown later.
    fn may_show_yet(&self, row: &Row) -> bool {
        let young = self.0.parts.clock.now().since(Timestamp(row.received_at)) < HIDDEN_MS;
        young && (row.verified == Some(true) || row.attempts + 1 < HINT_LOOKS_MAX)
    }

    async fn finish(&self, row: &Row, state: &'static str) -> Result<(), StoreError> {
        let id = row.id.clone();
        let finish = self.0.parts.store.write::<_, StoreError, _>(move |conn| {
            Box::pin(async move { notifications::finish(conn, &id, state).await })
        });
        finish.await
    }

    async fn later(&self, row: &Row) -> Result<(), StoreError> {
        let now = self.0.parts.clock.now();
        if now.since(Timestamp(row.received_at)) >= PATIENCE_MS {
            tracing::warn!(
                notification.id = row.id,
                company.id = row.company_id,
                gateway = row.gateway,
                "notification dropped: nothing of ours was found in time"
            );
            return self.finish(row, DROPPED).await;
        }
        let (id, attempts) = (row.id.clone(), row.attempts.saturating_add(1));
        let next_at = now.plus(pause_ms(row.attempts));
        let postpone = self.0.parts.store.write::<_, StoreError, _>(move |conn| {
            Box::pin(async move { notifications::postpone(conn, &id, attempts, next_at).await })
        });
        postpone.await
    }

    async fn prune(&self) {
        let Parts { store, clock, .. } = &self.0.parts;
        let now = clock.now();
        loop {
            let prune = store.write::<_, StoreError, _>(move |conn| {
                Box::pin(async move { notifications::prune(conn, now).await })
            });
            match prune.await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    tracing::warn!(error = %chain(&error), "old notifications could not be forgotten");
                    return;
                }
            }
        }
    }
}

fn pointers(row: &Row) -> Pointers<'_> {
    Pointers { object_id: row.object_id.as_deref(), reference: row.reference.as_deref(), company: None }
}

/// The request as it came in, as far as a signature needs it.
fn delivery(source: Source, row: &Row) -> Delivery {
    Delivery {
        source,
        body: row.body.clone().into_bytes(),
        signature: row.signature.clone(),
        request_id: row.request_id.clone(),
        query_id: row.query_id.clone(),
        query_plain_id: None,
        query_kind: None,
    }
}

/// Ends a notification that woke its purchase, and notes it with the transaction.
async fn settle(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    target: &Target,
    row: &Row,
) -> Result<(), StoreError> {
    notifications::finish(conn, &row.id, DONE).await?;
    let (id, received_at) = (row.notification_id.as_deref(), Timestamp(row.received_at));
    let metadata = transactions::note_notification(conn, company, target.id, id, received_at).await?;
    let Some(metadata) = metadata else { return Ok(()) };
    let metadata = noted(&metadata, id, received_at, row.action.as_deref().unwrap_or(&row.kind));
    transactions::set_metadata(conn, company, target.id, &metadata).await
}

/// A transaction's metadata with one more notification. What the gateway answers is not known here: whoever asks it writes it.
fn noted(metadata: &str, id: Option<&str>, received_at: Timestamp, action: &str) -> String {
    let mut metadata = match serde_json::from_str(metadata) {
        Ok(Value::Object(metadata)) => metadata,
        Ok(_) | Err(_) => serde_json::Map::new(),
    };
    let last = json!({
        "notification_id": id,
        "received_at": received_at.iso(),
        "action": action,
        "queried_status": null,
        "status_detail": null,
    });
    metadata.insert("last_webhook".into(), last);
    if let Some(id) = id {
        let old =
            metadata.get("processed_notifications").and_then(Value::as_array).cloned().unwrap_or_default();
        let mut ids: Vec<Value> = old.into_iter().filter(|old| old != id).chain([json!(id)]).collect();
        ids.drain(..ids.len().saturating_sub(PROCESSED_MAX));
        metadata.insert("processed_notifications".into(), Value::Array(ids));
    }
    Value::Object(metadata).to_string()
}

/// Pause after so many looks in vain.
fn pause_ms(attempts: i64) -> i64 {
    let doublings = u32::try_from(attempts.clamp(0, 20)).unwrap_or(0);
    PAUSE_FIRST_MS.saturating_mul(1 << doublings).min(PAUSE_MAX_MS)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{PAUSE_FIRST_MS, PAUSE_MAX_MS, PROCESSED_MAX, noted, pause_ms};
    use crate::domain::time::Timestamp;

    #[test]
    fn pauses_grow_up_to_a_limit() {
        assert_eq!((pause_ms(0), pause_ms(1), pause_ms(3)), (PAUSE_FIRST_MS, 4_000, 16_000));
        assert_eq!((pause_ms(100), pause_ms(-1)), (PAUSE_MAX_MS, PAUSE_FIRST_MS));
    }

    #[test]
    fn the_last_ids_are_kept_with_whatever_else_there_is() {
        let mut metadata = r#"{"mine": 1}"#.to_owned();
        for at in 0..PROCESSED_MAX + 5 {
            metadata = noted(&metadata, Some(&format!("n{at}")), Timestamp(0), "payment.updated");
        }
        metadata = noted(&metadata, Some("n24"), Timestamp(0), "payment.updated");
        let value: Value = serde_json::from_str(&metadata).expect("JSON");
        assert_eq!(value["mine"], 1);
        let ids = value["processed_notifications"].as_array().expect("a list");
        assert_eq!((ids.len(), &ids[0], &ids[19]), (PROCESSED_MAX, &json!("n5"), &json!("n24")));
        assert_eq!(value["last_webhook"]["received_at"], "1970-01-01T00:00:00");
        let broken: Value = serde_json::from_str(&noted("oops", None, Timestamp(0), "x")).expect("JSON");
        assert_eq!(broken["last_webhook"]["action"], "x");
    }
}
