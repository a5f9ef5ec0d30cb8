//! A fault as it is asked for, and what is wrong with one that makes no sense.

use super::{FaultKind, Place};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The body of `POST /faults`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRequest {
    /// `conekta` or `router`.
    pub target: String,
    /// What goes wrong.
    pub kind: FaultKind,
    /// Only requests whose `METHOD /path`, or commands whose word, contain this.
    #[serde(rename = "match", default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// Only the router of this name; without it, every router.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub router: Option<String>,
    /// HTTP status of an error; 500 without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Text of a router's trap; `action failed` without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// How long to wait first, in milliseconds; needed by a delay, taken by the other kinds but away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u64>,
    /// How often it strikes; without it, until it is deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
}

/// Why a fault was not put up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// The target is known by name, but this simulator does not have it.
    #[error("{0} is not there yet: this simulator has conekta and router; use one of these as the target")]
    NotThere(String),
    /// No such target.
    #[error("{0:?} is no target; use conekta or router")]
    UnknownTarget(String),
    /// No such router.
    #[error("there is no router {0:?}; the routers are: {1}")]
    UnknownRouter(String, String),
    /// A field is missing, or does not go with the others.
    #[error("{0}")]
    Field(&'static str),
}

impl FaultRequest {
    pub(super) fn check<T>(&self, routers: &BTreeMap<String, T>) -> Result<(), FaultError> {
        match self.target.as_str() {
            "conekta" | "router" => {}
            "mercado_pago" | "telegram" => return Err(FaultError::NotThere(self.target.clone())),
            _ => return Err(FaultError::UnknownTarget(self.target.clone())),
        }
        let of_router = self.target == "router";
        if let Some(name) = self.router.as_ref().filter(|name| !routers.contains_key(*name)) {
            let known: Vec<&str> = routers.keys().map(String::as_str).collect();
            return Err(FaultError::UnknownRouter(name.clone(), known.join(", ")));
        }
        let makes_error = matches!(self.kind, FaultKind::Error | FaultKind::ErrorAfter);
        let rules = [
            (self.router.is_some() && !of_router, "router goes with target router only; leave it out"),
            (
                self.kind == FaultKind::Delay && self.delay_ms.is_none(),
                "a delay needs delay_ms, in milliseconds",
            ),
            (self.delay_ms.is_some() && self.kind == FaultKind::Away, "away has no delay_ms; leave it out"),
            (
                self.delay_ms.is_some_and(|ms| ms > 3_600_000),
                "delay_ms is at most 3600000, an hour; use hang for longer",
            ),
            (
                self.status.is_some() && (!makes_error || of_router),
                "status goes with error and error_after of a gateway only; a router answers a trap, whose text is message",
            ),
            (
                self.status.is_some_and(|status| !(400..=599).contains(&status)),
                "status is an error of HTTP, from 400 to 599",
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
            (
                self.count == Some(0),
                "count is at least 1; leave it out for a fault that stays until it is deleted",
            ),
        ];
        rules.iter().find(|(broken, _)| *broken).map_or(Ok(()), |(_, text)| Err(FaultError::Field(text)))
    }

    pub(super) fn covers(&self, place: Place<'_>) -> bool {
        match place {
            Place::Conekta => self.target == "conekta",
            Place::Router(name) => {
                self.target == "router" && self.router.as_deref().is_none_or(|wanted| wanted == name)
            }
        }
    }
}
