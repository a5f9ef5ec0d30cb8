//! What the faults that fit make of one request, command or webhook.

use super::{Entry, FaultBoard, FaultKind, Place};
use serde_json::{Map, Value};
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::watch;

/// What to do with one request or command.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Wait this long first.
    pub delay: Option<Duration>,
    /// Wait this long between the effect and the answer.
    pub delay_after: Option<Duration>,
    /// How far behind a read is.
    pub lag: Option<Lag>,
    /// What the answer is to say instead: values by JSON pointer.
    pub alterations: Vec<Map<String, Value>>,
    /// Then, unless nothing else is to go wrong, do this.
    pub strike: Option<Strike>,
}

/// How far behind a read is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lag {
    /// It sees nothing of what was made.
    Blind,
    /// It does not see what is younger than this, in milliseconds.
    BehindMs(u64),
}

impl Lag {
    /// The last moment that the read sees, in milliseconds since the Unix epoch.
    pub fn horizon_ms(self, now_ms: u64) -> u64 {
        match self {
            Self::Blind => 0,
            Self::BehindMs(behind_ms) => now_ms.saturating_sub(behind_ms),
        }
    }
}

/// One thing gone wrong.
#[derive(Debug)]
pub enum Strike {
    /// Wait until the channel says true or is closed, then work as usual.
    Hang(watch::Receiver<bool>),
    /// Cut the connection.
    DropBefore,
    /// Do the work, then cut the connection.
    DropAfter,
    /// Do the work, then cut the connection in the middle of the answer.
    DropMiddle,
    /// Answer an error.
    Error(ErrorAnswer),
    /// Do the work, then answer an error.
    ErrorAfter(ErrorAnswer),
    /// Answer a page of HTML with this status.
    BadGateway(ErrorAnswer),
    /// Do the work, then answer a page of HTML with this status.
    BadGatewayAfter(ErrorAnswer),
}

/// What the error looks like.
#[derive(Debug, Clone)]
pub struct ErrorAnswer {
    /// HTTP status of a gateway.
    pub status: u16,
    /// `Retry-After` of a gateway, in seconds.
    pub retry_after_s: Option<u64>,
    /// Text of a router's trap.
    pub message: String,
    /// What a gateway's error says instead: values by JSON pointer.
    pub set: Map<String, Value>,
}

/// What to do with one webhook.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Tampering {
    /// Wait this long first.
    pub delay: Duration,
    /// Do not send it.
    pub lose: bool,
    /// Send it twice.
    pub duplicate: bool,
    /// Send it after the next one.
    pub reorder: bool,
    /// Sign something else.
    pub bad_signature: bool,
    /// Do not sign.
    pub no_signature: bool,
}

impl FaultBoard {
    /// Asks what to do with a request (`METHOD /path`) or a command word. Counts as a strike of what is told.
    ///
    /// All delays and alterations that fit add up; of the other kinds the first that fits is told.
    pub fn verdict(&self, place: Place<'_>, subject: &str) -> Verdict {
        let mut verdict = Verdict::default();
        if self.armed.load(Ordering::Acquire) == 0 {
            return verdict;
        }
        let mut entries = self.entries();
        for entry in entries.iter_mut().filter(|entry| entry.fits(place, subject)) {
            if entry.apply(&mut verdict) {
                entry.hit();
            }
        }
        self.refresh(&entries);
        verdict
    }

