//! The control plane of a world: its real parts over the world's clock, network and bank.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, pending};
use pagos_control_plane::domain::id::RouterId;
use pagos_control_plane::limits::{Allowance, Limits};
use pagos_control_plane::link::{self, Authority, Hub, LinkPort, SendError, serve_simulated};
use pagos_control_plane::purchase::machine::Timing;
use pagos_control_plane::purchase::site::Site;
use pagos_control_plane::purchase::{Parts, Purchases};
use pagos_control_plane::seams::{Checkpoints, Clock, Moment, Random, Unwritten, spawn};
use pagos_control_plane::store::Store;
use pagos_control_plane::vault::Vault;
use pagos_protocol::{Action, Outcome};

use super::bank::Bank;
use super::misdeeds::{self, Misdeed};
use super::nature::Nature;
use super::net::Net;
use super::points::Fuse;
use super::stage::Stage;
use super::strangers::Strangers;
use super::{bank, template};

/// Where agents dial.
pub const ADDRESS: &str = "cloud:8443";

/// The living process, if there is one.
#[derive(Clone)]
struct Living {
    process: u64,
    purchases: Option<Purchases>,
}

/// The control plane. Cheap to clone.
#[derive(Clone)]
pub struct Cloud {
    stage: Stage,
    net: Net,
    bank: Bank,
    dir: PathBuf,
    living: Arc<Mutex<Option<Living>>>,
    skew_ms: Arc<Mutex<i64>>,
    strangers: Strangers,
    nature: Nature,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Cloud {
    /// A control plane over the files in `dir`; nothing runs yet.
    #[must_use]
    pub fn new(stage: Stage, net: Net, bank: Bank, strangers: Strangers, dir: &Path, nature: Nature) -> Self {
        Self {
            stage,
            net,
            bank,
            dir: dir.to_owned(),
            living: Arc::default(),
            skew_ms: Arc::default(),
            strangers,
            nature,
        }
    }

    /// Starts a process; `fuse` says where it dies.
    pub fn start(&self, fuse: Option<Fuse>) {
        let process = self.stage.start("cloud", *lock(&self.skew_ms), fuse);
        *lock(&self.living) = Some(Living { process, purchases: None });
        let this = self.clone();
        drop(self.stage.begin(process, async move {
            if let Err(error) = this.run(process).await {
                this.stage.breach(format!("cloud does not start: {error:#}"));
            }
        }));
    }

    /// The process, if it lives.
    #[must_use]
    pub fn process(&self) -> Option<u64> {
        let living = lock(&self.living);
        living.as_ref().map(|living| living.process).filter(|process| self.stage.alive(*process))
    }

    /// The purchases of the living process, once it has started, and the process.
    #[must_use]
    pub fn purchases(&self) -> Option<(u64, Purchases)> {
        let process = self.process()?;
        let living = lock(&self.living);
        Some((process, living.as_ref()?.purchases.clone()?))
    }

    /// The database file.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        template::database(&self.dir)
    }

    /// Kills the process if there is one.
    pub fn kill(&self, why: &str) {
        if let Some(process) = self.process() {
            self.stage.kill(process, why);
        }
    }

    /// Sets the clock of the machine.
    pub fn set_clock(&self, skew_ms: i64) {
        *lock(&self.skew_ms) = skew_ms;
        if let Some(process) = self.process() {
            self.stage.set_clock(process, skew_ms);
        }
    }

    async fn run(&self, process: u64) -> anyhow::Result<()> {
        let (clock, random) = (Clock::default(), Random::default());
        let store = Store::open(&format!("sqlite:{}", template::database(&self.dir).display())).await?;
        let store = store.watched(Arc::new(Commits { stage: self.stage.clone() }));
        let vault = Arc::new(Vault::open(&self.dir.join("key"), &random)?);
        let authority = Authority::open(&store, &vault, clock.clone(), random.clone()).await?;
        let hub = Hub::new(clock.clone(), random.clone());
        let purchases = Purchases::new(Parts {
            store: store.clone(),
            vault: Arc::clone(&vault),
            clock: clock.clone(),
            random: random.clone(),
            link: Arc::new(self.watched(hub.clone())),
            gateways: self.bank.gateways(),
            node: "node".into(),
            public_url: None,
            limits: Limits::new(Allowance {
                reservations_in_flight: 32,
                attempts_per_minute: 1_000,
                attempts_per_device_per_minute: 100,
            }),
            timing: timing(self.nature.delivery_limit_ms),
            reserve_timeout_ms: 10_000,
            release_timeout_ms: 10_000,
            fallback_phone: None,
        });
        let context = link::Context {
            store: store.clone(),
            vault,
            clock: clock.clone(),
            random,
            authority: Arc::new(authority),
            hub: hub.clone(),
            site: Arc::new(Site::new(store, clock).telling(purchases.clone())),
        };
        purchases.register().await?;
        self.listen(process, context);
        let (arrivals, attending) = (hub.arrivals(), purchases.clone());
        spawn(async move { attending.attend(arrivals).await });
        let leasing = purchases.clone();
        spawn(async move { leasing.keep_lease().await });
        let keeping = purchases.clone();
        spawn(async move { keeping.keep_house().await });
        let sweeping = purchases.clone();
        spawn(async move { sweeping.keep_sweeping().await });
        if self.nature.misdeed == Some(Misdeed::ReleasesUnknown) {
            spawn(misdeeds::release_unknown(self.database(), hub));
        }
        purchases.recover().await?;
        if let Some(living) = lock(&self.living).as_mut().filter(|living| living.process == process) {
            living.purchases = Some(purchases);
        }
        self.stage.note("cloud", "is up");
        Ok(())
    }

