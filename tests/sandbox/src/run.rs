//! The order of it all: choose ports, start the parts, seed, buy, stay up, end everything.

use std::io::Write as _;
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::{Value, json};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::gateways::{Both, connect_webhooks};
use crate::http::{Http, Login};
use crate::layout::{Layout, write_private};
use crate::options::Options;
use crate::parts::{
    self, ControlPlaneReady, Programs, ROUTER_NAME, ROUTER_VERSION, SimulatorReady, agent_call,
    control_plane_call,
};
use crate::ports::Ports;
use crate::process::{Call, Processes};
use crate::purchase::{Device, Receipt, buy};
use crate::ready::{Pids, Ready, Restart, RouterAddress, SimulatorAddresses};
use crate::seed::{self, Memory, Planted};
use crate::story::{Story, Stream};

/// The longest the agent may take to connect after its start, in milliseconds.
const CONNECT_MS_MAX: u64 = 30_000;
/// How often it is asked whether it has, in milliseconds.
const CONNECT_LOOK_MS: u64 = 50;

/// Runs a sandbox until it is asked to end.
///
/// # Errors
/// When it cannot start, or the purchase fails; what was started has ended by then.
pub async fn run(options: &Options) -> anyhow::Result<()> {
    let story = Story::new(if options.once { Stream::Error } else { Stream::Output });
    let mut interrupt = Interrupt::new()?;
    let layout = Layout::open(options.data_dir.as_deref())?;
    let mut processes = Processes::new().await;
    let result = tokio::select! {
        result = live(options, story, &layout, &mut processes) => result,
        () = interrupt.wait() => ended_early(options),
    };
    if !options.once {
        story.ending();
    }
    processes.end().await;
    result
}

fn ended_early(options: &Options) -> anyhow::Result<()> {
    if options.once {
        bail!("asked to end before the purchase was done");
    }
    Ok(())
}

async fn live(
    options: &Options,
    story: Story,
    layout: &Layout,
    processes: &mut Processes,
) -> anyhow::Result<()> {
    let http = Http::new()?;
    let ready = start(options, story, layout, processes, &http).await?;
    let device = Device::draw()?;
    let seen = json!({"mac": device.mac, "ip": device.ip, "router": ROUTER_NAME});
    http.post(&format!("{}/hosts", ready.simulator.control_url), Login::None, &seen, None)
        .await?
        .good("putting the phone on the router's network")?;
    let product = ready.productos.first().context("there is a plan on sale")?;
    story.paying(
        &device,
        &product.nombre_venta,
        &format!("{:.2}", product.precio.as_f64().unwrap_or_default()),
    );
    let receipt = buy(&http, &ready.base_url, &ready.api_key, product, &device).await?;
    story.bought(&receipt);
    if let Some(path) = &options.ready_file {
        write_private(path, &serde_json::to_string_pretty(&ready)?)?;
    }
    if options.once {
        let shown = http.get(&format!("{}/state", ready.simulator.control_url), Login::None).await?;
        write_private(&layout.last_state(), &shown.good("reading the simulator's state")?.to_string())?;
        return print(&receipt);
    }
    story.open(&ready);
    loop {
        let death = processes.next_death().await;
        story.died(death.part, &death.status, &layout.log(death.part).display().to_string());
    }
}

