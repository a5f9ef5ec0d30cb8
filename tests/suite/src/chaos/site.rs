//! A site beside the sandbox's own: a router and an agent.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};
use tokio::process::Child;

use crate::programs::program;
use crate::sandbox::{Sandbox, bound_to_us, is_running};
use crate::simulator::OwnSimulator;

/// The longest an enrolment may take.
const ENROL_WITHIN: Duration = Duration::from_secs(30);

/// A site that is not the sandbox's own.
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
    /// Put before the words of its agent.
    pub prefix: Vec<String>,
    agent_dir: tempfile::TempDir,
    agent: Option<Child>,
}

impl Site {
    /// Makes another router of the sandbox's company, with a site of its own, and enrols its agent.
    ///
    /// # Errors
    /// When something is refused or does not start.
    pub async fn found(sandbox: &Sandbox, name: &str, address: &str) -> anyhow::Result<Self> {
        let simulator = OwnSimulator::start(&[&format!("name={name},listen={address}:0")]).await?;
        let router = simulator.ready.routers.first().context("the simulator plays a router")?;
        let operator = sandbox.super_admin().await?;
        let routers = format!("/admin/empresas/{}/routers", sandbox.ready.empresa_id);
        let body = json!({"nombre": name, "host": router.host, "puerto": router.port,
            "usuario": router.username, "password": router.password});
        let made = operator.make(&routers, &body).await?;
        let text = |value: &Value| value.as_str().map(str::to_owned).context("a text");
        let (router_id, api_key) = (text(&made["id"])?, text(&made["api_key"])?);
        let token = operator.make(&format!("{routers}/{router_id}/enrolamiento"), &json!({})).await?;
        let agent_dir = tempfile::tempdir()?;
        enrol(&text(&token["token"])?, agent_dir.path()).await?;
        let product = sandbox.cliente_admin().await?.product(&router_id, "1h", 20.0).await?;
        Ok(Self { router_id, api_key, product, simulator, prefix: Vec::new(), agent_dir, agent: None })
    }

    /// Where the agent keeps its journal and its log.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.agent_dir.path()
    }

    /// Keeps journal and log although the site ends.
    pub fn keep(&mut self) {
        self.agent_dir.disable_cleanup(true);
    }

    /// Starts the agent.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_agent(&mut self) -> anyhow::Result<()> {
        let agent = program("pagos-agent")?.display().to_string();
        let dir = self.dir().display().to_string();
        let own = [agent.as_str(), "run", "--data-dir", &dir].map(str::to_owned).to_vec();
        let words = [self.prefix.clone(), own].concat();
        let log = std::fs::File::options().create(true).append(true).open(self.dir().join("log"))?;
        let mut command = bound_to_us(Path::new(&words[0]));
        command.args(&words[1..]).stdout(log.try_clone()?).stderr(log);
        self.agent = Some(command.spawn().with_context(|| format!("starting the agent of {dir}"))?);
        Ok(())
    }

    /// `kill -9` of the agent.
    ///
    /// # Errors
    /// When it does not run, or does not disappear.
    pub async fn kill_agent(&mut self) -> anyhow::Result<()> {
        let mut agent = self.agent.take().context("the agent was started")?;
        let runs = agent.id().is_some_and(is_running);
        anyhow::ensure!(runs, "the agent of {} had ended by itself", self.dir().display());
        Ok(agent.kill().await?)
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
