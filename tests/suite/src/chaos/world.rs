//! Several sites, one control plane, one database, two gateways.

use std::path::PathBuf;
use std::rc::Rc;

use serde_json::Value;

use super::Plan;
use super::network::Network;
use super::site::Site;
use crate::evidence::Evidence;
use crate::portal::Portal;
use crate::sandbox::{Database, Sandbox, is_running};
use crate::services::{Postgres, database_at};
use crate::simulator::Simulator;
use crate::simulator::gateways::{Gateway, Happening};

/// Sites beside the sandbox's own, which is number 0.
const MORE_SITES: [&str; 3] = ["azotea", "terraza", "lobby"];
/// All sites.
pub const SITES: usize = 1 + MORE_SITES.len();

/// Times of a short run, so that what is lost is noticed while it lasts. A long run has those of the field.
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
    /// The other sites.
    pub more: Vec<Site>,
    /// The server of the database, where there is one.
    pub postgres: Option<Postgres>,
    /// Data directory of the control plane that does not run: a second machine on the same database.
    standby: Option<PathBuf>,
    /// The links. Dropped last: processes live in it.
    pub network: Rc<Network>,
}

/// Where something is sold.
#[derive(Debug)]
pub struct Stall {
    /// The portal of a site.
    pub portal: Portal,
    /// A plan on sale there.
    pub product: i64,
    /// The router.
    pub router_id: String,
}

impl World {
    /// Builds it; when it is given back, all routers can be reached.
    ///
    /// # Errors
    /// When something does not start.
    pub async fn start(plan: &Plan) -> anyhow::Result<Self> {
        let mut network = Network::make(SITES);
        let postgres = match plan.database {
            Database::Sqlite => None,
            Database::Postgres => Some(tokio::task::spawn_blocking(Postgres::start_to_be_killed).await??),
        };
        let address = network.site_address().to_string();
        let mut arguments = vec!["--site-address".to_owned(), address.clone()];
        if let Some(server) = &postgres {
            arguments.extend(["--database-url".to_owned(), database_at(server.url()).await?]);
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let times = if plan.shortened { &SHORTENED[..] } else { &[] };
        let mut sandbox = Sandbox::start_as(&arguments, times).await?;
        network.join(&sandbox.ready.data_dir.join("agent")).await?;
        sandbox.start_agent_below(network.agent_prefix(0));
        sandbox.kill_agent().await?;
        sandbox.restart_agent()?;
        sandbox.router_reachable().await?;
        let mut more = Vec::new();
        for (name, number) in MORE_SITES.into_iter().zip(1..) {
            let mut site = Site::found(&sandbox, name, &address).await?;
            network.join(site.dir()).await?;
            site.prefix = network.agent_prefix(number);
            site.start_agent()?;
            sandbox.reachable(&site.router_id).await?;
            more.push(site);
        }
        let standby = postgres.is_some().then(|| second_machine(&mut sandbox));
        Ok(Self { sandbox, more, postgres, standby, network: Rc::new(network) })
    }

    /// What is sold where.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn stalls(&self) -> anyhow::Result<Vec<Stall>> {
        let portal = self.sandbox.portal()?;
        let others = self.more.iter().map(|site| (portal.with_key(&site.api_key), site.product));
        let own = (portal.clone(), self.sandbox.ready.productos[0].id);
        let sold = [own].into_iter().chain(others).zip(self.routers());
        Ok(sold.map(|((portal, product), router_id)| Stall { portal, product, router_id }).collect())
    }

    /// The routers of all sites.
    #[must_use]
    pub fn routers(&self) -> Vec<String> {
        let others = self.more.iter().map(|site| site.router_id.clone());
        [self.sandbox.ready.router_id.clone()].into_iter().chain(others).collect()
    }

    /// The simulators: gateways and first router, then the other routers.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn simulators(&self) -> anyhow::Result<Vec<Simulator>> {
        let others = self.more.iter().map(|site| Simulator::at(&site.simulator.ready.control_url));
        [self.sandbox.simulator()].into_iter().chain(others).collect()
    }

    /// `kill -9` of the control plane.
    ///
    /// # Errors
    /// When it does not run, or does not disappear.
    pub async fn kill_control_plane(&mut self) -> anyhow::Result<()> {
        let runs = is_running(self.sandbox.ready.pids.control_plane);
        anyhow::ensure!(runs, "the control plane had ended by itself");
        self.sandbox.kill_control_plane().await
    }

    /// Lets the killed control plane be started again on the other machine, where there is one; says whether.
    pub fn change_machines(&mut self) -> bool {
        let Some(standby) = &mut self.standby else { return false };
        let env = &mut self.sandbox.ready.restart.control_plane.env;
        let other = standby.display().to_string();
        if let Some(dir) = env.insert("PAGOS_DATA_DIR".to_owned(), other) {
            *standby = dir.into();
        }
        true
    }

    /// `kill -9` of the agent of a site.
    ///
    /// # Errors
    /// When it does not run, or does not disappear.
    pub async fn kill_agent(&mut self, site: usize) -> anyhow::Result<()> {
        let Some(number) = site.checked_sub(1) else {
            let runs = is_running(self.sandbox.ready.pids.agent);
            anyhow::ensure!(runs, "the agent of the first site had ended by itself");
            return self.sandbox.kill_agent().await;
        };
        self.more[number].kill_agent().await
    }

    /// Starts the killed agent of a site again.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_agent(&mut self, site: usize) -> anyhow::Result<()> {
        match site.checked_sub(1) {
            None => self.sandbox.restart_agent(),
            Some(number) => self.more[number].start_agent(),
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
        for router in self.routers() {
            self.sandbox.reachable(&router).await?;
        }
        Ok(())
    }

    /// Everything that there is to be judged.
    ///
    /// # Errors
    /// When something cannot be read.
    pub async fn evidence(&self) -> anyhow::Result<Evidence> {
        let dirs: Vec<_> = self.more.iter().map(Site::dir).collect();
        let mut evidence = self.sandbox.evidence_with(&dirs).await?;
        for (simulator, router) in self.simulators()?.iter().zip(self.routers()).skip(1) {
            evidence = evidence.with_router(&simulator.state().await?, &router)?;
        }
        Ok(evidence)
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
        self.more.iter_mut().for_each(Site::keep);
        let dir = self.sandbox.keep_data();
        // The report itself tells what is wrong; this only helps to find out why.
        let _ = std::fs::write(dir.join("evidence.txt"), format!("{evidence:#?}"));
        dir
    }
}

/// Prepares a second machine for the control plane: a data directory of its own, the same master key.
fn second_machine(sandbox: &mut Sandbox) -> PathBuf {
    let env = &mut sandbox.ready.restart.control_plane.env;
    let first = PathBuf::from(env.get("PAGOS_DATA_DIR").cloned().unwrap_or_default());
    env.insert("PAGOS_MASTER_KEY_FILE".to_owned(), first.join("master.key").display().to_string());
    sandbox.ready.data_dir.join("control-plane-2")
}

/// Orders that somebody looks at.
#[must_use]
pub fn reviewed(state: &Value) -> Vec<String> {
    let orders = state.pointer("/conekta/orders").and_then(Value::as_array).into_iter().flatten();
    let waiting = orders.filter(|order| order["payment_status"] == "under_fraud_review");
    waiting.filter_map(|order| order["id"].as_str().map(str::to_owned)).collect()
}
