//! A simulated router and an agent's executor beside it.

use std::{collections::BTreeMap, path::PathBuf};

use pagos_agent::{executor::Executor, journal::Journal};
use pagos_protocol::{
    Action, Code, Command, Done, Outcome, RouterSettings, Secret,
    command::{Confirm, Login, PurchaseRef, Release, Reserve, Revoke},
};
use pagos_simulator::{
    Config, RouterConfig, Simulator,
    fault::{FaultKind, FaultRequest},
    routeros::version::Version,
};

/// Both generations of RouterOS.
pub(crate) const VERSIONS: [&str; 4] = ["6.42.12", "6.49.18", "7.17.2", "7.20.8"];
/// A profile that the simulator has from the start.
pub(crate) const PROFILE: &str = "default";
pub(crate) const ROUTER: &str = "RTR_1";
pub(crate) const DEVICE: &str = "AA:BB:CC:00:00:01";
/// Deadline of commands that are not about deadlines.
pub(crate) const DEADLINE_MS: u64 = 10_000;

pub(crate) struct Site {
    pub(crate) simulator: Simulator,
    pub(crate) executor: Executor,
    directory: tempfile::TempDir,
}

pub(crate) type Row = BTreeMap<String, String>;

impl Site {
    pub(crate) async fn new() -> Self {
        Self::of("7.20.8").await
    }

    pub(crate) async fn of(version: &str) -> Self {
        Self::with(RouterConfig { version: Version::parse(version).expect("version"), ..router() }).await
    }

    /// A site whose first router is as wanted; it must be called `r1`.
    pub(crate) async fn with(router: RouterConfig) -> Self {
        let config = Config { routers: vec![router, RouterConfig::named("r2")], ..Config::default() };
        let simulator = Simulator::start(config).await.expect("simulator starts");
        let directory = tempfile::tempdir().expect("temporary directory");
        let journal = Journal::open(&directory.path().join("journal.db")).expect("journal opens");
        let executor = Executor::open(journal).expect("executor opens");
        let site = Self { simulator, executor, directory };
        let settings = site.settings(ROUTER, 0, 1);
        site.executor.welcome(&[ROUTER.to_owned()], vec![settings]).await.expect("welcome");
        site
    }

    /// Settings of the simulator's router number `index`.
    pub(crate) fn settings(&self, router_id: &str, index: usize, version: u64) -> RouterSettings {
        let address = &self.simulator.ready().routers[index];
        RouterSettings {
            router_id: router_id.to_owned(),
            version,
            host: address.host.clone(),
            port: address.port,
            username: address.username.clone(),
            password: Secret::new(address.password.clone()),
        }
    }

    pub(crate) fn journal_path(&self) -> PathBuf {
        self.directory.path().join("journal.db")
    }

    /// The agent restarts: everything but the journal's file is forgotten.
    pub(crate) async fn restart(&mut self) {
        self.executor.close().await;
        let journal = Journal::open(&self.journal_path()).expect("journal reopens");
        self.executor = Executor::open(journal).expect("executor reopens");
    }

    /// The agent loses its journal.
    pub(crate) async fn lose_journal(&mut self) {
        self.executor.close().await;
        std::fs::remove_file(self.journal_path()).expect("journal is removed");
        let journal = Journal::open(&self.journal_path()).expect("journal opens");
        self.executor = Executor::open(journal).expect("executor opens");
        let settings = self.settings(ROUTER, 0, 1);
        self.executor.welcome(&[ROUTER.to_owned()], vec![settings]).await.expect("welcome");
    }

    pub(crate) async fn run(&self, action: Action) -> Outcome {
        self.run_within(action, DEADLINE_MS).await
    }

    pub(crate) async fn run_within(&self, action: Action, deadline_ms: u64) -> Outcome {
        let command = Command { id: "c".into(), router_id: ROUTER.into(), deadline_ms, action };
        self.executor.execute(command).await
    }

