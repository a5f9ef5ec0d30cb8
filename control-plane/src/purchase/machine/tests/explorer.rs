//! Every order of events, to a depth: answers, crashes before and after each effect, messages, and leaps of the clock.
//!
//! Breadth first, so that a state is first met on its shortest path and a depth means what it says. A state is looked
//! at once. From every state a good day must lead to an end: nothing waits for ever, and nothing is lost.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::{Hash, Hasher};
use std::io;
use std::rc::Rc;

use super::super::{Choice, Effect, Message};
use super::answers::answers;
use super::judge::{Breach, judge};
use super::truth::{Delivery, Fate, Truth};
use super::{Kind, Machine, TIMING, payment, purchase};
use crate::domain::time::Timestamp;
use crate::purchase::state::{Phase, Purchase};

/// After so many effects on good days there must be an end.
const GOOD_DAYS_MAX: u32 = 1_200;
/// A crashed process is back after this, in milliseconds.
const RESTART_MS: i64 = 1_000;

/// How far to look.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Most steps.
    pub(super) depth: u32,
    /// Most crashes on one path.
    pub(super) crashes: u8,
    /// Most things told from outside on one path.
    pub(super) told: u8,
    /// Most leaps of the clock on one path.
    pub(super) leaps: u8,
}

/// One path through the machine, as far as it has come.
#[derive(Clone)]
pub(super) struct Path {
    /// In memory.
    pub(super) purchase: Purchase,
    /// On disk: where a crash goes back to.
    pub(super) stored: Rc<Purchase>,
    /// The world outside.
    pub(super) truth: Truth,
    /// What the clock shows.
    pub(super) now: Timestamp,
    /// Something was told, and who told waits until it is on disk.
    taken: bool,
    crashes: u8,
    told: u8,
    leaps: u8,
}

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Different states.
    pub(super) states: usize,
    /// Steps between them.
    pub(super) steps: u64,
    /// Crashes that were tried.
    pub(super) crashes: u64,
    /// Phases that were met.
    pub(super) phases: BTreeSet<&'static str>,
}

/// A broken rule, and how the machine came there.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) breach: Breach,
    pub(super) state: String,
}

impl Path {
    /// A purchase that was just stored.
    pub(super) fn new(kind: Kind, revokes: bool, lies: bool) -> Self {
        let start = purchase(kind);
        Self {
            stored: Rc::new(start.clone()),
            purchase: start,
            truth: Truth::new(revokes, lies),
            now: Timestamp(0),
            taken: false,
            crashes: 0,
            told: 0,
            leaps: 0,
        }
    }

    /// The same state as the start of another search.
    pub(super) fn afresh(&self) -> Self {
        Self { crashes: 0, told: 0, leaps: 0, ..self.clone() }
    }

    /// What tells one state from another. Versions and names of steps are left out: nothing is decided by them.
    fn key(&self) -> u64 {
        let mut hasher = Bytes(DefaultHasher::new());
        let mut shown = self.purchase.clone();
        shown.command_version = 0;
        shown.router_attempts = shown.router_attempts.min(2);
        // What it was asked for never changes.
        let parts =
            (&shown.phase, &shown.user.name, shown.charge_sealed.is_some(), &shown.payment, &shown.charge);
        let more = (
            shown.wake_at,
            &shown.failure,
            (shown.paid_at, shown.deliver_since),
            &shown.refunds,
            shown.undo,
            shown.login,
        );
        let counts =
            (shown.draws, shown.opening_attempts, shown.asks, shown.router_attempts, shown.refunded_minor);
        serde_json::to_writer(&mut hasher, &(parts, more, counts, shown.seen_minor)).expect("plain data");
        let bits = [
            shown.cancel_asked,
            shown.maybe_reserved,
            shown.released,
            shown.remake,
            shown.shown,
            shown.confirmed,
            shown.revoked,
            shown.recheck,
            shown.hinted.is_some(),
            shown.notice.is_some(),
            *self.stored == self.purchase,
            self.taken,
        ];
        (bits, self.stored.phase.as_str(), self.stored.asks, self.stored.wake_at.0).hash(&mut hasher.0);
        (self.truth, self.now.0, self.crashes, self.told, self.leaps).hash(&mut hasher.0);
        hasher.0.finish()
    }

