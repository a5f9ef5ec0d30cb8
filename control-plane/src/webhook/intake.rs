//! What happens while the gateway waits for the answer: find the company, check the signature, store.

use std::net::IpAddr;

use super::gate::{self, Standing};
use super::keys::KeyError;
use super::matching::{self, Pointers};
use super::notice::{Class, Delivery, Notice, Verdict};
use super::{Parts, Webhooks};
use crate::domain::bucket::TooMuch;
use crate::domain::id::CompanyId;
use crate::domain::time::Timestamp;
use crate::store::notifications::{self, Inserted, Row};
use crate::store::{StoreError, companies};

/// When a gateway should send again what found no room, in seconds.
const FULL_RETRY_S: u64 = 900;

/// What the gateway is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// When it came.
    pub received_at: Timestamp,
    /// What it says; none when it could not be read.
    pub notice: Option<Notice>,
    /// Whether its signature is good.
    pub verified: bool,
}

/// Why a notification was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// No company has this address.
    #[error("no company has this address")]
    NoSuchAddress,
    /// The signature is wrong or missing.
    #[error("the signature of the notification is wrong or missing")]
    InvalidSignature,
    /// Too many that nobody vouches for.
    #[error("too many notifications without a signature")]
    TooMany(TooMuch),
    /// The database does not do its part.
    #[error("notification could not be stored")]
    Store(#[from] StoreError),
    /// The signature could not be judged.
    #[error("signature of a notification could not be judged")]
    Key(#[from] KeyError),
}

impl Webhooks {
    /// Takes a notification in. `path` is the unguessable part of a company's address, none at a shared one. Returns once it
    /// is on disk.
    ///
    /// # Errors
    /// See [`ReceiveError`]; then nothing is stored.
    pub async fn receive(
        &self,
        from: Option<IpAddr>,
        path: Option<&str>,
        delivery: Delivery,
    ) -> Result<Receipt, ReceiveError> {
        let (received_at, own_address) = (self.0.parts.clock.now(), path.is_some());
        // At a company's own address nothing is parsed before the signature is checked.
        let (company, early) = match path {
            Some(path) => (Some(self.company_at(path).await?), None),
            None => self.company_by_contents(&delivery).await?,
        };
        let verdict = match &company {
            Some(company) => self.0.judge(company, &delivery).await?,
            None => Verdict::Unsigned,
        };
        if verdict == Verdict::Bad {
            let id = company.as_ref().map_or("", CompanyId::as_str);
            tracing::warn!(
                company.id = id,
                gateway = delivery.source.as_str(),
                "notification refused: wrong or missing signature"
            );
            return Err(ReceiveError::InvalidSignature);
        }
        let verified = verdict == Verdict::Good;
        let standing = match (verified, own_address) {
            (true, _) => Standing::Verified,
            (false, true) => Standing::OwnAddress,
            (false, false) => Standing::Shared,
        };
        let notice = early.or_else(|| delivery.notice());
        if let Some(notice) = notice.as_ref().filter(|notice| notice.class == Class::Payment) {
            let passed = match &company {
                Some(company) => self.0.gate.pass(company, standing, from, received_at),
                None => self.0.gate.pass_unknown(from, received_at),
            };
            passed.map_err(ReceiveError::TooMany)?;
            self.store(company, delivery, notice, verified, received_at).await?;
        }
        Ok(Receipt { received_at, notice, verified })
    }

    async fn company_at(&self, path: &str) -> Result<CompanyId, ReceiveError> {
        let mut reader = self.0.parts.store.reader().await?;
        let found = companies::by_webhook_path(&mut reader.conn(), path).await?;
        found.ok_or(ReceiveError::NoSuchAddress)
    }

    async fn company_by_contents(
        &self,
        delivery: &Delivery,
    ) -> Result<(Option<CompanyId>, Option<Notice>), ReceiveError> {
        let mut reader = self.0.parts.store.reader().await?;
        let Some(notice) = delivery.notice() else { return Ok((None, None)) };
        let pointers = Pointers {
            object_id: notice.object_id.as_deref(),
            reference: notice.reference.as_deref(),
            company: notice.company.as_deref(),
        };
        let company = matching::company(&mut reader.conn(), delivery.source, pointers).await?;
        Ok((company, Some(notice)))
    }

    async fn store(
        &self,
        company: Option<CompanyId>,
        delivery: Delivery,
        notice: &Notice,
        verified: bool,
        received_at: Timestamp,
    ) -> Result<(), ReceiveError> {
        let Parts { store, random, .. } = &self.0.parts;
        let known = company.is_some();
        let row = Row {
            id: random.uuid(received_at),
            gateway: delivery.source.as_str().to_owned(),
            company_id: company.map(|company| company.as_str().to_owned()),
            notification_id: notice.notification_id.clone(),
            kind: notice.kind.clone(),
            action: notice.action.clone(),
            object_id: notice.object_id.clone(),
            reference: notice.reference.clone(),
            signature: delivery.signature,
            request_id: delivery.request_id,
            query_id: delivery.query_id,
            body: String::from_utf8(delivery.body)
                .ok()
                .filter(|text| !text.contains('\0'))
                .unwrap_or_default(),
            verified: known.then_some(verified),
            state: if known { notifications::STORED } else { notifications::WAITING }.to_owned(),
            attempts: 0,
            next_at: received_at.0,
            received_at: received_at.0,
        };
        let room = if verified { gate::ROOM_VERIFIED } else { gate::ROOM };
        let (company, id, gateway) = (row.company_id.clone(), row.id.clone(), row.gateway.clone());
        let insert = store.write::<_, StoreError, _>(move |conn| {
            Box::pin(async move { notifications::insert(conn, &row, room).await })
        });
        match insert.await? {
            Inserted::Stored => {
                tracing::info!(
                    notification.id = id,
                    company.id = company,
                    gateway,
                    verified,
                    "notification stored"
                );
                self.0.arrived.notify_one();
                Ok(())
            }
            Inserted::Duplicate => {
                tracing::debug!(company.id = company, gateway, "notification came before");
                Ok(())
            }
            Inserted::Full => {
                tracing::warn!(company.id = company, gateway, "no room for more notifications");
                Err(ReceiveError::TooMany(TooMuch { retry_after_s: FULL_RETRY_S }))
            }
        }
    }
}