    /// Posts a fault of the first router; returns its number.
    pub(crate) fn fault(&self, kind: FaultKind, part: Option<&str>, count: Option<u64>) -> u64 {
        let request = FaultRequest {
            pattern: part.map(str::to_owned),
            router: Some("r1".into()),
            count,
            ..FaultRequest::new("router", kind)
        };
        self.simulator.control().faults.post(request).expect("fault").id
    }

    pub(crate) fn mend(&self) {
        self.simulator.control().faults.delete(None);
    }

    pub(crate) fn rows(&self, menu: &str) -> Vec<Row> {
        let snapshot = self.simulator.control().routers[0].snapshot();
        let (_, rows) = snapshot.menus.into_iter().find(|(name, _)| *name == menu).expect("menu");
        let text = |value: Vec<u8>| String::from_utf8_lossy(&value).into_owned();
        rows.into_iter()
            .map(|row| row.into_iter().map(|(name, value)| (name.to_owned(), text(value))).collect())
            .collect()
    }

    /// Sets one attribute of the hotspot user of this name, as an operator would.
    pub(crate) async fn operator_sets(&self, name: &str, attribute: &str, value: &str) {
        let row = self.user(name).expect("user");
        let set = pagos_agent::routeros::Request::new("/ip/hotspot/user/set").attribute(".id", &row[".id"]);
        self.operator(set.attribute(attribute, value)).await;
    }

    /// Removes the hotspot user of this name, as an operator would.
    pub(crate) async fn operator_removes(&self, name: &str) {
        let row = self.user(name).expect("user");
        let remove = pagos_agent::routeros::Request::new("/ip/hotspot/user/remove");
        self.operator(remove.attribute(".id", &row[".id"])).await;
    }

    /// An executor on a copy of the journal as it is on disk now, as after a kill; the running one is left to its fate.
    pub(crate) fn killed(&self) -> Executor {
        let copy = self.journal_path().with_file_name(format!("copy-{}.db", self.commands()));
        for ending in ["", "-wal"] {
            let from = format!("{}{ending}", self.journal_path().display());
            std::fs::copy(from, format!("{}{ending}", copy.display())).expect("copy of the journal");
        }
        Executor::open(Journal::open(&copy).expect("copy opens")).expect("executor opens")
    }

