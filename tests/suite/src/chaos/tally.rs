//! What happened, counted, and when something was struck.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// What everybody who acts writes to.
pub type Shared = Rc<RefCell<Tally>>;

/// What is struck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blow {
    /// `kill -9` of the control plane.
    ControlPlane,
    /// `kill -9` of an agent.
    Agent,
    /// The database server is killed, to be started again.
    Database,
    /// The link of a site is cut.
    Cut,
}

/// How the admins' refunds were answered.
#[derive(Debug, Clone, Default)]
pub struct Refunds {
    /// Refunds of all the money that were asked for, repeats not counted.
    pub whole: u32,
    /// Refunds of a part.
    pub partial: u32,
    /// Answers by status, repeats included; no answer is 0.
    pub answers: BTreeMap<u16, u32>,
    /// Refunds of which an admin was told that the money went back.
    pub told_done: Vec<String>,
}

/// What happened.
#[derive(Debug, Clone)]
pub struct Tally {
    began: Instant,
    lasts: Duration,
    blows: Vec<(Blow, Duration)>,
    /// Kills of a control plane that had not come back yet.
    pub recoveries_struck: u32,
    /// Times that another machine took the killed control plane's place.
    pub machines_changed: u32,
    /// Faults of gateways and routers.
    pub faults: u32,
    /// Requests of buyers, repeats included.
    pub requests: u32,
    /// Router and hotspot user that buyers were shown as paid.
    pub told_paid: Vec<(String, String)>,
    /// Payments that were given back at the gateway, past us.
    pub gateway_refunds: u32,
    /// Refunds that admins asked for.
    pub refunds: Refunds,
}

impl Tally {
    /// Nothing happened yet; it breaks for so long.
    #[must_use]
    pub fn new(began: Instant, lasts: Duration) -> Self {
        Self {
            began,
            lasts,
            blows: Vec::new(),
            recoveries_struck: 0,
            machines_changed: 0,
            faults: 0,
            requests: 0,
            told_paid: Vec::new(),
            gateway_refunds: 0,
            refunds: Refunds::default(),
        }
    }

    /// Something is struck now.
    pub fn strike(&mut self, blow: Blow) {
        self.blows.push((blow, self.began.elapsed()));
    }

    /// How often these were struck.
    #[must_use]
    pub fn count(&self, blows: &[Blow]) -> u64 {
        self.times(blows).count().try_into().unwrap_or(u64::MAX)
    }

    /// The longest time without one of these, from the beginning to the end of the breaking.
    #[must_use]
    pub fn longest_gap(&self, blows: &[Blow]) -> Duration {
        let (mut before, mut longest) = (Duration::ZERO, Duration::ZERO);
        for at in self.times(blows).chain([self.lasts]) {
            longest = longest.max(at.saturating_sub(before));
            before = at;
        }
        longest
    }

    fn times(&self, blows: &[Blow]) -> impl Iterator<Item = Duration> {
        self.blows.iter().filter(|(blow, _)| blows.contains(blow)).map(|(_, at)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::{Blow, Tally};
    use std::time::{Duration, Instant};

    fn struck(blows: &[(Blow, u64)], lasts: u64) -> Tally {
        let blows = blows.iter().map(|(blow, at)| (*blow, Duration::from_secs(*at))).collect();
        Tally { blows, ..Tally::new(Instant::now(), Duration::from_secs(lasts)) }
    }

    #[test]
    fn the_time_before_the_first_and_after_the_last_counts() {
        let tally = struck(&[(Blow::Agent, 9), (Blow::Agent, 12)], 20);
        assert_eq!(tally.longest_gap(&[Blow::Agent]), Duration::from_secs(9));
        let tally = struck(&[(Blow::Agent, 3), (Blow::Agent, 9)], 20);
        assert_eq!(tally.longest_gap(&[Blow::Agent]), Duration::from_secs(11));
    }

    #[test]
    fn only_what_is_asked_for_counts() {
        let tally = struck(&[(Blow::Agent, 5), (Blow::ControlPlane, 10), (Blow::Cut, 15)], 20);
        assert_eq!(tally.longest_gap(&[Blow::Agent, Blow::ControlPlane]), Duration::from_secs(10));
        assert_eq!(tally.longest_gap(&[Blow::Database]), Duration::from_secs(20));
        assert_eq!(tally.count(&[Blow::Agent, Blow::Cut]), 2);
    }
}
