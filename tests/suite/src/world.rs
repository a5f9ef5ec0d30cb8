//! Seeded worlds: the real control plane and real agents over a simulated clock, network, bank and routers, in one
//! thread. A seed decides everything; the same seed gives the same trace.
//!
//! | module | holds |
//! |---|---|
//! | [`chance`] | draws of a seed |
//! | [`stage`] | time, processes, trace, crash points |
//! | [`net`] | connections that can be cut and held up |
//! | [`bank`] | both gateways over one ledger |
//! | [`template`] | what every world begins with |
//! | [`nature`] | what a world is like |
//! | [`cloud`] | the control plane |
//! | [`sites`] | agents and routers |
//! | [`people`] | buyers, and the news of gateways |
//! | [`admins`] | refunds, and decisions about what waits for a person |
//! | [`strangers`] | users that somebody makes by hand |
//! | [`trouble`] | what goes wrong, and when |
//! | [`misdeeds`] | parts that break a promise on purpose |
//! | [`points`] | crash points |
//! | [`soak`] | many worlds |
//! | [`verdict`] | evidence of a world that has come to rest |
//!
//! What is not real in a world: TLS on the link (the network knows who dials), HTTP of the portal (purchases are asked
//! directly), and the gateways' HTTP (their port is played). Tests of the real processes have all of these.

pub mod admins;
pub mod bank;
pub mod chance;
pub mod cloud;
pub mod misdeeds;
pub mod nature;
pub mod net;
pub mod people;
pub mod points;
pub mod sites;
pub mod soak;
pub mod stage;
pub mod strangers;
pub mod template;
pub mod trouble;
pub mod verdict;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;

use bank::Bank;
use chance::Chance;
use cloud::Cloud;
use nature::Nature;
use net::Net;
use people::{Buyer, Told};
use sites::Place;
use stage::{AgentStage, OUTSIDE, Stage, Totals};
use strangers::Strangers;

pub use misdeeds::Misdeed;

/// Longest time that a world may need to come to rest once everything works again, in milliseconds.
const REST_MAX_MS: u64 = 40 * 3_600_000;
/// The same for a world with a misdeed, which may never rest, in milliseconds.
const REST_MISDEED_MAX_MS: u64 = 3_600_000;
/// How often it is looked whether a world is at rest, in milliseconds.
const REST_LOOK_MS: u64 = 60_000;

/// How a world is run.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// What is wrong with it on purpose.
    pub misdeed: Option<Misdeed>,
    /// Whether the trace is printed while it grows.
    pub echo: bool,
}

/// What came of a world.
#[derive(Debug, Clone)]
pub struct Report {
    /// Its seed.
    pub seed: u64,
    /// Hash of its trace.
    pub hash: String,
    /// Last lines of its trace.
    pub lines: Vec<String>,
    /// What it counted.
    pub totals: Totals,
    /// Broken promises.
    pub breaches: Vec<String>,
}

impl Report {
    /// What to print when promises were broken: seed, breaches, last lines, and how to see it again.
    #[must_use]
    pub fn failure(&self) -> String {
        let lines = self.lines.iter().rev().take(60).rev().cloned().collect::<Vec<_>>();
        format!(
            "seed {} breaks promises:\n{}\n\nlast lines of its trace ({}):\n{}\n\nagain: make world SEED={}\n",
            self.seed,
            self.breaches.join("\n"),
            self.hash,
            lines.join("\n"),
            self.seed,
        )
    }
}

/// Runs the world of a seed to its rest and judges it.
#[must_use]
pub fn run(seed: u64, options: Options) -> Report {
    let dir = template::directory();
    template::unpack(dir.path()).expect("the template is copied");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime for a world");
    let world = runtime.block_on(live(seed, options, dir.path()));
    // Everything that runs ends here, and its files are closed.
    drop(runtime);
    let World { stage, bank, places, told, forgetful, .. } = world;
    let mut breaches = stage.breaches();
    match verdict::of(dir.path(), &bank, &places, &told, &forgetful) {
        Ok((found, sold)) => {
            breaches.extend(found);
            stage.count(|totals| {
                totals.purchases += sold.0;
                totals.paid += sold.1;
            });
        }
        Err(error) => breaches.push(format!("the world cannot be judged: {error:#}")),
    }
    let (hash, lines) = stage.trace();
    Report { seed, hash, lines, totals: stage.totals(), breaches }
}

/// A world.
#[derive(Clone)]
pub struct World {
    /// What it is like.
    pub nature: Nature,
    /// Its stage.
    pub stage: Stage,
    /// Its network.
    pub net: Net,
    /// Its bank.
    pub bank: Bank,
    /// Its control plane.
    pub cloud: Cloud,
    /// Its sites.
    pub places: Vec<Place>,
    /// Who else makes users there.
    pub strangers: Strangers,
    /// What buyers were told.
    pub told: Told,
    /// Sites whose journal was lost.
    pub forgetful: Arc<Mutex<BTreeMap<usize, u64>>>,
}

