//! The simulator's control API. What concerns the gateways is in [`gateways`].

pub mod gateways;

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use crate::portal::client;
use crate::programs::program;
use crate::wait::until;

/// The longest the program may take to start, in milliseconds.
const START_MS_MAX: u64 = 30_000;

/// Talks to a simulator.
#[derive(Debug, Clone)]
pub struct Simulator {
    control_url: String,
    client: reqwest::Client,
}

impl Simulator {
    /// The simulator whose control API is at `control_url`.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn at(control_url: &str) -> anyhow::Result<Self> {
        Ok(Self { control_url: control_url.to_owned(), client: client()? })
    }

    /// Everything it knows.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn state(&self) -> anyhow::Result<Value> {
        let answer =
            self.client.get(format!("{}/state", self.control_url)).send().await?.error_for_status()?;
        Ok(answer.json().await?)
    }

    /// Puts a fault up; gives its number.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn fault(&self, fault: Value) -> anyhow::Result<u64> {
        let made = self.post("/faults", &fault).await?;
        made["id"].as_u64().with_context(|| format!("a fault has a number: {made}"))
    }

    /// Takes one fault down; what hangs by it goes on.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn take_down(&self, fault: u64) -> anyhow::Result<()> {
        let url = format!("{}/faults/{fault}", self.control_url);
        self.client.delete(url).send().await?.error_for_status()?;
        Ok(())
    }

    /// Takes all faults down; what hangs goes on.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn clear_faults(&self) -> anyhow::Result<()> {
        self.client.delete(format!("{}/faults", self.control_url)).send().await?.error_for_status()?;
        Ok(())
    }

    /// Waits until a fault has struck at least once: the moment is held there.
    ///
    /// # Errors
    /// When it does not strike within `limit`.
    pub async fn struck(&self, fault: u64, limit: Duration) -> anyhow::Result<()> {
        until("the fault strikes", limit, || async {
            let url = format!("{}/faults", self.control_url);
            let faults: Value = self.client.get(url).send().await?.error_for_status()?.json().await?;
            let mut rows = faults["faults"].as_array().into_iter().flatten();
            let row = rows.find(|row| row["id"] == fault).context("the fault is listed")?;
            Ok(row["hits"].as_u64().filter(|hits| *hits > 0).map(|_| ()))
        })
        .await
    }

    /// Lets a device show up on the hotspot's network.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn device(&self, mac: &str, ip: &str) -> anyhow::Result<()> {
        self.post("/hosts", &json!({"mac": mac, "ip": ip})).await.map(drop)
    }

    /// Puts users on the router.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn preload(&self, count: u32) -> anyhow::Result<()> {
        self.post("/users", &json!({"count": count})).await.map(drop)
    }

    /// Names of the users on the first router, without the built-in one.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn users(&self) -> anyhow::Result<Vec<String>> {
        let state = self.state().await?;
        let rows =
            state.pointer("/routers/0/users").and_then(Value::as_array).context("the router has users")?;
        let sold = rows.iter().filter(|row| row["default"] != "true");
        Ok(sold.filter_map(|row| row["name"].as_str().map(str::to_owned)).collect())
    }

    /// Charges that moved money or were refused, as the gateway's books have them.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn ledger(&self) -> anyhow::Result<Vec<Value>> {
        let state = self.state().await?;
        Ok(state
            .pointer("/conekta/ledger")
            .and_then(Value::as_array)
            .context("the gateway keeps books")?
            .clone())
    }

    async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let answer = self.client.post(format!("{}{path}", self.control_url)).json(body).send().await?;
        let status = answer.status();
        let body: Value = answer.json().await.unwrap_or(Value::Null);
        if !status.is_success() {
            bail!("the simulator refused {path}: {status} {body}");
        }
        Ok(body)
    }
}

/// A simulator of a test's own, without the rest of the system.
#[derive(Debug)]
pub struct OwnSimulator {
    /// Where to reach what it plays.
    pub ready: SimulatorReady,
    /// Ends with its standard input, and when dropped.
    _process: Child,
    _dir: tempfile::TempDir,
}

/// Contents of the simulator's ready file.
#[derive(Debug, Clone, Deserialize)]
pub struct SimulatorReady {
    /// Control API.
    pub control_url: String,
    /// Conekta double.
    pub conekta_url: String,
    /// Mercado Pago double.
    pub mercado_pago_url: String,
    /// The routers.
    pub routers: Vec<SimulatedRouter>,
}

/// One simulated router.
#[derive(Debug, Clone, Deserialize)]
pub struct SimulatedRouter {
    /// Name in the control API.
    pub name: String,
    /// Address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// API user.
    pub username: String,
    /// Its password.
    pub password: String,
    /// RouterOS that it plays.
    pub version: String,
}

impl OwnSimulator {
    /// Starts the program with these routers (`name=…,version=…`).
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start(routers: &[&str]) -> anyhow::Result<Self> {
        let dir = tempfile::tempdir()?;
        let file = dir.path().join("ready.json");
        let mut command = Command::new(program("pagos-simulator")?);
        command.arg("--ready-file").arg(&file).arg("--exit-on-stdin-eof");
        for router in routers {
            command.args(["--router", router]);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let process = command.spawn().context("starting the simulator")?;
        let ready = until("the simulator is ready", Duration::from_millis(START_MS_MAX), || async {
            Ok(std::fs::read(&file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()))
        })
        .await?;
        Ok(Self { ready, _process: process, _dir: dir })
    }
}
