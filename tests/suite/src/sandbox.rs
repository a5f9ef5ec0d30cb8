//! A running sandbox: the real processes, to be killed and started again.

mod ready;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tokio::process::{Child, Command};

use crate::evidence::{Evidence, Line};
use crate::operator::Operator;
use crate::portal::Portal;
use crate::programs::program;
use crate::services::Services;
use crate::simulator::Simulator;
use crate::wait::until;

pub use ready::{Account, Addresses, Call, Pids, Product, Ready, Restart, RouterAddress};

/// The longest a sandbox may take to make its first purchase, in milliseconds; tests run side by side.
const START_MS_MAX: u64 = 120_000;
/// The longest a part may take to start again, in milliseconds.
const RESTART_MS_MAX: u64 = 60_000;
/// The longest a killed process may take to disappear, in milliseconds.
const END_MS_MAX: u64 = 10_000;

/// Which database the control plane uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Database {
    /// SQLite in the data directory.
    Sqlite,
    /// A database of its own on the test run's server.
    Postgres,
}

impl Database {
    /// The name as people write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// A running sandbox; everything of it is gone when it is dropped.
#[derive(Debug)]
pub struct Sandbox {
    /// The ready file.
    pub ready: Ready,
    process: Child,
    restarted: Vec<Child>,
    /// Put before the words of what is started again.
    agent_prefix: Vec<String>,
    /// Records of purchases as they were read last.
    records: Mutex<BTreeMap<String, Vec<Line>>>,
    /// Removed last.
    dir: tempfile::TempDir,
}

impl Sandbox {
    /// Starts one on free ports, with data of its own.
    ///
    /// # Errors
    /// When it does not get as far as its first purchase.
    pub async fn start(database: Database) -> anyhow::Result<Self> {
        Self::start_with(database, &[]).await
    }

    /// Starts one whose control plane is configured by these variables as well.
    ///
    /// # Errors
    /// When it does not get as far as its first purchase.
    pub async fn start_with(database: Database, variables: &[(&str, &str)]) -> anyhow::Result<Self> {
        let url = match database {
            Database::Sqlite => None,
            Database::Postgres => Some(Services::shared().await?.database().await?),
        };
        let arguments = url.iter().flat_map(|url| ["--database-url", url]).collect::<Vec<_>>();
        Self::start_as(&arguments, variables).await
    }

    /// Starts one with more arguments of its own.
    ///
    /// # Errors
    /// When it does not get as far as its first purchase.
    pub async fn start_as(arguments: &[&str], variables: &[(&str, &str)]) -> anyhow::Result<Self> {
        let dir = tempfile::Builder::new().prefix("pagos-suite-").tempdir()?;
        let file = dir.path().join("ready.json");
        let log = dir.path().join("sandbox.log");
        let mut command = bound_to_us(&program("pagos-sandbox")?);
        command.args(["--http-port", "0", "--ready-file"]).arg(&file);
        command.arg("--data-dir").arg(dir.path().join("data"));
        command.args(arguments);
        let output = std::fs::File::create(&log)?;
        command.envs(variables.iter().copied()).stdout(output.try_clone()?).stderr(output);
        let mut process = command.spawn().context("starting the sandbox")?;
        let ready = until("the sandbox is ready", Duration::from_millis(START_MS_MAX), || {
            let ended = process.try_wait();
            let found =
                std::fs::read(&file).ok().and_then(|bytes| serde_json::from_slice::<Ready>(&bytes).ok());
            let log = log.clone();
            async move {
                match (found, ended?) {
                    (Some(ready), _) => Ok(Some(ready)),
                    (None, None) => Ok(None),
                    (None, Some(status)) => {
                        bail!(
                            "the sandbox ended ({status}):\n{}",
                            std::fs::read_to_string(log).unwrap_or_default()
                        )
                    }
                }
            }
        });
        let ready = ready.await?;
        let (restarted, agent_prefix) = (Vec::new(), Vec::new());
        Ok(Self { ready, process, restarted, agent_prefix, records: Mutex::default(), dir })
    }

