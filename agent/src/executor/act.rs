//! What every act on a router needs: its connection, its deadline, and whether it may have changed something.

use std::time::Duration;

use pagos_protocol::{Code, Outcome};

use super::routers::Admitted;
use crate::{
    routeros::{CallError, Reply, Request, TrapClass},
    seams::{
        clock::{self, Instant},
        task::crash_point,
    },
};

/// How often an act is tried anew when its connection ends in the middle.
pub(super) const ROUNDS_MAX: usize = 4;

/// How often one question is asked again when the connection ends before the answer.
const LOST_READS_MAX: usize = 3;

/// First and longest pause before dialling again, for an act that must find out what became of it.
const REDIAL_PAUSE_MIN: Duration = Duration::from_millis(100);
const REDIAL_PAUSE_MAX: Duration = Duration::from_secs(1);

/// Longest detail of an outcome, in bytes.
const DETAIL_BYTES_MAX: usize = 300;

/// One act on one router.
#[derive(Debug)]
pub(super) struct Act {
    place: Admitted,
    deadline: Instant,
    touched: bool,
}

impl Act {
    /// An act that has a place at its router.
    pub(super) fn start(place: Admitted, deadline: Instant) -> Self {
        Self { place, deadline, touched: false }
    }

    /// Gives the act no more time than this from now on.
    pub(super) fn limit(&mut self, limit: Duration) {
        self.deadline = self.deadline.min(clock::monotonic() + limit);
    }

    /// Remembers that an earlier delivery may have changed the router.
    pub(super) fn resume(&mut self) {
        self.touched = true;
    }

    /// Whether the act may have changed the router.
    pub(super) fn touched(&self) -> bool {
        self.touched
    }

    /// Corrects that, once the router itself has shown it.
    pub(super) fn set_touched(&mut self, touched: bool) {
        self.touched = touched;
    }

    /// Asks the router. Asked again when the connection ends before the answer. An act that may have changed the
    /// router also waits for an unreachable one, until its deadline.
    pub(super) async fn read(&self, request: Request) -> Result<Reply, CallError> {
        let mut lost = 0;
        loop {
            match self.call_when_reachable(&request).await {
                Err(CallError::Lost(_)) if lost < LOST_READS_MAX => lost += 1,
                result => return result,
            }
        }
    }

    /// Changes the router. Never sent twice: after [`CallError::effect_unknown`] the caller reads back.
    pub(super) async fn change(&mut self, request: Request) -> Result<Reply, CallError> {
        crash_point("router", request.path(), "before").await;
        let result = self.call_when_reachable(&request).await;
        crash_point("router", request.path(), "after").await;
        self.touched |= result.as_ref().map_or_else(CallError::effect_unknown, |_| true);
        result
    }

    /// Waits; ends early at the deadline. Returns whether there is time left.
    pub(super) async fn pause(&self, pause: Duration) -> bool {
        tokio::time::sleep_until(self.deadline.min(clock::monotonic() + pause)).await;
        clock::monotonic() < self.deadline
    }

    /// The report of an act that ended with an error.
    pub(super) fn ended(&self, error: &CallError) -> Outcome {
        let detail = match error {
            CallError::Trap(trap) => trap.message.clone(),
            CallError::Unreachable(_)
            | CallError::LoginRefused(_)
            | CallError::TlsUnsupported
            | CallError::QueueFull
            | CallError::Retired
            | CallError::DeadlinePassed { .. }
            | CallError::Lost(_)
            | CallError::ReplyTooLarge => error.to_string(),
        };
        self.not_done(code_of(error), &detail)
    }

    /// The report of an act that was not done: refused if nothing can have changed, else failed.
    pub(super) fn not_done(&self, code: Code, detail: &str) -> Outcome {
        let detail = clip(detail);
        if self.touched { Outcome::failed(code, detail) } else { Outcome::refused(code, detail) }
    }

    /// Waits until nothing that was given up can still change the router.
    pub(super) async fn settle(&self) {
        self.place.connection.settle().await;
    }

    async fn call_when_reachable(&self, request: &Request) -> Result<Reply, CallError> {
        let mut pause = REDIAL_PAUSE_MIN;
        loop {
            let result = self.place.connection.call(request.clone(), self.deadline).await;
            let unreachable = matches!(result, Err(CallError::Unreachable(_)));
            if !(unreachable && self.touched && self.pause(pause).await) {
                return result;
            }
            pause = (pause * 2).min(REDIAL_PAUSE_MAX);
        }
    }
}

/// The first part of a text of the router.
pub(super) fn clip(text: &str) -> String {
    let mut end = text.len().min(DETAIL_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}

fn code_of(error: &CallError) -> Code {
    match error {
        CallError::Unreachable(_) | CallError::Lost(_) | CallError::Retired => Code::RouterUnreachable,
        CallError::LoginRefused(_) => Code::RouterLoginFailed,
        CallError::QueueFull => Code::Busy,
        CallError::DeadlinePassed { .. } => Code::DeadlinePassed,
        CallError::TlsUnsupported | CallError::ReplyTooLarge => Code::RouterError,
        CallError::Trap(trap) => match trap.class() {
            TrapClass::Permission => Code::PermissionDenied,
            TrapClass::DeviceMode => Code::DeviceModeForbids,
            TrapClass::Duplicate
            | TrapClass::Gone
            | TrapClass::BadReference
            | TrapClass::Ambiguous
            | TrapClass::UnknownParameter
            | TrapClass::MenuMissing
            | TrapClass::BadValue
            | TrapClass::MissingValue
            | TrapClass::Credentials
            | TrapClass::NotLoggedIn
            | TrapClass::Interrupted
            | TrapClass::Transient
            | TrapClass::Other => Code::RouterError,
        },
    }
}
