//! What a company's own systems are told: events, in the shape of Standard Webhooks.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::alert::Alert;
use super::id::{CompanyId, SiteId};
use super::time::Timestamp;

/// Hex digits of a message id.
const ID_DIGITS: usize = 32;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventKind {
    /// The money was confirmed.
    PaymentCompleted,
    /// The card, the bank or the buyer ended the payment unpaid.
    PaymentRejected,
    /// It is not known yet whether the money comes.
    PaymentPending,
    /// Money went back, in whole or in part.
    PaymentRefunded,
    /// The buyer's bank took the money back.
    PaymentDisputed,
    /// The hotspot user was disabled because its money went back.
    AccessRevoked,
    /// A site's agent is gone.
    SiteOffline,
    /// A site's agent is back.
    SiteOnline,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::PaymentCompleted,
        Self::PaymentRejected,
        Self::PaymentPending,
        Self::PaymentRefunded,
        Self::PaymentDisputed,
        Self::AccessRevoked,
        Self::SiteOffline,
        Self::SiteOnline,
    ];

    /// The kind as it travels.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PaymentCompleted => "payment.completed",
            Self::PaymentRejected => "payment.rejected",
            Self::PaymentPending => "payment.pending",
            Self::PaymentRefunded => "payment.refunded",
            Self::PaymentDisputed => "payment.disputed",
            Self::AccessRevoked => "access.revoked",
            Self::SiteOffline => "site.offline",
            Self::SiteOnline => "site.online",
        }
    }

    /// Reads a kind that was stored or sent.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// An event as every endpoint of the company gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Id of the message: the same for the same fact, however often it is told.
    pub id: String,
    /// What happened.
    pub kind: EventKind,
    /// The body, as it is signed.
    pub body: String,
}

impl Event {
    /// The event of a fact, which `fact` names once and for all among those of its kind.
    #[must_use]
    pub fn new(kind: EventKind, fact: &str, at: Timestamp, data: &Value) -> Self {
        Self { id: message_id(kind.as_str(), fact), kind, body: body(kind.as_str(), at, data) }
    }

    /// A site's agent is gone or back.
    #[must_use]
    pub fn site(kind: EventKind, company: &CompanyId, site: &SiteId, name: &str, at: Timestamp) -> Self {
        let data = json!({"empresa_id": company, "sitio_id": site, "nombre": name});
        Self::new(kind, &format!("{site}:{}", at.0), at, &data)
    }
}

/// What one change of the world has to be told, to whom it may concern.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct News {
    /// For the company's systems.
    pub events: Vec<Event>,
    /// For the company's people, each with the id of its message.
    pub alerts: Vec<(String, Alert)>,
}

impl News {
    /// Whether there is nothing to tell.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.events.is_empty() && self.alerts.is_empty()
    }
}

/// The body of a message.
#[must_use]
pub fn body(kind: &str, at: Timestamp, data: &Value) -> String {
    json!({"type": kind, "timestamp": at.iso(), "data": data}).to_string()
}

/// The id of the message about a fact.
#[must_use]
pub fn message_id(kind: &str, fact: &str) -> String {
    let mut digits = hex::encode(Sha256::digest(format!("{kind}:{fact}")));
    digits.truncate(ID_DIGITS);
    format!("msg_{digits}")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Event, EventKind, message_id};
    use crate::domain::id::{CompanyId, SiteId};
    use crate::domain::time::Timestamp;

    #[test]
    fn every_kind_reads_back() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(EventKind::parse("payment.made"), None);
    }

    #[test]
    fn one_fact_is_one_message() {
        assert_eq!(message_id("a", "b"), message_id("a", "b"));
        assert_ne!(message_id("a", "b"), message_id("a", "c"));
        assert_eq!(message_id("a", "b").len(), 36);
    }

    #[test]
    fn a_site_event_names_its_company_and_site() {
        let (company, site) = (CompanyId::new("EMP_1"), SiteId::new("S1"));
        let event = Event::site(EventKind::SiteOffline, &company, &site, "Parque", Timestamp(0));
        let body: Value = serde_json::from_str(&event.body).expect("JSON");
        let data = json!({"empresa_id": "EMP_1", "sitio_id": "S1", "nombre": "Parque"});
        assert_eq!(body, json!({"type": "site.offline", "timestamp": "1970-01-01T00:00:00", "data": data}));
    }
}
