//! The sites of a world: an agent each, and simulated routers that it dials.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pagos_agent::executor::Executor;
use pagos_agent::journal::Journal;
use pagos_agent::supervisor;
use pagos_simulator::RouterConfig;
use pagos_simulator::clock::Clock;
use pagos_simulator::fault::FaultBoard;
use pagos_simulator::routeros::command::Command;
use pagos_simulator::routeros::connection;
use pagos_simulator::routeros::reply::Reply;
use pagos_simulator::routeros::router::Router;
use tokio::sync::watch;

use super::net::Net;
use super::points::Fuse;
use super::stage::{BEGIN_MS, OUTSIDE, Stage};
use super::{misdeeds, template};
use crate::evidence::User;

/// Comment of users that are none of ours.
const STRANGER: &str = "de la casa";

/// File of the journal in an agent's data directory.
pub const JOURNAL_FILE: &str = "journal.db";

/// A site.
#[derive(Clone)]
pub struct Place {
    /// Its number.
    pub site: usize,
    stage: Stage,
    net: Net,
    dir: PathBuf,
    routers: Vec<Arc<Router>>,
    process: Arc<Mutex<u64>>,
    skew_ms: Arc<Mutex<i64>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Place {
    /// A site with so many routers, which are up; its agent does not run yet.
    #[must_use]
    pub fn new(stage: Stage, net: Net, dir: &Path, site: usize, routers: usize) -> Self {
        let router = |number: usize| {
            let name = template::router(site, number);
            let clock = Arc::new(Clock::of_runtime(u64::try_from(BEGIN_MS).unwrap_or_default()));
            let faults = Arc::new(FaultBoard::new([name.as_str()]));
            Arc::new(Router::new(&RouterConfig::named(&name), clock, faults))
        };
        let place = Self {
            site,
            stage,
            net,
            dir: template::agent_dir(dir, site),
            routers: (0..routers).map(router).collect(),
            process: Arc::default(),
            skew_ms: Arc::default(),
        };
        for number in 0..routers {
            place.plug_in(number);
        }
        place
    }

    /// How many routers there are.
    #[must_use]
    pub fn routers(&self) -> usize {
        self.routers.len()
    }

    /// Where an agent dials a router.
    #[must_use]
    pub fn address(&self, number: usize) -> String {
        format!("{}:8728", template::router_host(self.site, number))
    }

    /// Name of the site's place in the network.
    #[must_use]
    pub fn name(&self) -> String {
        format!("site{}", self.site)
    }

    /// The router answers from now on.
    pub fn plug_in(&self, number: usize) {
        let (router, stage) = (Arc::clone(&self.routers[number]), self.stage.clone());
        let here = watch::Sender::new(false);
        self.net.listen(&self.address(number), move |end, _| {
            let away = here.subscribe();
            drop(stage.begin(OUTSIDE, connection::serve(Arc::clone(&router), end, away)));
        });
    }

    /// The router loses power; its connections only seem to stand, or are reset.
    pub fn unplug(&self, number: usize) {
        self.net.deafen(&self.address(number));
        self.net.cut("", &self.address(number));
        self.routers[number].reboot();
    }

    /// A device of a buyer appears at a router.
    pub fn device(&self, number: usize, mac: &str, ip: std::net::Ipv4Addr) {
        if let Some(mac) = pagos_simulator::routeros::value::Mac::parse(mac.as_bytes()) {
            self.routers[number].host_seen(mac, ip);
        }
    }

    /// Somebody makes a user by hand; false when there is no such router here, or the name is taken.
    #[must_use]
    pub fn make_stranger(&self, router: &str, name: &str) -> bool {
        let words = [format!("=name={name}"), "=profile=default".into(), format!("=comment={STRANGER}")];
        self.command(router, "/ip/hotspot/user/add", &words)
    }

    /// Somebody takes a user back that was made by hand; false when it is not there as it was made.
    #[must_use]
    pub fn remove_stranger(&self, router: &str, name: &str) -> bool {
        let mut users = self.routers.iter().flat_map(|router| all_users(router));
        let stands = users.any(|user| {
            user.router_id == router && user.name == name && user.comment == STRANGER && !user.disabled
        });
        stands && self.command(router, "/ip/hotspot/user/remove", &[format!("=numbers={name}")])
    }

    /// Whether a router here carried a command out.
    fn command(&self, router: &str, word: &str, attributes: &[String]) -> bool {
        let Some(router) = self.routers.iter().find(|known| known.name == router) else { return false };
        let words = std::iter::once(word).chain(attributes.iter().map(String::as_str));
        let command = Command::parse(words.map(|word| word.as_bytes().to_vec()).collect());
        !matches!(router.execute(&command), Reply::Trap(_))
    }

    /// From now on the routers keep the users that they are told to remove.
    pub fn keep_users(&self) {
        self.routers.iter().for_each(|router| misdeeds::keep_users(&router.faults));
    }

    /// Starts the agent; `fuse` says where it dies.
    pub fn start(&self, fuse: Option<Fuse>) {
        let process = self.stage.start(&format!("agent{}", self.site), *lock(&self.skew_ms), fuse);
        *lock(&self.process) = process;
        self.net.place(process, &self.name());
        let this = self.clone();
        drop(self.stage.begin(process, async move {
            if let Err(error) = this.run().await {
                this.stage.breach(format!("agent{} does not start: {error:#}", this.site));
            }
        }));
    }

    async fn run(&self) -> anyhow::Result<()> {
        let executor = Executor::open(Journal::open(&self.dir.join(JOURNAL_FILE))?)?;
        let (stop, stopping) = watch::channel(false);
        supervisor::run(self.dir.clone(), executor, stopping).await?;
        drop(stop);
        Ok(())
    }

    /// Whether the agent runs.
    #[must_use]
    pub fn alive(&self) -> bool {
        let process = *lock(&self.process);
        process != OUTSIDE && self.stage.alive(process)
    }

    /// Kills the agent.
    pub fn kill(&self, why: &str) {
        self.stage.kill(*lock(&self.process), why);
    }

    /// Sets the clock of the box.
    pub fn set_clock(&self, skew_ms: i64) {
        *lock(&self.skew_ms) = skew_ms;
        self.stage.set_clock(*lock(&self.process), skew_ms);
    }

    /// The journal is gone, as with a new box. The agent must not run.
    pub fn lose_journal(&self) {
        for ending in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(self.dir.join(format!("{JOURNAL_FILE}{ending}")));
        }
    }

    /// The agent's data directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Users on all routers, but those that people made by hand.
    #[must_use]
    pub fn users(&self) -> Vec<User> {
        let users = self.routers.iter().flat_map(|router| all_users(router));
        users.filter(|user| user.comment != STRANGER).collect()
    }
}

fn all_users(router: &Router) -> Vec<User> {
    let snapshot = router.snapshot();
    let rows = snapshot.menus.iter().find(|(menu, _)| *menu == "users").map(|(_, rows)| rows);
    let Some(rows) = rows else { return Vec::new() };
    let user = |row: &pagos_simulator::routeros::reply::Record| {
        let text = |name: &str| {
            let found = row.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| String::from_utf8_lossy(value).into_owned()).unwrap_or_default()
        };
        (text("default") != "true").then(|| User {
            router_id: router.name.clone(),
            name: text("name"),
            comment: text("comment"),
            disabled: text("disabled") == "true",
        })
    };
    rows.iter().filter_map(user).collect()
}
