//! A fault as it is asked for, and what is wrong with one that makes no sense.

use super::{FaultKind, Place};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Longest wait, in milliseconds: an hour.
const DELAY_MS_MAX: u64 = 3_600_000;

/// The body of `POST /faults`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRequest {
    /// `conekta`, `mercado_pago`, `router` or `webhook`.
    pub target: String,
    /// What goes wrong.
    pub kind: FaultKind,
    /// Only requests whose `METHOD /path`, commands whose word, or webhooks whose `gateway event`, contain this.
    #[serde(rename = "match", default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// Only the router of this name; without it, every router.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub router: Option<String>,
    /// HTTP status of an error; 500 without it, 502 of a bad gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// `Retry-After` of an error, in seconds; not sent without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u64>,
    /// Text of a router's trap; `action failed` without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// How long to wait first, in milliseconds; needed by a delay, taken by the other kinds but away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u64>,
    /// What an altered answer or an error says, by JSON pointer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<Map<String, Value>>,
    /// How far behind a lagging read is, in seconds of the simulator's clock; blind without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lag_s: Option<u64>,
    /// How often it strikes; without it, until it is deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
}

/// Why a fault was not put up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// The target is known by name, but this simulator does not have it.
    #[error("{0} is not there yet: use conekta, mercado_pago, router or webhook as the target")]
    NotThere(String),
    /// No such target.
    #[error("{0:?} is no target; use conekta, mercado_pago, router or webhook")]
    UnknownTarget(String),
    /// No such router.
    #[error("there is no router {0:?}; the routers are: {1}")]
    UnknownRouter(String, String),
    /// A field is missing, or does not go with the others.
    #[error("{0}")]
    Field(&'static str),
}

/// Where a kind of fault can strike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Range {
    /// Routers and gateways.
    Servers,
    /// Gateways only.
    Gateways,
    /// Webhooks only.
    Webhooks,
    /// Everywhere.
    All,
}

fn range(kind: FaultKind) -> Range {
    match kind {
        FaultKind::Delay => Range::All,
        FaultKind::Hang
        | FaultKind::DropBefore
        | FaultKind::DropAfter
        | FaultKind::Error
        | FaultKind::ErrorAfter
        | FaultKind::Away => Range::Servers,
        FaultKind::DelayAfter
        | FaultKind::DropMiddle
        | FaultKind::BadGateway
        | FaultKind::BadGatewayAfter
        | FaultKind::Alter
        | FaultKind::Lag => Range::Gateways,
        FaultKind::Lose
        | FaultKind::Duplicate
        | FaultKind::Reorder
        | FaultKind::BadSignature
        | FaultKind::NoSignature => Range::Webhooks,
    }
}

impl FaultRequest {
    /// A fault that strikes everything at its target until it is deleted.
    pub fn new(target: &str, kind: FaultKind) -> Self {
        Self {
            target: target.to_owned(),
            kind,
            pattern: None,
            router: None,
            status: None,
            retry_after_s: None,
            message: None,
            delay_ms: None,
            set: None,
            lag_s: None,
            count: None,
        }
    }

    pub(super) fn check<T>(&self, routers: &BTreeMap<String, T>) -> Result<(), FaultError> {
        match self.target.as_str() {
            "conekta" | "mercado_pago" | "router" | "webhook" => {}
            "telegram" => return Err(FaultError::NotThere(self.target.clone())),
            _ => return Err(FaultError::UnknownTarget(self.target.clone())),
        }
        if let Some(name) = self.router.as_ref().filter(|name| !routers.contains_key(*name)) {
            let known: Vec<&str> = routers.keys().map(String::as_str).collect();
            return Err(FaultError::UnknownRouter(name.clone(), known.join(", ")));
        }
        let broken = |rules: &[(bool, &'static str)]| {
            rules.iter().find(|(broken, _)| *broken).map(|(_, text)| FaultError::Field(text))
        };
        let error = broken(&self.rules_of_place()).or_else(|| broken(&self.rules_of_fields()));
        error.map_or(Ok(()), Err)
    }

    /// What does not go with the target.
    fn rules_of_place(&self) -> [(bool, &'static str); 4] {
        let (of_router, of_webhook) = (self.target == "router", self.target == "webhook");
        let range = range(self.kind);
        [
            (self.router.is_some() && !of_router, "router goes with target router only; leave it out"),
            (
                range == Range::Gateways && (of_router || of_webhook),
                "this kind goes with a gateway only: target conekta or mercado_pago",
            ),
            (range == Range::Webhooks && !of_webhook, "this kind goes with target webhook only"),
            (
                of_webhook && matches!(range, Range::Servers | Range::Gateways),
                "a webhook can have delay, lose, duplicate, reorder, bad_signature and no_signature",
            ),
        ]
    }

    /// What does not go with the kind.
    fn rules_of_fields(&self) -> [(bool, &'static str); 14] {
        let of_router = self.target == "router";
        let makes_error = matches!(self.kind, FaultKind::Error | FaultKind::ErrorAfter);
        let makes_page = matches!(self.kind, FaultKind::BadGateway | FaultKind::BadGatewayAfter);
        let waits = matches!(self.kind, FaultKind::Delay | FaultKind::DelayAfter);
        let of_gateway = (makes_error && !of_router) || makes_page;
        [
            (waits && self.delay_ms.is_none(), "a delay needs delay_ms, in milliseconds"),
            (self.delay_ms.is_some() && self.kind == FaultKind::Away, "away has no delay_ms; leave it out"),
            (
                self.delay_ms.is_some_and(|ms| ms > DELAY_MS_MAX),
                "delay_ms is at most 3600000, an hour; use hang for longer",
            ),
            (
                self.status.is_some() && !of_gateway,
                "status goes with error, error_after, bad_gateway and bad_gateway_after of a gateway only; a router \
                 answers a trap, whose text is message",
            ),
            (
                self.status.is_some_and(|status| !(400..=599).contains(&status)),
                "status is an error of HTTP, from 400 to 599",
            ),
            (
                self.retry_after_s.is_some() && !of_gateway,
                "retry_after_s goes with an error of a gateway only",
            ),
            (
                self.message.is_some() && (!makes_error || !of_router),
                "message goes with error and error_after of a router only",
            ),
            (
                self.kind == FaultKind::Away && self.pattern.is_some(),
                "away concerns all connections; leave match out",
            ),
            (self.pattern.as_deref() == Some(""), "match is empty; leave it out to match everything"),
            (self.kind == FaultKind::Alter && self.set.is_none(), "alter needs set: values by JSON pointer"),
            (
                self.set.is_some() && !(self.kind == FaultKind::Alter || (makes_error && !of_router)),
                "set goes with alter, error and error_after of a gateway only",
            ),
            (
                self.set.iter().flatten().any(|(pointer, _)| !pointer.starts_with('/')),
                "the names in set are JSON pointers, such as /amount",
            ),
            (self.lag_s.is_some() && self.kind != FaultKind::Lag, "lag_s goes with lag only"),
            (
                self.count == Some(0),
                "count is at least 1; leave it out for a fault that stays until it is deleted",
            ),
        ]
    }

    pub(super) fn covers(&self, place: Place<'_>) -> bool {
        match place {
            Place::Conekta => self.target == "conekta",
            Place::MercadoPago => self.target == "mercado_pago",
            Place::Webhook => self.target == "webhook",
            Place::Router(name) => {
                self.target == "router" && self.router.as_deref().is_none_or(|wanted| wanted == name)
            }
        }
    }
}
