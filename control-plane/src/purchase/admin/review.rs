//! What waits for a person.

use super::AdminError;
use crate::domain::code::Code;
use crate::domain::id::CompanyId;
use crate::domain::money::{Currency, Money};
use crate::domain::target;
use crate::domain::time::Timestamp;
use crate::gateway::GatewayName;
use crate::purchase::Purchases;
use crate::purchase::machine::{self, Choice};
use crate::purchase::state::{Notice, Phase, Purchase, Refund};
use crate::store::attention::{self, ENDPOINT, PURCHASE, STRAY, Waiting};
use crate::store::page::Page;
use crate::store::{Conn, StoreError};

/// One thing that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// What it is.
    pub kind: CaseKind,
    /// Whose it is.
    pub company: String,
    /// Why it waits.
    pub causes: Vec<Code>,
    /// Since when.
    pub since: Timestamp,
    /// How much money it is about.
    pub amount: Option<Money>,
    /// What can be decided about it.
    pub choices: Vec<Choice>,
}

/// What waits for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaseKind {
    /// A purchase.
    Purchase {
        /// Number of its transaction.
        transaction: i64,
        /// The id by which gateway and buyer know the transaction.
        public_id: String,
        /// Our id of the purchase.
        purchase: String,
        /// Its router.
        router: String,
        /// The gateway.
        gateway: String,
        /// The gateway's id of the payment, once it is known.
        payment: Option<String>,
    },
    /// A payment that no purchase knows.
    StrayPayment {
        /// The gateway.
        gateway: String,
        /// The gateway's id.
        payment: String,
        /// The reference it shows.
        reference: Option<String>,
    },
    /// A reservation that no purchase knows.
    UnknownReservation {
        /// The router.
        router: String,
        /// The purchase as the agent calls it.
        purchase: String,
        /// The user that stands on the router.
        user: String,
    },
    /// An endpoint that was switched off by itself.
    Endpoint {
        /// Its id.
        id: String,
        /// Its host.
        host: String,
    },
}

/// Why a person has to look at a purchase; empty when nobody has to.
#[must_use]
pub fn causes(purchase: &Purchase) -> Vec<Code> {
    let of_phase = match purchase.phase {
        Phase::Mismatch => Some(Code::AttentionMismatch),
        Phase::Stuck if purchase.paid_at.is_some() => Some(Code::AttentionUndelivered),
        Phase::Stuck => Some(Code::AttentionUndecided),
        Phase::Refunding if purchase.refund_under_way().is_none() => Some(Code::AttentionRefundUnclear),
        Phase::Requested
        | Phase::Reserved
        | Phase::ChargeSent
        | Phase::Verifying
        | Phase::Unknown
        | Phase::ActionRequired
        | Phase::PendingAsync
        | Phase::Paid
        | Phase::Declined
        | Phase::Refunding
        | Phase::Completed
        | Phase::RolledBack
        | Phase::Failed
        | Phase::Reversed => None,
    };
    let refused = purchase.refunds.iter().any(Refund::is_refused_unseen);
    let of_notice = purchase.notice.map(|notice| match notice {
        Notice::UserMissing => Code::AttentionUserMissing,
        Notice::MoneyReturned => Code::AttentionMoneyReturned,
        Notice::NewsUnread => Code::AttentionNewsUnread,
    });
    let of_router = purchase.waits_long_for_router().then_some(Code::AttentionRouterAway);
    let of_refund = refused.then_some(Code::AttentionRefundRefused);
    of_phase.into_iter().chain(of_refund).chain(of_notice).chain(of_router).collect()
}

/// What waits, oldest first, and how many there are in all; of all companies when none is named.
///
/// # Errors
/// When the database fails, or a row of it cannot be read.
pub async fn cases(
    conn: &mut Conn<'_>,
    company: Option<&CompanyId>,
    page: Page,
    now: Timestamp,
) -> Result<(i64, Vec<Case>), StoreError> {
    let total = attention::count(conn, company, now).await?.total();
    let waiting = attention::list(conn, company, page, now).await?;
    let cases = waiting.into_iter().map(case).collect::<Result<Vec<_>, _>>()?;
    Ok((total, cases))
}