impl World {
    fn new(chance: &mut Chance, options: Options, dir: &Path) -> (Self, mpsc::UnboundedReceiver<bank::News>) {
        let nature = Nature::draw(chance, options.misdeed);
        let stage = Stage::new(chance.fork(), options.echo);
        let net = Net::new(stage.clone());
        let sites = usize::try_from(chance.between(2, template::SITES as u64)).unwrap_or(2);
        let places: Vec<Place> = (0..sites)
            .map(|site| {
                let routers = usize::try_from(chance.between(1, template::ROUTERS as u64)).unwrap_or(1);
                Place::new(stage.clone(), net.clone(), dir, site, routers)
            })
            .collect();
        let (send_news, news) = mpsc::unbounded_channel();
        let looked_at = places.clone();
        let stands = move |router: &str, purchase: &str| {
            let mark = format!("pagos:{purchase}");
            let mut users = looked_at.iter().flat_map(Place::users);
            users.any(|user| user.router_id == router && user.comment == mark)
        };
        if nature.misdeed == Some(Misdeed::KeepsUsers) {
            places.iter().for_each(Place::keep_users);
        }
        let bank = Bank::new(stage.clone(), send_news, Arc::new(stands), &nature);
        let strangers = Strangers::new(stage.clone(), places.clone(), chance.fork(), nature.taken_names);
        let cloud = Cloud::new(stage.clone(), net.clone(), bank.clone(), strangers.clone(), dir, nature);
        let (told, forgetful) = (Told::default(), Arc::default());
        let world = Self { nature, stage, net, bank, cloud, places, strangers, told, forgetful };
        (world, news)
    }
}

async fn live(seed: u64, options: Options, dir: &Path) -> World {
    let mut chance = Chance::new(seed);
    let (world, news) = World::new(&mut chance, options, dir);
    let World { stage, net, cloud, places, told, .. } = &world;
    let _cloud = pagos_control_plane::seams::simulation::install(Arc::new(stage.clone()));
    let agents = AgentStage { stage: stage.clone(), net: net.clone() };
    let _agents = pagos_agent::seams::simulation::install(Arc::new(agents));
    let troubled_ms = chance.between(120, 600) * 1_000;
    cloud.start(points::cloud_fuse(&mut chance));
    for place in places {
        place.start(points::agent_fuse(&mut chance));
    }
    drop(stage.begin(OUTSIDE, people::bring_news(stage.clone(), cloud.clone(), news, chance.fork())));
    for number in 0..chance.between(4, 14) {
        let (buyer, mut own) = (Buyer::draw(number, places, &mut chance), chance.fork());
        let at = Duration::from_millis(chance.below(troubled_ms));
        let twice = own.percent(25).then(|| (own.fork(), own.between(1, 400)));
        for (mut own, after) in [Some((own, 0)), twice].into_iter().flatten() {
            let (buyer, told) = (buyer.clone(), Arc::clone(told));
            let (stage, cloud) = (stage.clone(), cloud.clone());
            let _ = own.next();
            drop(stage.clone().begin(OUTSIDE, async move {
                tokio::time::sleep(at + Duration::from_millis(after)).await;
                buyer.buy(stage, cloud, told, own).await;
            }));
        }
    }
    trouble::make(&world, chance.fork(), Duration::from_millis(troubled_ms)).await;
    trouble::heal(&world).await;
    rest(&world, &mut chance).await;
    let simulated_ms = stage.elapsed_ms();
    stage.count(|totals| totals.simulated_ms = simulated_ms);
    world
}

/// Lets time pass until nothing is left to be done. People decide what the machine cannot.
async fn rest(world: &World, chance: &mut Chance) {
    let World { stage, cloud, .. } = world;
    let limit_ms = if world.nature.misdeed.is_some() { REST_MISDEED_MAX_MS } else { REST_MAX_MS };
    let (began, mut quiet) = (stage.elapsed_ms(), 0);
    while quiet < 3 {
        tokio::time::sleep(Duration::from_millis(REST_LOOK_MS)).await;
        let purchases = verdict::purchases(world).unwrap_or_default();
        let open = purchases.iter().filter(|purchase| purchase.open).count();
        quiet = if open == 0 && cloud.purchases().is_some() { quiet + 1 } else { 0 };
        if purchases.iter().any(|purchase| purchase.attention) && chance.percent(20) {
            admins::review(world, chance).await;
        }
        if stage.elapsed_ms() - began > limit_ms {
            let open: Vec<String> =
                purchases.iter().filter(|it| it.open).map(|it| format!("{} {}", it.id, it.phase)).collect();
            return stage.breach(format!("P4: the world does not come to rest: {}", open.join(", ")));
        }
    }
    stage.note("world", "is at rest");
}

/// Locks whatever a panic left behind.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
