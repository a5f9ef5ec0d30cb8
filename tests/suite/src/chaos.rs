//! Purchases without end while everything breaks at random; then healing; then every purchase must have its end.
//!
//! | module | holds |
//! |---|---|
//! | [`chance`] | random choices from a seed |
//! | [`network`] | the links between sites and control plane, to be cut |
//! | [`world`] | two sites, one control plane, one database, two gateways |
//! | [`load`] | buyers, and what banks and shops do afterwards |
//! | [`havoc`] | what breaks |
//!
//! A seed gives the same choices in the same order; real processes take them at slightly different moments.

pub mod chance;
pub mod havoc;
pub mod load;
pub mod network;
pub mod world;

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::checkers;
use crate::evidence::Evidence;
use crate::sandbox::Database;
use chance::Chance;
use load::Load;
use world::World;

/// So long after the chaos every purchase must have its end.
const SETTLED_WITHIN: Duration = Duration::from_secs(300);
/// Pause between two looks at what is still open.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);

/// What is run.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// How long it breaks.
    pub lasts: Duration,
    /// Where chance begins.
    pub seed: u64,
    /// Which database.
    pub database: Database,
}

/// What happened, counted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    /// Kills of the control plane.
    pub control_plane_kills: u32,
    /// Kills of an agent.
    pub agent_kills: u32,
    /// Links that were cut.
    pub cuts: u32,
    /// Times the database server was killed.
    pub database_kills: u32,
    /// Faults of gateways and routers.
    pub faults: u32,
    /// Requests of buyers, repeats included.
    pub requests: u32,
    /// Payments that were given back at the gateway.
    pub refunds: u32,
}

/// How it ended.
#[derive(Debug)]
pub struct Report {
    /// What was run.
    pub plan: Plan,
    /// How links were cut.
    pub network: &'static str,
    /// What happened.
    pub counts: Counts,
    /// Purchases in each phase.
    pub phases: Vec<(String, usize)>,
    /// How long it took until nothing was open.
    pub settled_after: Duration,
    /// What is not as promised.
    pub wrong: Vec<String>,
    /// Where the evidence is, if something is wrong.
    pub kept: Option<std::path::PathBuf>,
}

/// Runs it.
///
/// # Errors
/// When the world cannot be built, or does not come back.
pub async fn run(plan: Plan) -> anyhow::Result<Report> {
    let mut world = World::start(plan.database).await?;
    let counts = Rc::new(RefCell::new(Counts::default()));
    let chance = Rc::new(RefCell::new(Chance::new(plan.seed)));
    let load = Load::start(&world, Rc::clone(&chance), Rc::clone(&counts))?;
    let broken = havoc::break_things(&mut world, plan.lasts, &chance, &counts).await;
    let broken = broken.and(load.stop().await);
    if let Err(error) = broken {
        let kept = world.sandbox.keep_data();
        return Err(error.context(format!("seed {}; data is kept in {}", plan.seed, kept.display())));
    }
    world.heal().await?;
    let healed = Instant::now();
    let evidence = settle(&world, healed).await?;
    let wrong = checkers::breaches(&evidence);
    let kept = (!wrong.is_empty()).then(|| world.keep(&evidence));
    let counts = *counts.borrow();
    Ok(Report {
        plan,
        network: world.network.describe(),
        counts,
        phases: phases(&evidence),
        settled_after: healed.elapsed(),
        wrong,
        kept,
    })
}

/// Waits until nothing is open, or the time for that is over.
async fn settle(world: &World, healed: Instant) -> anyhow::Result<Evidence> {
    loop {
        world.happen_what_is_left().await?;
        let evidence = world.evidence().await?;
        let open = evidence.purchases.iter().any(|purchase| purchase.open);
        // News of the last refunds may still be on their way: what is wrong now may be right in a moment.
        if (!open && checkers::breaches(&evidence).is_empty()) || healed.elapsed() > SETTLED_WITHIN {
            return Ok(evidence);
        }
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
}

fn phases(evidence: &Evidence) -> Vec<(String, usize)> {
    let mut counted = std::collections::BTreeMap::new();
    for purchase in &evidence.purchases {
        *counted.entry(purchase.phase.clone()).or_insert(0) += 1;
    }
    counted.into_iter().collect()
}

impl Report {
    /// Purchases in a phase.
    #[must_use]
    pub fn in_phase(&self, phase: &str) -> usize {
        self.phases.iter().find(|(name, _)| name == phase).map_or(0, |(_, count)| *count)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts { control_plane_kills, agent_kills, cuts, database_kills, faults, requests, refunds } =
            self.counts;
        let started: usize = self.phases.iter().map(|(_, count)| count).sum();
        let declined = self.in_phase("rolled_back") + self.in_phase("failed");
        writeln!(to, "seed {} · {:?} · {}", self.plan.seed, self.plan.database, self.network)?;
        writeln!(
            to,
            "  purchases   {started} started by {requests} requests: {} completed, {declined} declined or undone, {} reversed",
            self.in_phase("completed"),
            self.in_phase("reversed")
        )?;
        let phases: Vec<String> = self.phases.iter().map(|(name, count)| format!("{name} {count}")).collect();
        writeln!(to, "  phases      {}", phases.join(", "))?;
        writeln!(
            to,
            "  crashes     {control_plane_kills} of the control plane, {agent_kills} of agents, {database_kills} of the database"
        )?;
        writeln!(
            to,
            "  cuts        {cuts} links, {faults} faults at gateways and routers, {refunds} refunds at the gateway"
        )?;
        writeln!(to, "  settled     {} ms after the healing", self.settled_after.as_millis())?;
        for breach in &self.wrong {
            writeln!(to, "  BROKEN      {breach}")?;
        }
        match &self.kept {
            Some(kept) => writeln!(to, "  evidence    {}", kept.display()),
            None => writeln!(to, "  verdict     as promised"),
        }
    }
}
