//! Two sites, one control plane, one database, two gateways.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};
use tokio::process::Child;

use super::network::Network;
use crate::evidence::Evidence;
use crate::portal::Portal;
use crate::programs::program;
use crate::sandbox::{Database, Sandbox, bound_to_us};
use crate::services::{Postgres, database_at};
use crate::simulator::gateways::{Gateway, Happening};
use crate::simulator::{OwnSimulator, Simulator};

/// The longest an enrolment may take.
const ENROL_WITHIN: Duration = Duration::from_secs(30);

/// Times that are shortened, so that what is lost is noticed while the run lasts.
const SHORTENED: [(&str, &str); 6] = [
    ("PAGOS_CONEKTA__CHARGE_TIMEOUT_MS", "4000"),
    ("PAGOS_MERCADO_PAGO__CHARGE_TIMEOUT_MS", "4000"),
    ("PAGOS_PURCHASE__QUIET_PERIOD_MS", "2000"),
    ("PAGOS_PURCHASE__ANSWER_DEADLINE_MS", "8000"),
    ("PAGOS_PURCHASE__RESERVE_TIMEOUT_MS", "4000"),
    ("PAGOS_PURCHASE__RELEASE_TIMEOUT_MS", "4000"),
];

/// Everything that runs.
#[derive(Debug)]
pub struct World {
    /// Control plane, gateways, and the first site.
    pub sandbox: Sandbox,
    /// The second site.
    pub second: Site,
    /// The server of the database, where there is one.
    pub postgres: Option<Postgres>,
    /// The links. Dropped last: processes live in it.
    pub network: Network,
}

/// A site that is not the sandbox's own: a router and an agent.
#[derive(Debug)]
pub struct Site {
    /// Router.
    pub router_id: String,
    /// Portal key of it.
    pub api_key: String,
    /// A plan on sale there.
    pub product: i64,
    /// The router itself.
    pub simulator: OwnSimulator,
    agent_dir: tempfile::TempDir,
    agent: Option<Child>,
}

impl World {
    /// Builds it; when it is given back, both routers can be reached.
    ///
    /// # Errors
    /// When something does not start.
    pub async fn start(database: Database) -> anyhow::Result<Self> {
        let mut network = Network::make(2);
        let postgres = match database {
            Database::Sqlite => None,
            Database::Postgres => Some(tokio::task::spawn_blocking(Postgres::start_to_be_killed).await??),
        };
        let address = network.site_address().to_string();
        let mut arguments = vec!["--site-address".to_owned(), address.clone()];
        if let Some(server) = &postgres {
            arguments.extend(["--database-url".to_owned(), database_at(server.url()).await?]);
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut sandbox = Sandbox::start_as(&arguments, &SHORTENED).await?;
        network.join(&sandbox.ready.data_dir.join("agent")).await?;
        sandbox.start_agent_below(network.agent_prefix(0));
        sandbox.kill_agent().await?;
        sandbox.restart_agent()?;
        sandbox.router_reachable().await?;
        let mut second = Site::found(&sandbox, &address).await?;
        network.join(second.agent_dir.path()).await?;
        second.start_agent(network.agent_prefix(1))?;
        sandbox.reachable(&second.router_id).await?;
        Ok(Self { sandbox, second, postgres, network })
    }

    /// The portals of both sites, each with its plan.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn portals(&self) -> anyhow::Result<[(Portal, i64); 2]> {
        let own = self.sandbox.portal()?;
        let other = own.with_key(&self.second.api_key);
        Ok([(own, self.sandbox.ready.productos[0].id), (other, self.second.product)])
    }

