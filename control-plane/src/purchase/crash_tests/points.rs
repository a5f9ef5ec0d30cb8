//! Crash points: every port call and every write to the database, before and after, by name.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, pending};
use tokio::sync::Notify;

use crate::seams::{Checkpoints, Moment, Unwritten};

/// One crash point of one path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Point {
    /// `site …`, `bank …` or `commit …`.
    pub(super) name: String,
    /// Which of the passes there, from 1.
    pub(super) pass: u32,
    /// Before or after.
    pub(super) moment: Moment,
}

impl fmt::Display for Point {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.moment {
            Moment::Before => '-',
            Moment::After => '+',
        };
        let pass = if self.pass > 1 { format!(" {}", self.pass) } else { String::new() };
        write!(out, "{}{pass}{sign}", self.name)
    }
}

/// What happens at a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// The process dies.
    Crash,
    /// The call has no answer, or the write fails; once.
    Silence,
    /// The gateway does not let us see the payment; once.
    Denied,
}

/// What goes wrong in a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) kind: Kind,
    pub(super) point: Point,
}

/// How a call goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    GoOn,
    /// There shall be no answer.
    Silence,
    /// The gateway shall not show it.
    Denied,
}

/// The life of one process, and what cuts it short.
#[derive(Debug, Default)]
pub(super) struct Life {
    state: Mutex<State>,
    died: Notify,
}

#[derive(Debug, Default)]
struct State {
    fault: Option<Fault>,
    passes: BTreeMap<String, u32>,
    passed: Vec<Point>,
    dead: bool,
    struck: bool,
    /// A call or a write is under way.
    busy: bool,
}

impl Life {
    /// A process in which `fault` strikes.
    pub(super) fn with(fault: Option<Fault>) -> Self {
        Self { state: Mutex::new(State { fault, ..State::default() }), died: Notify::new() }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_dead(&self) -> bool {
        self.lock().dead
    }

    pub(super) fn has_struck(&self) -> bool {
        self.lock().struck
    }

    /// Ends when the process is dead.
    pub(super) async fn death(&self) {
        loop {
            let died = self.died.notified();
            if self.is_dead() {
                return;
            }
            died.await;
        }
    }

    /// Every point that was passed, in order.
    pub(super) fn passed(&self) -> Vec<Point> {
        self.lock().passed.clone()
    }

    /// Whether no call and no write is under way.
    pub(super) fn is_idle(&self) -> bool {
        !self.lock().busy
    }

    /// The number of a call, counted when it begins.
    pub(super) fn enter(&self, name: &str) -> u32 {
        let mut state = self.lock();
        let pass = state.passes.entry(name.to_owned()).or_default();
        *pass += 1;
        *pass
    }

    /// Passes a point; never returns when the process dies there, or is dead.
    pub(super) async fn pass(&self, name: &str, pass: u32, moment: Moment) -> Verdict {
        let verdict = {
            let mut state = self.lock();
            let point = Point { name: name.to_owned(), pass, moment };
            let strikes = state.fault.as_ref().filter(|fault| fault.point == point).map(|fault| fault.kind);
            if !state.dead {
                state.passed.push(point);
            }
            // What is struck before it begins is over.
            state.busy = moment == Moment::Before && strikes.is_none();
            match strikes {
                Some(kind) if !state.dead => {
                    state.struck = true;
                    state.dead |= kind == Kind::Crash;
                    match kind {
                        Kind::Crash => None,
                        Kind::Silence => Some(Verdict::Silence),
                        Kind::Denied => Some(Verdict::Denied),
                    }
                }
                Some(_) | None => (!state.dead).then_some(Verdict::GoOn),
            }
        };
        match verdict {
            Some(verdict) => verdict,
            None => {
                self.died.notify_waiters();
                pending().await
            }
        }
    }
}

impl Checkpoints for Life {
    fn at(&self, step: &'static str, moment: Moment) -> BoxFuture<'_, Result<(), Unwritten>> {
        async move {
            let name = format!("commit {step}");
            let pass = match moment {
                Moment::Before => self.enter(&name),
                Moment::After => self.lock().passes.get(&name).copied().unwrap_or_default(),
            };
            match self.pass(&name, pass, moment).await {
                Verdict::GoOn => Ok(()),
                Verdict::Silence | Verdict::Denied => Err(Unwritten),
            }
        }
        .boxed()
    }
}
