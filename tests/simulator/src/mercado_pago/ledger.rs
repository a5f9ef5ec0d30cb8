//! What happened to money, in order.

use crate::ledger::EntryKind;
use serde::Serialize;

/// One line of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Place in the ledger, from 1.
    pub number: u64,
    /// What happened.
    pub kind: EntryKind,
    /// When, on the simulator's clock, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// The payment.
    pub payment_id: u64,
    /// The refund, when it is one that was asked for.
    pub refund_id: Option<u64>,
    /// Last four characters of the card token; none for cash and transfer.
    pub token: Option<String>,
    /// Amount in minor units, always positive.
    pub amount: u64,
    /// Currency of the account.
    pub currency: &'static str,
    /// The sender's reference.
    pub external_reference: Option<String>,
    /// `X-Idempotency-Key` of the request, when one was behind it.
    pub idempotency_key: Option<String>,
    /// `X-meli-session-id` of the request, when one came with it.
    pub device_id: Option<String>,
    /// Last four characters of the access token.
    pub account: String,
}
