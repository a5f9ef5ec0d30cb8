//! The crash points, and which of them a process dies at.

use super::chance::Chance;

/// Where a process dies: at the point of this name, after it was passed so many times; or at any point, if none is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fuse {
    /// The point.
    pub point: Option<&'static str>,
    /// How many are passed before.
    pub after: u64,
}

impl Fuse {
    /// A point is passed; true when the process dies there.
    pub fn burns(&mut self, point: &str) -> bool {
        if self.point.is_some_and(|name| name != point) {
            return false;
        }
        let left = self.after;
        self.after = left.saturating_sub(1);
        left == 0
    }
}

/// Every point at which a soak must have killed a process.
pub const POINTS: &[&str] = &[
    "cloud.commit.new.before",
    "cloud.commit.new.after",
    "cloud.commit.takeover.before",
    "cloud.commit.takeover.after",
    "cloud.commit.numbers.before",
    "cloud.commit.numbers.after",
    "cloud.commit.lease.before",
    "cloud.commit.lease.after",
    "cloud.commit.name.before",
    "cloud.commit.name.after",
    "cloud.commit.requested.before",
    "cloud.commit.requested.after",
    "cloud.commit.charge_sent.before",
    "cloud.commit.charge_sent.after",
    "cloud.commit.unknown.before",
    "cloud.commit.unknown.after",
    "cloud.commit.action_required.before",
    "cloud.commit.action_required.after",
    "cloud.commit.pending_async.before",
    "cloud.commit.pending_async.after",
    "cloud.commit.paid.before",
    "cloud.commit.paid.after",
    "cloud.commit.declined.before",
    "cloud.commit.declined.after",
    "cloud.commit.completed.before",
    "cloud.commit.completed.after",
    "cloud.commit.rolled_back.before",
    "cloud.commit.rolled_back.after",
    "cloud.commit.failed.before",
    "cloud.commit.failed.after",
    "cloud.commit.refunding.before",
    "cloud.commit.refunding.after",
    "cloud.commit.reversed.before",
    "cloud.commit.reversed.after",
    "cloud.commit.stuck.before",
    "cloud.commit.stuck.after",
    "cloud.link.reserve.before",
    "cloud.link.reserve.after",
    "cloud.link.confirm.before",
    "cloud.link.confirm.after",
    "cloud.link.release.before",
    "cloud.link.release.after",
    "cloud.link.revoke.before",
    "cloud.link.revoke.after",
    "cloud.link.login.before",
    "cloud.link.login.after",
    "gateway.conekta.open.before",
    "gateway.conekta.open.after",
    "gateway.conekta.charge.before",
    "gateway.conekta.charge.after",
    "gateway.conekta.read.before",
    "gateway.conekta.read.after",
    "gateway.conekta.cancel.before",
    "gateway.conekta.cancel.after",
    "gateway.conekta.refund.before",
    "gateway.conekta.refund.after",
    "gateway.mercado_pago.charge.before",
    "gateway.mercado_pago.charge.after",
    "gateway.mercado_pago.read.before",
    "gateway.mercado_pago.read.after",
    "gateway.mercado_pago.search.before",
    "gateway.mercado_pago.search.after",
    "gateway.mercado_pago.refund.before",
    "gateway.mercado_pago.refund.after",
    "agent.journal.commit.before",
    "agent.journal.commit.after",
    "agent.router./ip/hotspot/user/add.before",
    "agent.router./ip/hotspot/user/add.after",
    "agent.router./ip/hotspot/user/set.before",
    "agent.router./ip/hotspot/user/set.after",
    "agent.router./ip/hotspot/user/remove.before",
    "agent.router./ip/hotspot/user/remove.after",
    "agent.router./ip/hotspot/active/login.before",
    "agent.router./ip/hotspot/active/login.after",
];

/// Points that few worlds come to: of the processes that pass one, so many in a hundred die there without a fuse.
const SELDOM: &[&str] = &[
    "cloud.commit.name.",
    "cloud.commit.requested.",
    "cloud.commit.refunding.",
    "cloud.commit.stuck.",
    "gateway.mercado_pago.search.",
];
/// How many of them.
pub const SELDOM_DEATHS: u64 = 25;

/// Whether few worlds come to a point.
#[must_use]
pub fn is_seldom(point: &str) -> bool {
    SELDOM.iter().any(|begin| point.starts_with(begin))
}

/// Begins the names of points that agents pass.
const OF_AGENTS: &str = "agent.";

/// Draws where a new control plane dies, if it does.
pub fn cloud_fuse(chance: &mut Chance) -> Option<Fuse> {
    fuse(chance, |point| !point.starts_with(OF_AGENTS))
}

/// Draws where a new agent dies, if it does.
pub fn agent_fuse(chance: &mut Chance) -> Option<Fuse> {
    fuse(chance, |point| point.starts_with(OF_AGENTS))
}

fn fuse(chance: &mut Chance, passes: impl Fn(&str) -> bool) -> Option<Fuse> {
    let points: Vec<&'static str> = POINTS.iter().copied().filter(|point| passes(point)).collect();
    match chance.below(10) {
        0..5 => Some(Fuse { point: Some(chance.of(&points)), after: chance.below(2) }),
        5..8 => Some(Fuse { point: None, after: chance.below(200) }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::POINTS;

    /// The points at which the proof of the purchase strikes.
    const STRUCK: &str = include_str!("../../../vectors/crash_points.txt");
    /// Commits that the proof does not strike, since no purchase waits for them.
    const APART: &[&str] = &["lease"];

    #[test]
    fn worlds_know_the_commits_that_the_proof_strikes() {
        let ours: BTreeSet<&str> = POINTS
            .iter()
            .filter_map(|point| point.strip_prefix("cloud.commit.")?.strip_suffix(".before"))
            .filter(|step| !APART.contains(step))
            .collect();
        let struck: BTreeSet<&str> = STRUCK.lines().filter_map(|line| line.strip_prefix("commit ")).collect();
        assert_eq!(ours, struck);
    }
}