    /// The simulators: gateways and first router, second router.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn simulators(&self) -> anyhow::Result<[Simulator; 2]> {
        Ok([self.sandbox.simulator()?, Simulator::at(&self.second.simulator.ready.control_url)?])
    }

    /// Kills the agent of a site.
    ///
    /// # Errors
    /// When it does not disappear.
    pub async fn kill_agent(&mut self, site: usize) -> anyhow::Result<()> {
        if site == 0 {
            return self.sandbox.kill_agent().await;
        }
        if let Some(mut agent) = self.second.agent.take() {
            agent.kill().await?;
        }
        Ok(())
    }

    /// Starts the killed agent of a site again.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_agent(&mut self, site: usize) -> anyhow::Result<()> {
        if site == 0 {
            self.sandbox.restart_agent()
        } else {
            self.second.start_agent(self.network.agent_prefix(1))
        }
    }

    /// Puts everything back.
    ///
    /// # Errors
    /// When it does not come back.
    pub async fn heal(&mut self) -> anyhow::Result<()> {
        for (site, simulator) in self.simulators()?.iter().enumerate() {
            simulator.clear_faults().await?;
            self.network.cut(site, false)?;
        }
        self.sandbox.router_reachable().await?;
        self.sandbox.reachable(&self.second.router_id).await
    }

    /// Everything that there is to be judged.
    ///
    /// # Errors
    /// When something cannot be read.
    pub async fn evidence(&self) -> anyhow::Result<Evidence> {
        let evidence = self.sandbox.evidence_with(&[self.second.agent_dir.path()]).await?;
        let [_, second] = self.simulators()?;
        evidence.with_router(&second.state().await?, &self.second.router_id)
    }

    /// Lets reviews at the gateway end well that would last for days.
    ///
    /// # Errors
    /// When the simulator does not answer.
    pub async fn happen_what_is_left(&self) -> anyhow::Result<()> {
        let simulator = self.sandbox.simulator()?;
        for order in reviewed(&simulator.state().await?) {
            simulator.happen(Gateway::Conekta, &order, Happening::Pay).await?;
        }
        Ok(())
    }

    /// Keeps data, logs and what the outside shows; says where.
    #[must_use]
    pub fn keep(&mut self, evidence: &Evidence) -> PathBuf {
        let dir = self.sandbox.keep_data();
        self.second.agent_dir.disable_cleanup(true);
        // The report itself tells what is wrong; this only helps to find out why.
        let _ = std::fs::write(dir.join("evidence.txt"), format!("{evidence:#?}"));
        dir
    }
}

/// Orders that somebody looks at.
#[must_use]
pub fn reviewed(state: &Value) -> Vec<String> {
    let orders = state.pointer("/conekta/orders").and_then(Value::as_array).into_iter().flatten();
    let waiting = orders.filter(|order| order["payment_status"] == "under_fraud_review");
    waiting.filter_map(|order| order["id"].as_str().map(str::to_owned)).collect()
}

impl Site {
    /// Makes a second router of the sandbox's company, with a site of its own, and enrols its agent.
    async fn found(sandbox: &Sandbox, address: &str) -> anyhow::Result<Self> {
        let simulator = OwnSimulator::start(&[&format!("name=azotea,listen={address}:0")]).await?;
        let router = simulator.ready.routers.first().context("the simulator plays a router")?;
        let operator = sandbox.super_admin().await?;
        let routers = format!("/admin/empresas/{}/routers", sandbox.ready.empresa_id);
        let body = json!({"nombre": "Azotea", "host": router.host, "puerto": router.port,
            "usuario": router.username, "password": router.password});
        let made = operator.make(&routers, &body).await?;
        let text = |value: &Value| value.as_str().map(str::to_owned).context("a text");
        let (router_id, api_key) = (text(&made["id"])?, text(&made["api_key"])?);
        let token = operator.make(&format!("{routers}/{router_id}/enrolamiento"), &json!({})).await?;
        let agent_dir = tempfile::tempdir()?;
        enrol(&text(&token["token"])?, agent_dir.path()).await?;
        let product = sandbox.cliente_admin().await?.product(&router_id, "1h", 20.0).await?;
        Ok(Self { router_id, api_key, product, simulator, agent_dir, agent: None })
    }

    fn start_agent(&mut self, prefix: Vec<String>) -> anyhow::Result<()> {
        let agent = program("pagos-agent")?.display().to_string();
        let dir = self.agent_dir.path().display().to_string();
        let words =
            [prefix, [agent.as_str(), "run", "--data-dir", &dir].map(str::to_owned).to_vec()].concat();
        let log =
            std::fs::File::options().create(true).append(true).open(self.agent_dir.path().join("log"))?;
        let mut command = bound_to_us(Path::new(&words[0]));
        command.args(&words[1..]).stdout(log.try_clone()?).stderr(log);
        self.agent = Some(command.spawn().context("starting the second agent")?);
        Ok(())
    }
}

async fn enrol(token: &str, dir: &Path) -> anyhow::Result<()> {
    let mut command = bound_to_us(&program("pagos-agent")?);
    command.args(["enroll", token, "--data-dir"]).arg(dir);
    let done =
        tokio::time::timeout(ENROL_WITHIN, command.output()).await.context("enrolling takes too long")??;
    anyhow::ensure!(done.status.success(), "enrolling: {}", String::from_utf8_lossy(&done.stderr));
    Ok(())
}
