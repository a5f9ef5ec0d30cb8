//! Processes are killed with signal 9: control plane, agents, PostgreSQL.
//!
//! One at a time, each kind on its own schedule, so that none has to wait for chance. A control plane that comes back may be
//! struck again before it has, and on PostgreSQL another machine may take its place.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Instant;

use anyhow::Context as _;

use super::chance::Chance;
use super::tally::{Blow, Shared};
use super::world::{SITES, World};

/// Pause between two kills of the control plane, and of two agents, in milliseconds. Far below what is demanded, since one
/// kill may have to wait for what another leaves behind.
const KILL_MS: (u64, u64) = (3_500, 6_500);
/// Pause between two kills of the database server, in milliseconds.
const DATABASE_MS: (u64, u64) = (15_000, 35_000);
/// The first kill of each comes early, so that a short run has it, in milliseconds.
const FIRST_MS: (u64, u64) = (1_500, 6_000);
/// How long a killed process stays away, in milliseconds.
const AWAY_MS: (u64, u64) = (0, 1_500);
/// A control plane that comes back is struck again after so long, in milliseconds.
const AGAIN_MS: (u64, u64) = (10, 1_200);
/// So often in a hundred a control plane that comes back is struck again.
const AGAIN_PERCENT: u64 = 25;
/// So often in a hundred another machine takes the place of the killed one.
const CHANGE_PERCENT: u64 = 40;

/// Kills until `end`; every process runs when it returns.
///
/// # Errors
/// When something ended by itself, or does not come back.
pub async fn kill(
    world: &mut World,
    end: Instant,
    chance: &Rc<RefCell<Chance>>,
    tally: &Shared,
) -> anyhow::Result<()> {
    let next = |range| Instant::now() + chance.borrow_mut().pause(range);
    let mut due = vec![(next(FIRST_MS), Blow::ControlPlane), (next(FIRST_MS), Blow::Agent)];
    if world.postgres.is_some() {
        due.push((next(FIRST_MS), Blow::Database));
    }
    loop {
        let (at, blow) = due.iter_mut().min_by_key(|(at, _)| *at).context("something is due")?;
        if *at >= end {
            tokio::time::sleep_until(end.into()).await;
            return Ok(());
        }
        tokio::time::sleep_until((*at).into()).await;
        *at = next(if *blow == Blow::Database { DATABASE_MS } else { KILL_MS });
        let blow = *blow;
        tally.borrow_mut().strike(blow);
        match blow {
            Blow::ControlPlane => control_plane(world, chance, tally).await,
            Blow::Agent => agent(world, chance).await,
            Blow::Database => database(world, chance).await,
            // Not ours: links are cut meanwhile.
            Blow::Cut => Ok(()),
        }
        .with_context(|| format!("killing: {blow:?}"))?;
    }
}

/// Kills it and starts it again; maybe it dies once more while it comes back.
async fn control_plane(
    world: &mut World,
    chance: &Rc<RefCell<Chance>>,
    tally: &Shared,
) -> anyhow::Result<()> {
    let (again, until_again) = {
        let mut chance = chance.borrow_mut();
        (chance.percent(AGAIN_PERCENT), chance.pause(AGAIN_MS))
    };
    put_down(world, chance, tally).await?;
    if again {
        // Whether it answers by then or not, it dies.
        if let Ok(came_back) = tokio::time::timeout(until_again, world.sandbox.restart_control_plane()).await
        {
            came_back?;
        }
        {
            let mut tally = tally.borrow_mut();
            tally.recoveries_struck += 1;
            tally.strike(Blow::ControlPlane);
        }
        put_down(world, chance, tally).await?;
    }
    world.sandbox.restart_control_plane().await
}

/// Kills it, waits a little, and decides on which machine it is started again.
async fn put_down(world: &mut World, chance: &Rc<RefCell<Chance>>, tally: &Shared) -> anyhow::Result<()> {
    world.kill_control_plane().await?;
    let (away, change) = {
        let mut chance = chance.borrow_mut();
        (chance.pause(AWAY_MS), chance.percent(CHANGE_PERCENT))
    };
    tokio::time::sleep(away).await;
    if change && world.change_machines() {
        tally.borrow_mut().machines_changed += 1;
    }
    Ok(())
}

async fn agent(world: &mut World, chance: &Rc<RefCell<Chance>>) -> anyhow::Result<()> {
    let site = chance.borrow_mut().place(SITES);
    world.kill_agent(site).await?;
    let away = chance.borrow_mut().pause(AWAY_MS);
    tokio::time::sleep(away).await;
    world.start_agent(site)
}

async fn database(world: &mut World, chance: &Rc<RefCell<Chance>>) -> anyhow::Result<()> {
    let mut server = world.postgres.take().context("there is a server")?;
    server.kill()?;
    let away = chance.borrow_mut().pause(AWAY_MS);
    tokio::time::sleep(away).await;
    let back = tokio::task::spawn_blocking(move || server.start_again().map(|()| server));
    world.postgres = Some(back.await??);
    Ok(())
}