    /// The process dies, and another one takes the purchase over.
    fn crash(&self, machine: &Machine, truth: Truth) -> Self {
        let now = self.now.plus(RESTART_MS);
        let resumed = (machine.resume)((*self.stored).clone(), now);
        Self {
            stored: Rc::clone(&self.stored),
            purchase: resumed,
            // What was made of the agent's word may not be on disk.
            truth: Truth { outdated: None, ..truth },
            now,
            taken: false,
            crashes: self.crashes + 1,
            ..*self
        }
    }
}

/// Writes what is serialised into a hash.
struct Bytes(DefaultHasher);

impl io::Write for Bytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Looks at every state within `bounds` of `start`. Gives what was seen, and one path into every phase.
pub(super) fn explore(
    machine: &Machine,
    start: Path,
    bounds: Bounds,
) -> Result<(Seen, BTreeMap<Phase, Path>), Box<Found>> {
    let mut seen = Seen::default();
    let mut phases = BTreeMap::new();
    let mut known = BTreeSet::new();
    let mut good = BTreeSet::new();
    let mut queue = VecDeque::new();
    let mut reached = vec![start];
    let mut depth = 0;
    loop {
        for mut path in reached.drain(..) {
            seen.steps += 1;
            let effect = settle(machine, &mut path);
            if !known.insert(path.key()) {
                continue;
            }
            seen.states += 1;
            let found = |breach| {
                let state = format!("{effect:?} at {} {:?} {:?}", path.now.0, path.truth, path.purchase);
                Box::new(Found { breach, state })
            };
            judge(&path, effect).map_err(found)?;
            ends_well(machine, &path, &mut good).map_err(found)?;
            seen.phases.insert(path.purchase.phase.as_str());
            phases.entry(path.purchase.phase).or_insert_with(|| path.clone());
            if depth < bounds.depth {
                queue.push_back((path, effect, depth + 1));
            }
        }
        let Some((path, effect, next_depth)) = queue.pop_front() else { return Ok((seen, phases)) };
        depth = next_depth;
        follow(machine, &path, effect, bounds, &mut seen, &mut |next| reached.push(next));
    }
}

/// Lets time pass, finds what is due, and stores what must be stored before it.
fn settle(machine: &Machine, path: &mut Path) -> Effect {
    let purchase = std::mem::replace(&mut path.purchase, (*path.stored).clone());
    path.purchase = (machine.advance)(purchase, path.now, &TIMING);
    if path.purchase.paid_at.is_some() && !path.truth.disputed || path.purchase.phase == Phase::Reversed {
        path.truth.unheard = false;
    }
    let effect = (machine.next)(&path.purchase, path.now, &TIMING);
    if effect.needs_commit() || path.taken {
        path.taken = false;
        if *path.stored != path.purchase {
            path.stored = Rc::new(path.purchase.clone());
        }
    }
    effect
}

/// Everything that can come next.
fn follow(
    machine: &Machine,
    path: &Path,
    effect: Effect,
    bounds: Bounds,
    seen: &mut Seen,
    push: &mut impl FnMut(Path),
) {
    let answers = answers(effect, &path.purchase, path.truth, path.now, &TIMING);
    if path.crashes < bounds.crashes {
        // Before the effect left, and after it was done and nobody heard how it ended.
        let mut truths = vec![path.truth];
        for (_, truth) in &answers {
            if !truths.contains(truth) {
                truths.push(*truth);
            }
        }
        seen.crashes += truths.len() as u64;
        truths.into_iter().for_each(|truth| push(path.crash(machine, truth)));
    }
    if path.told < bounds.told {
        incidents(path).into_iter().for_each(|(message, truth)| {
            if let Ok(heard) = (machine.hear)(path.purchase.clone(), &message, path.now) {
                push(Path { purchase: heard, truth, taken: true, told: path.told + 1, ..path.clone() });
            }
        });
    }
    if path.leaps < bounds.leaps {
        leaps(path).into_iter().for_each(|now| push(Path { now, leaps: path.leaps + 1, ..path.clone() }));
    }
    for (event, truth) in answers {
        let now = if let Effect::Wait(until) = effect { until } else { path.now };
        let purchase = (machine.apply)(path.purchase.clone(), event, now, &TIMING);
        push(Path { purchase, truth, now, ..path.clone() });
    }
}

