//! What both sides say about the reservations of a site beside commands: verdicts, the hand-over to an empty journal, and
//! what an agent finds out by itself.

use serde::{Deserialize, Serialize};

use crate::{FRAME_BYTES_MAX, Outcome, command::PurchaseRef};

/// How long a reservation stands before its agent asks what became of it, in milliseconds, unless the welcome says
/// otherwise: 15 minutes.
pub const RESERVE_LEASE_MS: u64 = 15 * 60 * 1000;

/// Most entries in one message about reservations or purchases.
pub const ENTRIES_MAX: usize = 100;

/// Most names in one [`crate::Action::DescribeUsers`].
pub const NAMES_MAX: usize = 50;

/// What a message takes besides its entries, in bytes.
const ENVELOPE_BYTES: usize = 1024;

/// One reservation, as either side remembers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// The purchase, at the newest version that the side which sends it knows.
    pub purchase: PurchaseRef,
    /// User name.
    pub name: String,
    /// Exact profile name; empty when the agent was never told.
    pub profile: String,
}

/// An agent asks what became of reservations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerdictsWanted {
    /// The router they are on (`RTR_…`).
    pub router_id: String,
    /// At most [`ENTRIES_MAX`].
    pub reservations: Vec<Reservation>,
}

/// The answer to [`VerdictsWanted`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdicts {
    /// The router they are about (`RTR_…`).
    pub router_id: String,
    /// One per reservation; what is missing is kept.
    pub verdicts: Vec<Verdict>,
}

/// What is to become of one reservation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The purchase (`TRX_…`).
    pub purchase_id: String,
    /// Version of the decision; one older than the newest that the agent has journalled counts for nothing.
    pub version: u64,
    /// The decision.
    pub verdict: Ruling,
}

/// The decision about a reservation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Ruling {
    /// Nothing is decided yet: leave it as it is.
    Keep {
        /// When to ask again, in milliseconds from now.
        for_ms: u64,
    },
    /// It is paid.
    Confirm,
    /// It ended unpaid.
    Release,
    /// A decision of a newer control plane; kept.
    #[serde(other)]
    Unknown,
}

/// An agent has carried a verdict out, or cannot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// The router (`RTR_…`).
    pub router_id: String,
    /// The purchase, at the version of the verdict.
    pub purchase: PurchaseRef,
    /// How it ended.
    pub outcome: Outcome,
}

/// Paid users that are gone from a router. May be told again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// The router (`RTR_…`).
    pub router_id: String,
    /// Their purchases, at most [`ENTRIES_MAX`].
    pub purchase_ids: Vec<String>,
}

/// A part of the open reservations of a site, for an agent whose journal does not know them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandOver {
    /// The router they are on (`RTR_…`).
    pub router_id: String,
    /// At most [`ENTRIES_MAX`].
    pub reservations: Vec<Reservation>,
    /// Whether this was all, of all routers.
    pub last: bool,
}

/// Cuts entries into pages that fit into a frame each, in order. An entry too large for any frame is left out.
#[must_use]
pub fn pages<T: Serialize>(entries: Vec<T>) -> Vec<Vec<T>> {
    let room = FRAME_BYTES_MAX - ENVELOPE_BYTES;
    let mut pages: Vec<Vec<T>> = Vec::new();
    let mut left = 0;
    for entry in entries {
        // One more for the comma.
        let bytes = serde_json::to_string(&entry).map_or(usize::MAX, |json| json.len() + 1);
        if bytes > room {
            continue;
        }
        match pages.last_mut() {
            Some(page) if bytes <= left && page.len() < ENTRIES_MAX => page.push(entry),
            Some(_) | None => {
                pages.push(vec![entry]);
                left = room;
            }
        }
        left -= bytes;
    }
    pages
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ServerMessage, frame};

    fn reservation(profile: &str) -> Reservation {
        let purchase = PurchaseRef { id: "TRX_0123456789ABCDEF01234567".into(), version: u64::MAX };
        Reservation { purchase, name: "PT-00001".into(), profile: profile.into() }
    }

    fn sizes(profile: &str, count: usize) -> Vec<usize> {
        let pages = pages(vec![reservation(profile); count]);
        for page in &pages {
            let message = HandOver { router_id: "RTR_1".into(), reservations: page.clone(), last: false };
            frame::encode(&ServerMessage::HandOver(message)).expect("fits");
        }
        pages.iter().map(Vec::len).collect()
    }

    #[test]
    fn every_page_fits_into_a_frame() {
        assert_eq!(sizes("1h", 250), [100, 100, 50]);
        assert_eq!(sizes("1h", 0), [0; 0]);
        let long = sizes(&"\u{1}".repeat(1_000), 25);
        assert_eq!(long.iter().sum::<usize>(), 25);
        assert!(long.len() > 1, "{long:?}");
        assert_eq!(sizes(&"x".repeat(FRAME_BYTES_MAX), 2), [0; 0]);
    }
}