    fn watched(&self, hub: Hub) -> Watched {
        Watched {
            stage: self.stage.clone(),
            strangers: self.strangers.clone(),
            forgets_releases: self.nature.misdeed == Some(Misdeed::ForgetsReleases),
            hub,
        }
    }

    fn listen(&self, process: u64, context: link::Context) {
        let (stage, agents) = (self.stage.clone(), self.clone());
        self.net.listen(ADDRESS, move |end, from| {
            let Some(site) =
                agents.stage.label(from).and_then(|label| label.strip_prefix("agent")?.parse().ok())
            else {
                return;
            };
            let (context, fingerprint) = (context.clone(), template::fingerprint(site));
            if stage.alive(process) {
                drop(stage.begin(process, async move { serve_simulated(context, end, &fingerprint).await }));
            }
        });
    }
}

/// As configured by default, with the long waits made shorter.
fn timing(delivery_limit_ms: i64) -> Timing {
    Timing {
        answer_deadline_ms: 25_000,
        charge_start_max_ms: 20_000,
        charge_timeout_ms: i64::try_from(bank::TIMEOUT_MS).unwrap_or_default(),
        quiet_period_ms: 60_000,
        pending_max_ms: 180_000,
        reserve_lease_ms: 300_000,
        key_life_ms: 300_000,
        delivery_limit_ms,
    }
}

/// The crash points of commits.
#[derive(Clone)]
struct Commits {
    stage: Stage,
}

impl fmt::Debug for Commits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Commits").finish_non_exhaustive()
    }
}

impl Checkpoints for Commits {
    fn at(&self, step: &'static str, moment: Moment) -> BoxFuture<'_, Result<(), Unwritten>> {
        let when = match moment {
            Moment::Before => "before",
            Moment::After => "after",
        };
        async move {
            if self.stage.pass_point(&format!("cloud.commit.{step}.{when}")) {
                return pending().await;
            }
            Ok(())
        }
        .boxed()
    }
}

/// The way to the routers, with crash points.
struct Watched {
    stage: Stage,
    strangers: Strangers,
    forgets_releases: bool,
    hub: Hub,
}

impl LinkPort for Watched {
    fn send(
        &self,
        router: &RouterId,
        action: Action,
        deadline: Duration,
    ) -> BoxFuture<'static, Result<Outcome, SendError>> {
        let (stage, name) = (self.stage.clone(), name(&action));
        if self.forgets_releases && matches!(action, Action::Release(_)) {
            return async { Ok(Outcome::done(pagos_protocol::Done::Released)) }.boxed();
        }
        if let Action::Reserve(reserve) = &action {
            self.strangers.take(router.as_str(), &reserve.name);
        }
        let (hub, router) = (self.hub.clone(), router.clone());
        async move {
            if stage.pass_point(&format!("cloud.link.{name}.before")) {
                return pending().await;
            }
            let ended = hub.send(&router, action, deadline).await;
            if stage.pass_point(&format!("cloud.link.{name}.after")) {
                return pending().await;
            }
            ended
        }
        .boxed()
    }
}

fn name(action: &Action) -> &'static str {
    match action {
        Action::Reserve(_) => "reserve",
        Action::Confirm(_) => "confirm",
        Action::Release(_) => "release",
        Action::Revoke(_) => "revoke",
        Action::Login(_) => "login",
        Action::Reconnect(_) => "reconnect",
        Action::CheckUser { .. } => "check_user",
        Action::DescribeUser { .. } => "describe_user",
        Action::DescribeUsers { .. } => "describe_users",
        Action::ListProfiles => "list_profiles",
        Action::Probe => "probe",
        Action::SetRouter(_) => "set_router",
        Action::Unknown => "unknown",
    }
}
