//! All payments of the gateway, and the rules of making them. Pure: every call is given the time.

mod moves;

use super::account::Account;
use super::card::{self, Terms, settle};
use super::draft::PaymentDraft;
use super::failure::Failure;
use super::ledger::Entry;
use super::payment::{Payment, Status};
use crate::ledger::{EntryKind, masked};
use md5::{Digest, Md5};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// First id: the first whole number that a binary fraction of 64 bits cannot hold is below it.
const ID_FIRST: u64 = 9_007_199_254_740_993;
/// How long a challenge stays open, in milliseconds. The vendor does not publish it.
const CHALLENGE_MS: u64 = 5 * 60 * 1000;
/// How long cash and transfers can be paid when nothing is said, in milliseconds.
const LATER_MS: u64 = 3 * 24 * 3600 * 1000;

/// Headers of a request that leave a trace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trace {
    /// `X-Idempotency-Key`.
    pub key: String,
    /// `X-meli-session-id`.
    pub device_id: Option<String>,
}

/// News of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// The payment, by its place.
    pub index: usize,
    /// `payment.created` or `payment.updated`.
    pub action: &'static str,
}

/// What a key stands for.
#[derive(Debug, Clone)]
struct Known {
    /// Path and body of the first request.
    request: [u8; 16],
    index: usize,
    /// Place of the refund in the payment, when it is one.
    refund: Option<usize>,
}

/// What the gateway knows.
#[derive(Debug, Default)]
pub struct Store {
    next_id: u64,
    payments: Vec<Arc<Payment>>,
    by_id: BTreeMap<u64, usize>,
    /// Places by access token, in the order they were made.
    by_account: BTreeMap<String, Vec<usize>>,
    by_reference: BTreeMap<(String, String), Vec<usize>>,
    keys: BTreeMap<(String, String), Known>,
    used_tokens: BTreeSet<String>,
    /// What ends unpaid, by time.
    due: BTreeSet<(u64, usize)>,
    ledger: Vec<Entry>,
    news: Vec<News>,
}

impl Store {
    /// A gateway without payments; `seed` keeps its ids apart from those of earlier runs.
    pub fn new(seed: u64) -> Self {
        Self { next_id: ID_FIRST + seed % 1_000_000_000_000 * 2, ..Self::default() }
    }

    /// All payments in the order they were made.
    pub fn payments(&self) -> Vec<Arc<Payment>> {
        self.payments.clone()
    }

    /// The payment at a place that [`News`] named.
    pub fn at(&self, index: usize) -> Arc<Payment> {
        Arc::clone(&self.payments[index])
    }

    /// The payment with this id, whoever made it.
    pub fn any(&self, id: &str) -> Option<Arc<Payment>> {
        id.parse().ok().and_then(|id: u64| self.by_id.get(&id)).map(|index| self.at(*index))
    }

    /// What happened to money, in order.
    pub fn ledger(&self) -> &[Entry] {
        &self.ledger
    }

