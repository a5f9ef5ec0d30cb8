//! Purchases without end while everything breaks at random; then healing; then every purchase must have its end.
//!
//! | module | holds |
//! |---|---|
//! | [`chance`] | random choices from a seed |
//! | [`network`] | the links between sites and control plane, to be cut |
//! | [`site`], [`world`] | several sites, one control plane, one database, two gateways |
//! | [`load`], [`reach`] | buyers, and where they buy |
//! | [`afterwards`] | what banks, shops and admins do with payments |
//! | [`havoc`] | processes are killed |
//! | [`weather`] | links, gateways and routers fail |
//! | [`tally`] | what happened |
//! | [`figures`], [`report`] | the figures, what is demanded of them, and how it ended |
//!
//! A seed gives the same choices; real processes take them at slightly different moments.

pub mod afterwards;
pub mod chance;
pub mod figures;
pub mod havoc;
pub mod load;
pub mod network;
pub mod reach;
pub mod report;
pub mod site;
pub mod tally;
pub mod weather;
pub mod world;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::checkers;
use crate::evidence::Evidence;
use crate::sandbox::Database;
use chance::Chance;
use load::Load;
use report::Report;
use tally::Tally;
use world::World;

/// So long after the chaos every purchase must have its end.
const SETTLED_WITHIN: Duration = Duration::from_secs(300);
/// Pause between two looks at what is still open.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// What is run.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// How long it breaks.
    pub lasts: Duration,
    /// Where chance begins.
    pub seed: u64,
    /// Which database.
    pub database: Database,
    /// Whether the times for which the control plane waits are shortened; else they are those of the field.
    pub shortened: bool,
}

/// Runs it.
///
/// # Errors
/// When the world cannot be built, something ends by itself, or does not come back.
pub async fn run(plan: Plan) -> anyhow::Result<Report> {
    let mut world = World::start(&plan).await?;
    match break_and_heal(&mut world, plan).await {
        Ok((mut report, evidence)) => {
            if !report.wrong().is_empty() {
                report.kept = Some(world.keep(&evidence));
            }
            Ok(report)
        }
        Err(error) => {
            let kept = world.sandbox.keep_data();
            Err(error.context(format!("seed {}; data is kept in {}", plan.seed, kept.display())))
        }
    }
}

async fn break_and_heal(world: &mut World, plan: Plan) -> anyhow::Result<(Report, Evidence)> {
    let chance = Rc::new(RefCell::new(Chance::new(plan.seed)));
    let (simulators, network) = (world.simulators()?, Rc::clone(&world.network));
    let began = Instant::now();
    let tally = Rc::new(RefCell::new(Tally::new(began, plan.lasts)));
    let load = Load::start(world, Rc::clone(&chance), Rc::clone(&tally)).await?;
    let end = began + plan.lasts;
    tokio::try_join!(
        havoc::kill(world, end, &chance, &tally),
        weather::cut_links(&network, end, &chance, &tally),
        weather::fail_outside(&simulators, end, &chance, &tally),
    )?;
    let ended = Instant::now();
    load.stop().await?;
    world.heal().await?;
    let evidence = settle(world, ended).await?;
    let tally = tally.borrow();
    Ok((Report::new(plan, network.describe(), &tally, &evidence, ended.elapsed()), evidence))
}

/// Waits until nothing is open, or the time for that is over.
async fn settle(world: &World, ended: Instant) -> anyhow::Result<Evidence> {
    loop {
        world.happen_what_is_left().await?;
        let evidence = world.evidence().await?;
        let open = evidence.purchases.iter().any(|purchase| purchase.open);
        // News of the last refunds may still be on their way: what is wrong now may be right in a moment.
        if (!open && checkers::breaches(&evidence).is_empty()) || ended.elapsed() > SETTLED_WITHIN {
            return Ok(evidence);
        }
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
}
