//! Words that both gateways' ledgers share.

use serde::Serialize;

/// Characters of a token that a ledger shows.
const SHOWN_CHARS: usize = 4;

/// What happened to money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// Money moved to the merchant.
    Charge,
    /// A charge was tried and declined; no money moved.
    Declined,
    /// Money was held, not moved.
    Hold,
    /// A hold became a charge; the money moved now.
    Capture,
    /// A hold was given up; no money moved.
    Release,
    /// Money moved back.
    Refund,
    /// The buyer's bank took money back.
    Chargeback,
    /// The buyer's bank returned what it had taken back.
    ChargebackWon,
}

/// A token or key of which only the last four characters can be read.
pub fn masked(secret: &str) -> String {
    let skipped = secret.chars().count().saturating_sub(SHOWN_CHARS);
    format!("…{}", secret.chars().skip(skipped).collect::<String>())
}