fn case(waiting: Waiting) -> Result<Case, StoreError> {
    let unreadable = |table, column| StoreError::Inconsistent { table, column, id: waiting.id.clone() };
    let currency = waiting.currency.as_deref().map(|text| {
        // A stray payment may be in a currency that nothing is sold in; its amount is then shown at the gateway only.
        Currency::parse(text)
    });
    let amount =
        currency.flatten().zip(waiting.amount_minor).map(|(currency, minor)| Money { minor, currency });
    let (kind, causes, choices) = match waiting.kind.as_str() {
        PURCHASE => {
            let (Some(transaction), Some(public_id)) = (waiting.transaction_id, waiting.public_id.clone())
            else {
                return Err(unreadable("transactions", "id"));
            };
            let state = waiting.detail.as_deref().unwrap_or_default();
            // One that cannot be read hides none of the others.
            let purchase: Option<Purchase> = serde_json::from_str(state).ok();
            let payment = purchase.as_ref().and_then(|purchase| purchase.payment.as_ref());
            let kind = CaseKind::Purchase {
                transaction,
                public_id,
                purchase: waiting.id.clone(),
                router: waiting.router_id.clone().unwrap_or_default(),
                gateway: waiting.gateway.clone().unwrap_or_default(),
                payment: payment.map(|payment| payment.id.clone()),
            };
            match &purchase {
                Some(purchase) => (kind, causes(purchase), machine::choices(purchase)),
                None => (kind, vec![Code::AttentionUnreadable], Vec::new()),
            }
        }
        STRAY => {
            let kind = CaseKind::StrayPayment {
                gateway: waiting.gateway.clone().unwrap_or_default(),
                payment: waiting.id.clone(),
                reference: waiting.detail.clone(),
            };
            (kind, vec![Code::AttentionStrayPayment], vec![Choice::Acknowledge])
        }
        ENDPOINT => {
            let host = target::host(waiting.detail.as_deref().unwrap_or_default());
            let kind = CaseKind::Endpoint { id: waiting.id.clone(), host };
            (kind, vec![Code::AttentionEndpointOff], Vec::new())
        }
        _ => {
            let kind = CaseKind::UnknownReservation {
                router: waiting.router_id.clone().unwrap_or_default(),
                purchase: waiting.id.clone(),
                user: waiting.detail.clone().unwrap_or_default(),
            };
            (kind, vec![Code::AttentionUnknownReservation], Vec::new())
        }
    };
    Ok(Case { kind, company: waiting.company_id, causes, since: waiting.since, amount, choices })
}

impl Purchases {
    /// What waits for a person; see [`cases`].
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn review(
        &self,
        company: Option<&CompanyId>,
        page: Page,
    ) -> Result<(i64, Vec<Case>), AdminError> {
        let now = self.0.parts.clock.now();
        let mut reader = self.0.parts.store.reader().await?;
        Ok(cases(&mut reader.conn(), company, page, now).await?)
    }

    /// Notes that a person took notice of a payment that no purchase knows.
    ///
    /// # Errors
    /// `stray_payment_not_found`, or when the database fails.
    pub async fn acknowledge_stray(
        &self,
        company: &CompanyId,
        gateway: &str,
        payment: &str,
        by: i64,
    ) -> Result<(), AdminError> {
        let gateway = GatewayName::parse(gateway).ok_or(AdminError::Refused(Code::StrayPaymentNotFound))?;
        let (company, payment, now) = (company.clone(), payment.to_owned(), self.0.parts.clock.now());
        let resolved = self.0.parts.store.write::<_, StoreError, _>(move |conn| {
            Box::pin(async move {
                attention::resolve_stray(conn, &company, gateway.as_str(), &payment, by, now).await
            })
        });
        match resolved.await? {
            true => Ok(()),
            false => Err(AdminError::Refused(Code::StrayPaymentNotFound)),
        }
    }
}