    /// Starts a command and waits until the router has been asked `word`, which a fault has to hold up.
    pub(crate) async fn run_until(&self, action: Action, word: &str) -> tokio::task::JoinHandle<Outcome> {
        let before = self.count(word);
        let executor = self.executor.clone();
        let command = Command { id: "c".into(), router_id: ROUTER.into(), deadline_ms: DEADLINE_MS, action };
        let running = tokio::spawn(async move { executor.execute(command).await });
        while self.count(word) == before {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        running
    }

    /// The hotspot user of this name.
    pub(crate) fn user(&self, name: &str) -> Option<Row> {
        self.rows("users").into_iter().find(|row| row["name"] == name)
    }

    /// How many commands the router has seen, logins aside.
    pub(crate) fn commands(&self) -> u64 {
        let commands = self.simulator.control().routers[0].snapshot().commands;
        commands.iter().filter(|(word, _)| *word != "/login").map(|(_, count)| count).sum()
    }

    /// How often the router has seen this command.
    pub(crate) fn count(&self, word: &str) -> u64 {
        self.simulator.control().routers[0].snapshot().commands.get(word).copied().unwrap_or(0)
    }

    /// Sends a command to the router past the agent, as its operator would.
    pub(crate) async fn operator(
        &self,
        request: pagos_agent::routeros::Request,
    ) -> pagos_agent::routeros::Reply {
        self.operator_at(0, request).await
    }

    /// The same at the simulator's router number `index`.
    pub(crate) async fn operator_at(
        &self,
        index: usize,
        request: pagos_agent::routeros::Request,
    ) -> pagos_agent::routeros::Reply {
        let connection = pagos_agent::routeros::Connection::start(self.settings(ROUTER, index, 1));
        let deadline = pagos_agent::seams::clock::deadline_in(5_000);
        connection.call(request, deadline).await.expect("operator's command")
    }

    /// The reserved user's row becomes that of `PT-OTHER`, as when row ids start anew after an import.
    pub(crate) async fn another_user_in_the_row(&self, comment: &str) {
        let row = self.user("PT-A1B2C").expect("user");
        let set = pagos_agent::routeros::Request::new("/ip/hotspot/user/set").attribute(".id", &row[".id"]);
        self.operator(set.attribute("name", "PT-OTHER").attribute("comment", comment)).await;
    }

    /// Adds a hotspot user, as an operator would.
    pub(crate) async fn operator_adds(&self, name: &str, attributes: &[(&str, &str)]) {
        let add = pagos_agent::routeros::Request::new("/ip/hotspot/user/add").attribute("name", name);
        let add = attributes.iter().fold(add, |add, (name, value)| add.attribute(name, value));
        self.operator(add).await;
    }

    /// Lets time pass for the routers.
    pub(crate) fn time_passes(&self, seconds: u64) {
        self.simulator.control().clock.advance(seconds);
    }

    /// A device that is online sends and gets bytes.
    pub(crate) fn traffic(&self, mac: &str, bytes_in: u64, bytes_out: u64) {
        let mac = pagos_simulator::routeros::value::Mac::parse(mac.as_bytes()).expect("MAC");
        assert!(self.simulator.control().routers[0].traffic(mac, [bytes_in, bytes_out]), "it is online");
    }

    pub(crate) fn device_seen(&self, mac: &str, ip: [u8; 4]) {
        let mac = pagos_simulator::routeros::value::Mac::parse(mac.as_bytes()).expect("MAC");
        self.simulator.control().routers[0].host_seen(mac, ip.into());
    }
}

/// The first router, unless something else is wanted.
pub(crate) fn router() -> RouterConfig {
    RouterConfig::named("r1")
}

pub(crate) fn purchase(version: u64) -> PurchaseRef {
    PurchaseRef { id: "TRX_1".into(), version }
}

pub(crate) fn reserve(version: u64) -> Action {
    Action::Reserve(reservation(version))
}

pub(crate) fn reservation(version: u64) -> Reserve {
    Reserve {
        purchase: purchase(version),
        name: "PT-A1B2C".into(),
        password: Secret::new("0417"),
        profile: PROFILE.into(),
        enabled: true,
    }
}

/// A PIN user, which is reserved disabled.
pub(crate) fn reserve_pin(version: u64) -> Action {
    Action::Reserve(Reserve { password: Secret::new(""), enabled: false, ..reservation(version) })
}

pub(crate) fn confirm(version: u64) -> Action {
    Action::Confirm(Confirm { purchase: purchase(version), name: "PT-A1B2C".into(), profile: PROFILE.into() })
}

pub(crate) fn release(version: u64) -> Action {
    Action::Release(Release { purchase: purchase(version), name: "PT-A1B2C".into(), profile: String::new() })
}

/// The removal of a user that may have been confirmed.
pub(crate) fn release_paid(version: u64) -> Action {
    let name = "PT-A1B2C".into();
    Action::Release(Release { purchase: purchase(version), name, profile: PROFILE.into() })
}

pub(crate) fn revoke(version: u64) -> Action {
    Action::Revoke(Revoke { purchase: purchase(version), name: "PT-A1B2C".into() })
}

pub(crate) fn login(version: u64) -> Action {
    login_of(version, DEVICE)
}

pub(crate) fn login_of(version: u64, mac: &str) -> Action {
    Action::Login(Login {
        purchase: purchase(version),
        name: "PT-A1B2C".into(),
        password: Secret::new("0417"),
        mac: mac.into(),
        ip: None,
    })
}

pub(crate) fn done(done: Done) -> Outcome {
    Outcome::done(done)
}

/// The code of an outcome that is `Refused`.
#[track_caller]
pub(crate) fn refused(outcome: &Outcome) -> Code {
    match outcome {
        Outcome::Refused { code, .. } => *code,
        other => panic!("not refused: {other:?}"),
    }
}

/// The code of an outcome that is `Failed`.
#[track_caller]
pub(crate) fn failed(outcome: &Outcome) -> Code {
    match outcome {
        Outcome::Failed { code, .. } => *code,
        other => panic!("not failed: {other:?}"),
    }
}