    /// Starts the agent with these words before its own from now on, for example in another network.
    pub fn start_agent_below(&mut self, prefix: Vec<String>) {
        self.agent_prefix = prefix;
    }

    /// Keeps data and logs although the sandbox ends; says where they are.
    pub fn keep_data(&mut self) -> std::path::PathBuf {
        self.dir.disable_cleanup(true);
        self.dir.path().to_owned()
    }

    /// The portal of the sandbox's router.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn portal(&self) -> anyhow::Result<Portal> {
        Portal::new(&self.ready.base_url, &self.ready.api_key)
    }

    /// The simulator.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn simulator(&self) -> anyhow::Result<Simulator> {
        Simulator::at(&self.ready.simulator.control_url)
    }

    /// The company's operator.
    ///
    /// # Errors
    /// When the login is refused.
    pub async fn cliente_admin(&self) -> anyhow::Result<Operator> {
        Operator::login(&self.ready.base_url, &self.ready.cliente_admin).await
    }

    /// The platform's operator.
    ///
    /// # Errors
    /// When the login is refused.
    pub async fn super_admin(&self) -> anyhow::Result<Operator> {
        Operator::login(&self.ready.base_url, &self.ready.super_admin).await
    }

    /// Id of the sandbox itself.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.process.id()
    }

    /// What the sandbox has told so far.
    ///
    /// # Errors
    /// When its output cannot be read.
    pub fn story(&self) -> anyhow::Result<String> {
        Ok(std::fs::read_to_string(self.dir.path().join("sandbox.log"))?)
    }

    /// `kill -9` of the control plane.
    ///
    /// # Errors
    /// When it does not disappear.
    pub async fn kill_control_plane(&mut self) -> anyhow::Result<()> {
        self.kill(self.ready.pids.control_plane).await
    }

    /// `kill -9` of the agent.
    ///
    /// # Errors
    /// When it does not disappear.
    pub async fn kill_agent(&mut self) -> anyhow::Result<()> {
        self.kill(self.ready.pids.agent).await
    }

    /// Starts the control plane again, as the ready file says, and waits until it answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn restart_control_plane(&mut self) -> anyhow::Result<()> {
        let call = self.ready.restart.control_plane.clone();
        self.ready.pids.control_plane = self.start_again(&call, "control-plane.again.log")?;
        let client = crate::portal::client()?;
        let url = format!("{}/health", self.ready.base_url);
        let answers =
            until("the control plane answers again", Duration::from_millis(RESTART_MS_MAX), || async {
                let answer = client.get(&url).send().await;
                Ok(answer.is_ok_and(|answer| answer.status().is_success()).then_some(()))
            });
        let log = self.ready.data_dir.join("control-plane.again.log");
        answers.await.with_context(|| std::fs::read_to_string(log).unwrap_or_default())
    }

    /// Starts the agent again, as the ready file says.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn restart_agent(&mut self) -> anyhow::Result<()> {
        let mut call = self.ready.restart.agent.clone();
        call.argv.splice(0..0, self.agent_prefix.iter().cloned());
        self.ready.pids.agent = self.start_again(&call, "agent.again.log")?;
        Ok(())
    }

    /// Waits until the agent is connected and reaches its router.
    ///
    /// # Errors
    /// When that does not happen in time.
    pub async fn router_reachable(&self) -> anyhow::Result<()> {
        self.reachable(&self.ready.router_id).await
    }

    /// The same of another router of the company.
    ///
    /// # Errors
    /// When that does not happen in time.
    pub async fn reachable(&self, router_id: &str) -> anyhow::Result<()> {
        let operator = self.cliente_admin().await?;
        let path = format!("/api/v1/admin/routers/{router_id}/test-connection");
        until("the router can be reached", Duration::from_millis(RESTART_MS_MAX), || async {
            Ok((operator.get(&path).await?.body["success"] == true).then_some(()))
        })
        .await
    }

    /// Waits until no purchase is open, then reads what there is to be judged.
    ///
    /// # Errors
    /// When something stays open longer than `limit`.
    pub async fn settled(&self, limit: Duration) -> anyhow::Result<Evidence> {
        let result = until("every purchase is settled", limit, || async {
            let evidence = self.evidence().await?;
            Ok(evidence.purchases.iter().all(|purchase| !purchase.open).then_some(evidence))
        });
        match result.await {
            Ok(evidence) => Ok(evidence),
            Err(error) => Err(error.context(format!("{:?}", self.evidence().await?.open_purchases()))),
        }
    }

    /// State of simulator, database and journal at this moment.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub async fn evidence(&self) -> anyhow::Result<Evidence> {
        self.evidence_with(&[]).await
    }

    /// The same, with the journals of more agents.
    ///
    /// # Errors
    /// When something cannot be read.
    pub async fn evidence_with(&self, agents: &[&Path]) -> anyhow::Result<Evidence> {
        let own = self.ready.data_dir.join("agent");
        let agents: Vec<&Path> = [own.as_path()].into_iter().chain(agents.iter().copied()).collect();
        let mut evidence = Evidence::of_ours(&self.ready.database_url, &agents).await?;
        evidence.earlier_records = self.remember(evidence.records.clone());
        evidence.with_outside(&self.simulator()?.state().await?, &self.ready.router_id)
    }

    /// Keeps the records for the next reading; gives those of the last one.
    fn remember(&self, records: BTreeMap<String, Vec<Line>>) -> BTreeMap<String, Vec<Line>> {
        std::mem::replace(&mut *self.records.lock().unwrap_or_else(PoisonError::into_inner), records)
    }

    /// Asks the sandbox to end and waits until it has.
    ///
    /// # Errors
    /// When it does not end in time.
    pub async fn end(mut self) -> anyhow::Result<std::process::ExitStatus> {
        signal("TERM", self.process.id().context("it still runs")?);
        let limit = Duration::from_millis(RESTART_MS_MAX);
        Ok(tokio::time::timeout(limit, self.process.wait()).await.context("the sandbox does not end")??)
    }

    fn start_again(&mut self, call: &Call, log: &str) -> anyhow::Result<u32> {
        let output =
            std::fs::File::options().create(true).append(true).open(self.ready.data_dir.join(log))?;
        let mut command = bound_to_us(Path::new(&call.argv[0]));
        command.args(&call.argv[1..]).env_clear().envs(&call.env);
        let child =
            command.stdout(output.try_clone()?).stderr(output).spawn().context("starting it again")?;
        let id = child.id().context("it has an id")?;
        self.restarted.push(child);
        Ok(id)
    }

    async fn kill(&mut self, id: u32) -> anyhow::Result<()> {
        signal("KILL", id);
        for child in &mut self.restarted {
            child.try_wait()?;
        }
        until("the killed process is gone", Duration::from_millis(END_MS_MAX), || async {
            Ok((!is_running(id)).then_some(()))
        })
        .await
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let Pids { control_plane, agent, simulator } = self.ready.pids;
        for child in self.restarted.iter_mut().chain([&mut self.process]) {
            let _ = child.start_kill();
        }
        // The kernel kills what the sandbox started; data must not be removed under a process that still writes.
        let started = Instant::now();
        while [control_plane, agent, simulator].into_iter().any(is_running)
            && started.elapsed() < Duration::from_millis(END_MS_MAX)
        {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Whether a process runs, or still dies: a killed one keeps its ports until its last thread is gone, although its first
/// is a zombie by then. One that is dead and only not waited for does not run.
#[must_use]
pub fn is_running(id: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    let state = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().next());
    let threads = std::fs::read_dir(format!("/proc/{id}/task")).map_or(0, Iterator::count);
    state.is_some_and(|state| state != "Z" || threads > 1)
}

/// Sends a signal to a process.
pub fn signal(name: &str, id: u32) {
    // It may be gone already; whoever waits for its end sees that.
    let _ = std::process::Command::new("sh").args(["-c", &format!("kill -{name} {id} 2>/dev/null")]).status();
}

/// A command whose process the kernel kills when the thread of this test ends, however that comes about.
#[must_use]
pub fn bound_to_us(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(program).stdin(Stdio::null()).kill_on_drop(true);
    command
}
