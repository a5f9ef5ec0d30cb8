//! What goes wrong in a world, and when.

use std::time::Duration;

use pagos_control_plane::gateway::GatewayName;

use super::chance::Chance;
use super::cloud::ADDRESS;
use super::points;
use super::sites::Place;
use super::stage::OUTSIDE;
use super::{World, admins, lock};

/// How often it is looked whether somebody who died is to be started again, in milliseconds.
const LOOK_MS: u64 = 700;

/// Makes trouble for so long.
pub async fn make(world: &World, mut chance: Chance, time: Duration) {
    let end = world.stage.elapsed() + time;
    let reviving = world.stage.begin(OUTSIDE, revive(world.clone(), chance.fork()));
    let pace = chance.of(&[2_000, 6_000, 15_000]);
    while world.stage.elapsed() < end {
        tokio::time::sleep(Duration::from_millis(chance.between(pace / 4, pace * 2))).await;
        one(world, &mut chance).await;
    }
    reviving.abort();
}

/// Puts everything right, for good.
pub async fn heal(world: &World) {
    let World { stage, net, bank, cloud, places, strangers, .. } = world;
    stage.note("world", "is healed");
    stage.calm();
    bank.heal();
    net.heal();
    strangers.leave();
    cloud.set_clock(0);
    for place in places {
        place.set_clock(0);
        for number in 0..place.routers() {
            place.plug_in(number);
        }
    }
    tokio::time::sleep(Duration::from_millis(1)).await;
    if cloud.process().is_none() {
        cloud.start(None);
    }
    for place in places.iter().filter(|place| !place.alive()) {
        place.start(None);
    }
}

/// Starts again what has died, after a while.
async fn revive(world: World, mut chance: Chance) {
    loop {
        tokio::time::sleep(Duration::from_millis(LOOK_MS)).await;
        if world.cloud.process().is_none() && chance.percent(25) {
            world.cloud.start(points::cloud_fuse(&mut chance));
        }
        for place in &world.places {
            if !place.alive() && chance.percent(15) {
                if chance.percent(8) {
                    place.lose_journal();
                    world.stage.note(&place.name(), "has lost its journal");
                    world.stage.count(|totals| totals.journals_lost += 1);
                    *lock(&world.forgetful).entry(place.site).or_default() += 1;
                }
                place.start(points::agent_fuse(&mut chance));
            }
        }
    }
}

async fn one(world: &World, chance: &mut Chance) {
    let World { stage, net, cloud, places, nature, .. } = world;
    let place = &places[usize::try_from(chance.below(places.len() as u64)).unwrap_or_default()];
    let router = usize::try_from(chance.below(place.routers() as u64)).unwrap_or_default();
    let name = place.name();
    match chance.below(100) {
        0..18 => {
            stage.note(&name, "link is cut");
            let cut = net.cut(&name, ADDRESS);
            stage.count(|totals| totals.cuts += cut as u64);
        }
        18..30 => hold(world, &name, ADDRESS.to_owned(), nature.outage_ms(chance, 90_000)),
        30..40 => {
            stage.note(&name, "router connection is cut");
            let cut = net.cut(&name, &place.address(router));
            stage.count(|totals| totals.cuts += cut as u64);
        }
        40..46 => hold(world, &name, place.address(router), nature.outage_ms(chance, 30_000)),
        46..53 => cloud.kill("by chance"),
        53..60 => place.kill("by chance"),
        60..67 => unplug(world, place, router, nature.outage_ms(chance, 60_000)),
        67..73 => {
            let jump = jump(chance);
            stage.note("cloud", &format!("clock jumps to {jump} ms"));
            stage.count(|totals| totals.jumps += 1);
            cloud.set_clock(jump);
        }
        73..79 => {
            let jump = jump(chance);
            stage.note(&name, &format!("clock jumps to {jump} ms"));
            stage.count(|totals| totals.jumps += 1);
            place.set_clock(jump);
        }
        79..84 => gateway_leaves(world, chance),
        84..92 => in_passing(world, chance, |world, mut own| async move {
            admins::refund(&world, &mut own).await;
        }),
        _ => in_passing(world, chance, |world, mut own| async move {
            admins::review(&world, &mut own).await;
        }),
    }
}

/// How wrong a clock is from now on, in milliseconds.
fn jump(chance: &mut Chance) -> i64 {
    let size = chance.of(&[2_000, 30_000, 600_000, 3_600_000]);
    let size = i64::try_from(chance.below(size)).unwrap_or_default();
    if chance.percent(50) { size } else { -size }
}

fn hold(world: &World, place: &str, address: String, millis: u64) {
    let World { stage, net, .. } = world.clone();
    let place = place.to_owned();
    stage.note(&place, &format!("nothing gets to {address} for {millis} ms"));
    stage.count(|totals| totals.cuts += 1);
    net.hold(&place, &address, true);
    drop(stage.clone().begin(OUTSIDE, async move {
        tokio::time::sleep(Duration::from_millis(millis)).await;
        net.hold(&place, &address, false);
        stage.note(&place, &format!("reaches {address} again"));
    }));
}

fn unplug(world: &World, place: &Place, router: usize, millis: u64) {
    let (stage, place) = (&world.stage, place.clone());
    stage.note(&place.name(), &format!("router {router} is without power for {millis} ms"));
    stage.count(|totals| totals.reboots += 1);
    place.unplug(router);
    drop(stage.begin(OUTSIDE, async move {
        tokio::time::sleep(Duration::from_millis(millis)).await;
        place.plug_in(router);
    }));
}

/// A gateway answers nobody for a while.
fn gateway_leaves(world: &World, chance: &mut Chance) {
    let World { stage, bank, nature, .. } = world;
    let (gateway, millis) = (chance.of(&GatewayName::ALL), nature.outage_ms(chance, 20_000));
    stage.note("bank", &format!("{} answers nobody for {millis} ms", gateway.as_str()));
    stage.count(|totals| totals.cuts += 1);
    bank.leave(gateway, millis);
}

/// Somebody does something of their own; nobody waits for it.
fn in_passing<F>(world: &World, chance: &mut Chance, act: impl FnOnce(World, Chance) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    drop(world.stage.begin(OUTSIDE, act(world.clone(), chance.fork())));
}