    /// Asks what to do with a webhook, told as `conekta order.paid` or `mercado_pago payment.updated`. All that fits is
    /// told, and counts as a strike.
    pub fn tampering(&self, subject: &str) -> Tampering {
        let mut tampering = Tampering::default();
        if self.armed.load(Ordering::Acquire) == 0 {
            return tampering;
        }
        let mut entries = self.entries();
        for entry in entries.iter_mut().filter(|entry| entry.fits(Place::Webhook, subject)) {
            let request = &entry.fault.request;
            tampering.delay += Duration::from_millis(request.delay_ms.unwrap_or(0));
            match request.kind {
                FaultKind::Lose => tampering.lose = true,
                FaultKind::Duplicate => tampering.duplicate = true,
                FaultKind::Reorder => tampering.reorder = true,
                FaultKind::BadSignature => tampering.bad_signature = true,
                FaultKind::NoSignature => tampering.no_signature = true,
                FaultKind::Delay
                | FaultKind::DelayAfter
                | FaultKind::Hang
                | FaultKind::DropBefore
                | FaultKind::DropAfter
                | FaultKind::DropMiddle
                | FaultKind::Error
                | FaultKind::ErrorAfter
                | FaultKind::BadGateway
                | FaultKind::BadGatewayAfter
                | FaultKind::Alter
                | FaultKind::Lag
                | FaultKind::Away => {}
            }
            entry.hit();
        }
        self.refresh(&entries);
        tampering
    }
}

impl Entry {
    /// Adds what this fault does; false when another has already struck in its place.
    fn apply(&self, verdict: &mut Verdict) -> bool {
        let request = &self.fault.request;
        let wait = request.delay_ms.map(Duration::from_millis);
        let later = |known: Option<Duration>| match (known, wait) {
            (Some(known), Some(wait)) => Some(known + wait),
            (known, wait) => known.or(wait),
        };
        match request.kind {
            FaultKind::DelayAfter => {
                verdict.delay_after = later(verdict.delay_after);
                return true;
            }
            FaultKind::Alter => verdict.alterations.extend(request.set.clone()),
            FaultKind::Lag => {
                let behind_ms = |seconds: u64| Lag::BehindMs(seconds.saturating_mul(1000));
                verdict.lag = Some(request.lag_s.map_or(Lag::Blind, behind_ms));
            }
            FaultKind::Delay => {}
            FaultKind::Hang
            | FaultKind::DropBefore
            | FaultKind::DropAfter
            | FaultKind::DropMiddle
            | FaultKind::Error
            | FaultKind::ErrorAfter
            | FaultKind::BadGateway
            | FaultKind::BadGatewayAfter
            | FaultKind::Away
            | FaultKind::Lose
            | FaultKind::Duplicate
            | FaultKind::Reorder
            | FaultKind::BadSignature
            | FaultKind::NoSignature => {
                if verdict.strike.is_some() {
                    return false;
                }
                verdict.strike = self.strike();
            }
        }
        verdict.delay = later(verdict.delay);
        true
    }

    fn strike(&self) -> Option<Strike> {
        let request = &self.fault.request;
        let error = |status| ErrorAnswer {
            status: request.status.unwrap_or(status),
            retry_after_s: request.retry_after_s,
            message: request.message.clone().unwrap_or_else(|| "action failed".to_owned()),
            set: request.set.clone().unwrap_or_default(),
        };
        match request.kind {
            FaultKind::Hang => Some(Strike::Hang(self.released.subscribe())),
            FaultKind::DropBefore => Some(Strike::DropBefore),
            FaultKind::DropAfter => Some(Strike::DropAfter),
            FaultKind::DropMiddle => Some(Strike::DropMiddle),
            FaultKind::Error => Some(Strike::Error(error(500))),
            FaultKind::ErrorAfter => Some(Strike::ErrorAfter(error(500))),
            FaultKind::BadGateway => Some(Strike::BadGateway(error(502))),
            FaultKind::BadGatewayAfter => Some(Strike::BadGatewayAfter(error(502))),
            FaultKind::Delay
            | FaultKind::DelayAfter
            | FaultKind::Alter
            | FaultKind::Lag
            | FaultKind::Away
            | FaultKind::Lose
            | FaultKind::Duplicate
            | FaultKind::Reorder
            | FaultKind::BadSignature
            | FaultKind::NoSignature => None,
        }
    }
}