/// What may be told from outside, and what happened there.
fn incidents(path: &Path) -> Vec<(Message, Truth)> {
    let truth = path.truth;
    let hint = |named: bool| Message::Hint { payment: named.then(|| payment().id) };
    let refund = |id: &str, amount_minor| Message::Refund { id: id.into(), amount_minor, by: 7 };
    let mut told = vec![
        (hint(false), truth),
        (hint(true), truth),
        (refund("full1", None), truth),
        (refund("part7", Some(500)), truth),
        (Message::UserMissing, truth),
        (Message::UserStanding, truth),
        (Message::LookBack, truth),
        (Message::Asked, truth),
        (Message::SiteMoved, truth),
    ];
    for choice in Choice::ALL {
        let mut decided = truth;
        if choice == Choice::Deliver {
            let refunds = path.purchase.refunds.len();
            decided.person_delivers = Some(Delivery { at: path.now, refunds });
        }
        decided.person_closes |= choice == Choice::Close;
        told.push((Message::Decide { choice, by: 7 }, decided));
    }
    if truth.user.is_some() {
        told.push((Message::UserMissing, Truth { user: None, meddled: true, ..truth }));
    }
    if truth.sent > 0 && matches!(truth.fate, Fate::Nothing | Fate::Declined { .. } | Fate::Closed) {
        let late = Truth { unheard: true, ..truth.pay() };
        told.push((hint(true), late));
    }
    if truth.money_stands() {
        told.push((hint(true), Truth { disputed: true, unheard: true, ..truth }));
    }
    told
}

/// The next moments at which the clock alone changes something.
fn leaps(path: &Path) -> Vec<Timestamp> {
    let charged = path.purchase.charge.as_ref().map(|charge| charge.started_at);
    let paid = path.purchase.paid_at;
    let moments = [
        Some(Timestamp(TIMING.charge_start_max_ms)),
        Some(Timestamp(TIMING.answer_deadline_ms)),
        charged.map(|at| at.plus(TIMING.charge_timeout_ms + TIMING.quiet_period_ms)),
        charged.map(|at| at.plus(TIMING.key_life_ms)),
        paid.map(|at| at.plus(TIMING.delivery_limit_ms)),
    ];
    moments.into_iter().flatten().filter(|at| *at > path.now).collect()
}

/// On good days from here on there is an end. `good` are states from which that is known.
fn ends_well(machine: &Machine, start: &Path, good: &mut BTreeSet<u64>) -> Result<(), Breach> {
    let mut path = start.clone();
    for _ in 0..GOOD_DAYS_MAX {
        let effect = settle(machine, &mut path);
        judge(&path, effect)?;
        if effect == Effect::End || !good.insert(path.key()) {
            return Ok(());
        }
        let answer = answers(effect, &path.purchase, path.truth, path.now, &TIMING).into_iter().next();
        let Some((event, truth)) = answer else { return Err("an effect is due that nobody answers") };
        if let Effect::Wait(until) = effect {
            path.now = until;
        }
        let purchase = std::mem::replace(&mut path.purchase, (*path.stored).clone());
        path.purchase = (machine.apply)(purchase, event, path.now, &TIMING);
        path.truth = truth;
    }
    Err("P4: goes on for ever")
}