    /// News since the last call.
    pub fn take_news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
    }

    /// The payment of this account with this id.
    ///
    /// # Errors
    /// 404 when the account has none.
    pub fn payment(&self, account: &Account, id: &str) -> Result<&Payment, Failure> {
        self.index(account, id).map(|index| self.payments[index].as_ref())
    }

    /// Payments of an account, oldest first: those with this reference, or all.
    pub fn of_account(&self, account: &Account, reference: Option<&str>) -> Vec<Arc<Payment>> {
        let places = match reference {
            None => self.by_account.get(&account.token),
            Some(reference) => self.by_reference.get(&(account.token.clone(), reference.to_owned())),
        };
        places.into_iter().flatten().map(|index| self.at(*index)).collect()
    }

    /// Makes a payment, refused or not; the same request with the same key gets the same payment.
    ///
    /// # Errors
    /// 409 when the key was used for something else, 400 when the token was used.
    pub fn create(
        &mut self,
        account: &Account,
        trace: &Trace,
        request: &[u8],
        draft: PaymentDraft,
        now_ms: u64,
    ) -> Result<Value, Failure> {
        let digest = digest("payments", request);
        if let Some(known) = self.known(account, &trace.key, digest)? {
            return Ok(self.payments[known.index].render());
        }
        let single_use = (!draft.token.is_empty()).then(|| draft.token.clone());
        if single_use.is_some_and(|token| !self.used_tokens.insert(token)) {
            return Err(Failure::bad_request(2006, "Card Token not found"));
        }
        let (status, detail) = first_status(&draft);
        let index = self.payments.len();
        let expires_ms = match (detail, draft.later_by_transfer) {
            ("pending_challenge", _) => Some(now_ms + CHALLENGE_MS),
            (_, Some(_)) => Some(draft.expires_ms.unwrap_or(now_ms + LATER_MS)),
            (_, None) => None,
        };
        let payment = Payment {
            id: self.fresh_id(),
            account: account.clone(),
            amount: draft.amount,
            draft,
            status,
            detail,
            amount_refunded: 0,
            refunds: Vec::new(),
            created_ms: now_ms,
            updated_ms: now_ms,
            approved_ms: (status == Status::Approved).then_some(now_ms),
            expires_ms,
            key: trace.key.clone(),
            device_id: trace.device_id.clone(),
        };
        self.due.extend(expires_ms.map(|at_ms| (at_ms, index)));
        self.keys.insert(
            (account.token.clone(), trace.key.clone()),
            Known { request: digest, index, refund: None },
        );
        self.keep(payment, index);
        match status {
            Status::Approved => self.record(index, EntryKind::Charge, None, trace, now_ms),
            Status::Authorized => self.record(index, EntryKind::Hold, None, trace, now_ms),
            Status::Rejected => self.record(index, EntryKind::Declined, None, trace, now_ms),
            Status::InProcess
            | Status::Pending
            | Status::Cancelled
            | Status::Refunded
            | Status::ChargedBack => {}
        }
        self.news.push(News { index, action: "payment.created" });
        Ok(self.payments[index].render())
    }

    fn keep(&mut self, payment: Payment, index: usize) {
        let token = payment.account.token.clone();
        self.by_id.insert(payment.id, index);
        self.by_account.entry(token.clone()).or_default().push(index);
        if let Some(reference) = payment.draft.external_reference.clone() {
            self.by_reference.entry((token, reference)).or_default().push(index);
        }
        self.payments.push(Arc::new(payment));
    }

    /// What a key was used for, if it was.
    fn known(&self, account: &Account, key: &str, request: [u8; 16]) -> Result<Option<Known>, Failure> {
        let known = self.keys.get(&(account.token.clone(), key.to_owned()));
        match known {
            Some(known) if known.request != request => Err(Failure::other_body()),
            known => Ok(known.cloned()),
        }
    }

    fn index(&self, account: &Account, id: &str) -> Result<usize, Failure> {
        let found = id.parse().ok().and_then(|id: u64| self.by_id.get(&id).copied());
        let own = found.filter(|index| self.payments[*index].account.token == account.token);
        own.ok_or_else(|| Failure::not_found("Payment"))
    }

    fn fresh_id(&mut self) -> u64 {
        self.next_id += 2;
        self.next_id
    }

    /// Writes a line about a payment; the amount is the payment's, what is left of it for a chargeback, or that of its
    /// newest refund.
    fn record(&mut self, index: usize, kind: EntryKind, refund_id: Option<u64>, trace: &Trace, now_ms: u64) {
        let payment = &self.payments[index];
        let refund = payment.refunds.last().filter(|refund| Some(refund.id) == refund_id);
        let amount = match kind {
            EntryKind::Refund => refund.map_or(0, |refund| refund.amount),
            EntryKind::Chargeback | EntryKind::ChargebackWon => {
                payment.amount.saturating_sub(payment.amount_refunded)
            }
            EntryKind::Charge
            | EntryKind::Declined
            | EntryKind::Hold
            | EntryKind::Capture
            | EntryKind::Release => payment.amount,
        };
        let token = &payment.draft.token;
        self.ledger.push(Entry {
            number: self.ledger.len() as u64 + 1,
            kind,
            at_ms: now_ms,
            payment_id: payment.id,
            refund_id,
            token: (!token.is_empty()).then(|| masked(token)),
            amount,
            currency: payment.account.currency,
            external_reference: payment.draft.external_reference.clone(),
            idempotency_key: (!trace.key.is_empty()).then(|| trace.key.clone()),
            device_id: trace.device_id.clone(),
            account: masked(&payment.account.token),
        });
    }
}

/// Status and detail of a payment that was just made.
fn first_status(draft: &PaymentDraft) -> (Status, &'static str) {
    match draft.later_by_transfer {
        Some(true) => (Status::Pending, "pending_waiting_transfer"),
        Some(false) => (Status::Pending, "pending_waiting_payment"),
        None => {
            let terms = Terms {
                binary: draft.binary_mode,
                capture: draft.capture,
                challenge: draft.three_ds.is_some(),
                challenge_required: draft.three_ds.as_deref() == Some("mandatory"),
            };
            settle(card::verdict(&draft.token).unwrap_or(card::Verdict::Approved), terms)
        }
    }
}

fn digest(path: &str, body: &[u8]) -> [u8; 16] {
    Md5::new().chain_update(path).chain_update([0]).chain_update(body).finalize().into()
}

#[cfg(test)]
mod tests;
