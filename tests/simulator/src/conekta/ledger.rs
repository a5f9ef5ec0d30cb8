//! What happened to money, in order: what a test asks to know that it moved exactly once.

use serde::Serialize;

use crate::ledger::EntryKind;

/// One line of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Place in the ledger, from 1.
    pub number: u64,
    /// What happened.
    pub kind: EntryKind,
    /// When, on the simulator's clock, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// The order.
    pub order_id: String,
    /// The charge.
    pub charge_id: String,
    /// Last four characters of the token that was charged.
    pub token: String,
    /// Amount in minor units, always positive.
    pub amount: u64,
    /// Currency of the order.
    pub currency: String,
    /// Our reference of the charge, when one was sent.
    pub reference_id: Option<String>,
    /// The private key that asked for it.
    pub key: String,
}