async fn start(
    options: &Options,
    story: Story,
    layout: &Layout,
    processes: &mut Processes,
    http: &Http,
) -> anyhow::Result<Ready> {
    let programs = Programs::beside_own()?;
    let memory = Memory::read(layout)?;
    let (ports, database_url) = decide(options, memory.as_ref())?;
    story.starting(&layout.root().display().to_string(), memory.is_some());

    let (simulator, simulator_pid) = parts::start_simulator(processes, &programs, layout, &ports).await?;
    story.simulator(ROUTER_VERSION, &ports.router_address(), &simulator);
    let database_url = database_url
        .unwrap_or_else(|| format!("sqlite://{}", layout.control_plane().join("pagos.db").display()));
    let control_call = control_plane_call(&programs, layout, &ports, &simulator, &database_url);
    let (control, control_pid) = parts::start_control_plane(processes, &control_call, layout).await?;
    story.control_plane(&control.http_url, &database_url);

    let agent_call = agent_call(&programs, layout);
    let (memory, session, agent_pid) = match memory {
        Some(memory) => {
            let session = seed::login(http, &control.http_url, &memory.cliente_admin).await?;
            let pid =
                start_agent(processes, &agent_call, layout, http, &control, &session, &memory.router_id)
                    .await?;
            (memory, session, pid)
        }
        None => {
            let router = simulator.routers.first().context("the simulator plays a router")?;
            let planted = seed::plant(http, &control.http_url, control.setup_url.as_deref(), router).await?;
            parts::enrol_agent(processes, &programs, layout, &planted.enrolment_token).await?;
            let Planted { session, router_id, .. } = &planted;
            let pid = start_agent(processes, &agent_call, layout, http, &control, session, router_id).await?;
            let productos = seed::plans(http, &control.http_url, session, router_id).await?;
            let memory = Memory {
                ports,
                database_url: options.database_url.clone(),
                super_admin: planted.super_admin,
                cliente_admin: planted.cliente_admin,
                empresa_id: planted.empresa_id,
                router_id: planted.router_id,
                api_key: planted.api_key,
                productos,
            };
            memory.write(layout)?;
            (memory, planted.session, pid)
        }
    };
    let both = Both {
        base: &control.http_url,
        session: &session,
        empresa_id: &memory.empresa_id,
        control_url: &simulator.control_url,
    };
    connect_webhooks(http, both).await?;
    story.agent(&control.agent_address);
    let pids = Pids { control_plane: control_pid, agent: agent_pid, simulator: simulator_pid };
    let restart = Restart { control_plane: control_call, agent: agent_call };
    ready(memory, &simulator, &control, pids, restart, layout, database_url)
}

fn decide(options: &Options, memory: Option<&Memory>) -> anyhow::Result<(Ports, Option<String>)> {
    let Some(memory) = memory else {
        return Ok((Ports::choose(options.http_port, options.site_address)?, options.database_url.clone()));
    };
    if options.database_url.is_some() && options.database_url != memory.database_url {
        bail!(
            "this data directory belongs to another database; leave --database-url out, or take a new data directory"
        );
    }
    memory.ports.check_free()?;
    Ok((memory.ports.clone(), memory.database_url.clone()))
}

async fn start_agent(
    processes: &mut Processes,
    call: &Call,
    layout: &Layout,
    http: &Http,
    control: &ControlPlaneReady,
    session: &str,
    router_id: &str,
) -> anyhow::Result<u32> {
    let log = layout.log("agent");
    let pid = processes.start("agent", call, &log)?;
    let url = format!("{}/api/v1/admin/routers/{router_id}/test-connection", control.http_url);
    let mut last = Value::Null;
    let connected = async {
        loop {
            last = http.get(&url, Login::Session(session)).await?.good("asking for the router")?;
            if last["success"] == true {
                return anyhow::Ok(());
            }
            tokio::time::sleep(Duration::from_millis(CONNECT_LOOK_MS)).await;
        }
    };
    tokio::select! {
        done = connected => done?,
        death = processes.next_death() => {
            bail!("{} ended while the agent was connecting ({}); see {}", death.part, death.status, log.display())
        }
        () = tokio::time::sleep(Duration::from_millis(CONNECT_MS_MAX)) => {
            bail!("the agent did not reach the router in time; last answer {last}; see {}", log.display())
        }
    }
    Ok(pid)
}

fn ready(
    memory: Memory,
    simulator: &SimulatorReady,
    control: &ControlPlaneReady,
    pids: Pids,
    restart: Restart,
    layout: &Layout,
    database_url: String,
) -> anyhow::Result<Ready> {
    let router = simulator.routers.first().context("the simulator plays a router")?.clone();
    Ok(Ready {
        base_url: control.http_url.clone(),
        agent_url: format!("https://{}", control.agent_address),
        super_admin: memory.super_admin,
        cliente_admin: memory.cliente_admin,
        empresa_id: memory.empresa_id,
        router_id: memory.router_id,
        api_key: memory.api_key,
        productos: memory.productos,
        simulator: SimulatorAddresses {
            control_url: simulator.control_url.clone(),
            conekta_url: simulator.conekta_url.clone(),
            mercado_pago_url: simulator.mercado_pago_url.clone(),
            routeros: RouterAddress {
                host: router.host,
                port: router.port,
                username: router.username,
                password: router.password,
            },
        },
        pids,
        restart,
        data_dir: layout.root().display().to_string(),
        database_url,
    })
}

fn print(receipt: &Receipt) -> anyhow::Result<()> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{}", serde_json::to_string_pretty(receipt)?)?;
    output.flush().context("printing the receipt")
}

/// Ctrl-C, SIGTERM and SIGHUP (the terminal was closed).
#[derive(Debug)]
struct Interrupt {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Interrupt {
    fn new() -> anyhow::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn wait(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }
}
