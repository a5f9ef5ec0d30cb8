//! How simulator, control plane and agent are called.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use serde::Deserialize;

use crate::layout::Layout;
use crate::ports::{Ports, local};
use crate::process::{Call, Processes};

/// Name of the simulated router, in the simulator's control API.
pub const ROUTER_NAME: &str = "kiosco";
/// RouterOS that it plays.
pub const ROUTER_VERSION: &str = "7.20.8";

/// The longest a part may take to start, in milliseconds; a machine that tests on all cores is slow.
const START_MS_MAX: u64 = 60_000;
/// The longest an enrolment may take, in milliseconds.
const ENROL_MS_MAX: u64 = 30_000;

/// What a load test must not meet.
const UNLIMITED: &str = "1000000";

/// The programs, beside the sandbox's own.
#[derive(Debug)]
pub struct Programs {
    dir: PathBuf,
}

impl Programs {
    /// Looks beside the running program.
    ///
    /// # Errors
    /// Names the first one that is missing.
    pub fn beside_own() -> anyhow::Result<Self> {
        let own = std::env::current_exe().context("finding the own program")?;
        let dir = own.parent().context("the own program lies in a directory")?.to_path_buf();
        for name in ["pagos-simulator", "pagos-control-plane", "pagos-agent"] {
            if !dir.join(name).is_file() {
                bail!("{name} is not in {}; build it first (make sandbox does)", dir.display());
            }
        }
        Ok(Self { dir })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}

/// What the simulator says when it is ready.
#[derive(Debug, Clone, Deserialize)]
pub struct SimulatorReady {
    /// Control API.
    pub control_url: String,
    /// Conekta double.
    pub conekta_url: String,
    /// Mercado Pago double.
    pub mercado_pago_url: String,
    /// The routers.
    pub routers: Vec<RouterReady>,
}

/// A simulated router.
#[derive(Debug, Clone, Deserialize)]
pub struct RouterReady {
    /// Address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// API user.
    pub username: String,
    /// Its password.
    pub password: String,
}

/// What the control plane says when it is ready.
#[derive(Debug, Clone, Deserialize)]
pub struct ControlPlaneReady {
    /// Public API.
    pub http_url: String,
    /// Where agents dial.
    pub agent_address: String,
    /// Where the first super admin is made; absent when there is one.
    pub setup_url: Option<String>,
}

/// Starts the simulator; gives its addresses and process id.
///
/// # Errors
/// When it does not start.
pub async fn start_simulator(
    processes: &mut Processes,
    programs: &Programs,
    layout: &Layout,
    ports: &Ports,
) -> anyhow::Result<(SimulatorReady, u32)> {
    let router = format!("name={ROUTER_NAME},version={ROUTER_VERSION},listen={}", ports.router_address());
    let call = Call::new(
        &programs.path("pagos-simulator"),
        &[
            "--control",
            &local(ports.control),
            "--conekta",
            &local(ports.conekta),
            "--mercado-pago",
            &local(ports.mercado_pago),
            "--router",
            &router,
            "--exit-on-stdin-eof",
        ],
    );
    start(processes, "simulator", with_ready_file(call, &layout.ready_file("simulator")), layout).await
}

/// The control plane's call. Settings in the caller's environment are passed on; the sandbox's own wiring is not up to it.
#[must_use]
pub fn control_plane_call(
    programs: &Programs,
    layout: &Layout,
    ports: &Ports,
    simulator: &SimulatorReady,
    database_url: &str,
) -> Call {
    let mut call = Call::new(&programs.path("pagos-control-plane"), &["serve"])
        .with("PAGOS_DATA_DIR", layout.control_plane().display().to_string())
        .with("PAGOS_DATABASE_URL", database_url)
        .with("PAGOS_HTTP__LISTEN", local(ports.http))
        .with("PAGOS_AGENT_LISTEN", ports.agent_address())
        .with("PAGOS_AGENT_ADDRESS", ports.agent_address())
        .with("PAGOS_PUBLIC_URL", format!("http://{}", local(ports.http)))
        .with("PAGOS_CONEKTA__URL", &simulator.conekta_url)
        .with("PAGOS_MERCADO_PAGO__URL", &simulator.mercado_pago_url)
        .with("PAGOS_LIMITS__RESERVATIONS_IN_FLIGHT", UNLIMITED)
        .with("PAGOS_LIMITS__ATTEMPTS_PER_MINUTE", UNLIMITED)
        .with("PAGOS_LIMITS__ATTEMPTS_PER_DEVICE_PER_MINUTE", UNLIMITED)
        .with("PAGOS_LIMITS__REQUESTS_PER_KEY_PER_MINUTE", UNLIMITED)
        .with("PAGOS_LIMITS__REFUSED_PER_CLIENT_PER_MINUTE", UNLIMITED)
        .with("PAGOS_LIMITS__WRONG_PASSWORDS_PER_CLIENT_PER_MINUTE", UNLIMITED);
    for (name, value) in std::env::vars().filter(|(name, _)| is_setting(name)) {
        call = call.with(&name, value);
    }
    with_ready_file(call, &layout.ready_file("control-plane"))
}

/// The agent's call, once it is enrolled.
#[must_use]
pub fn agent_call(programs: &Programs, layout: &Layout) -> Call {
    Call::new(&programs.path("pagos-agent"), &["run", "--data-dir", &layout.agent().display().to_string()])
}

/// Starts the control plane; gives its addresses and process id.
///
/// # Errors
/// When it does not start.
pub async fn start_control_plane(
    processes: &mut Processes,
    call: &Call,
    layout: &Layout,
) -> anyhow::Result<(ControlPlaneReady, u32)> {
    start(processes, "control-plane", call.clone(), layout).await
}

/// Exchanges the one-time token for the agent's certificate.
///
/// # Errors
/// When the control plane refuses.
pub async fn enrol_agent(
    processes: &Processes,
    programs: &Programs,
    layout: &Layout,
    token: &str,
) -> anyhow::Result<()> {
    let dir = layout.agent().display().to_string();
    let call = Call::new(&programs.path("pagos-agent"), &["enroll", token, "--data-dir", &dir]);
    let limit = Duration::from_millis(ENROL_MS_MAX);
    processes.run(&call, &layout.log("agent"), limit).await.context("enrolling the agent")
}

fn with_ready_file(mut call: Call, file: &Path) -> Call {
    call.argv.extend(["--ready-file".to_owned(), file.display().to_string()]);
    call
}

async fn start<T: serde::de::DeserializeOwned>(
    processes: &mut Processes,
    part: &'static str,
    call: Call,
    layout: &Layout,
) -> anyhow::Result<(T, u32)> {
    let (file, log) = (layout.ready_file(part), layout.log(part));
    if file.exists() {
        std::fs::remove_file(&file).with_context(|| format!("removing the old {}", file.display()))?;
    }
    let id = processes.start(part, &call, &log)?;
    let ready = processes.ready(part, &file, &log, Duration::from_millis(START_MS_MAX)).await?;
    Ok((ready, id))
}

/// Whether the control plane is told: keys of a section, such as limits and time-outs. Not told are the addresses that hold
/// the sandbox together, and keys without a section: those name databases, keys and secrets, maybe of a real service.
fn is_setting(name: &str) -> bool {
    name.starts_with("PAGOS_")
        && name.contains("__")
        && !["PAGOS_HTTP__LISTEN", "PAGOS_CONEKTA__URL", "PAGOS_MERCADO_PAGO__URL"].contains(&name)
}

#[cfg(test)]
mod tests {
    use super::is_setting;

    #[test]
    fn settings_are_passed_on_and_wiring_and_secrets_are_not() {
        assert!(is_setting("PAGOS_PURCHASE__QUIET_PERIOD_MS"));
        assert!(is_setting("PAGOS_LIMITS__ATTEMPTS_PER_MINUTE"));
        for name in [
            "PAGOS_DATABASE_URL",
            "PAGOS_MASTER_KEY_FILE",
            "PAGOS_CONEKTA__URL",
            "PAGOS_MERCADO_PAGO__URL",
            "PAGOS_TEST_PYTHON",
            "HOME",
        ] {
            assert!(!is_setting(name), "{name}");
        }
    }
}
