//! What became of what was sent.

use super::Notice;
use super::request::{SignatureKind, Target};
use serde::Serialize;

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// On its way, or to be tried again.
    Waiting,
    /// Held back until the next one has gone out.
    Held,
    /// Never sent, because a fault asked for that.
    Lost,
    /// Answered with 2xx.
    Delivered,
    /// Tried as often as allowed, never answered with 2xx.
    GivenUp,
}

/// One message to one destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Delivery {
    /// Place in the list, from 1.
    pub number: usize,
    /// The gateway.
    pub target: Target,
    /// Name of the event.
    pub event: String,
    /// Id of the event.
    pub event_id: String,
    /// What it is about.
    pub resource_id: String,
    /// Where it goes, without what the gateway adds.
    pub url: String,
    /// How it is signed.
    pub signature: SignatureKind,
    /// Tries so far.
    pub attempts: u32,
    /// HTTP status of the last answer.
    pub status: Option<u16>,
    /// Why there was none.
    pub error: Option<String>,
    /// Where it stands.
    pub outcome: Outcome,
}

impl Delivery {
    /// One that was not tried yet.
    pub fn new(number: usize, notice: &Notice, url: &str, signature: SignatureKind) -> Self {
        Self {
            number,
            target: notice.target,
            event: notice.event.clone(),
            event_id: notice.event_id.clone(),
            resource_id: notice.resource_id.clone(),
            url: url.to_owned(),
            signature,
            attempts: 0,
            status: None,
            error: None,
            outcome: Outcome::Waiting,
        }
    }
}
