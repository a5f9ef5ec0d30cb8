//! Puts the running service together, and takes it down in order.
//!
//! | module | holds |
//! |---|---|
//! | [`assembly`] | the parts, made from the configuration |
//! | [`public`] | the listener of portals and panels |
//! | [`ready`] | the file that tells a supervisor where everything is |
//! | [`logging`] | log lines |
//! | [`metrics`] | the internal listener of whoever watches the service |
//!
//! On SIGTERM or interrupt nothing new is accepted, requests under way are answered, purchases are parked, agents are
//! told when to come back, and the process ends within 30 seconds.

pub mod assembly;
pub mod logging;
pub mod metrics;
pub mod public;
pub mod ready;

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::auth::setup;
use crate::causes::chain;
use crate::config::{self, Config};
use crate::http;
use crate::http::app::Shared;
use crate::link;
use crate::seams::{Clock, Random};
use crate::tenants;
use assembly::Assembled;
use public::Door;
use public::tls::Identity;
use ready::Ready;

/// How long everything may take after the signal, in milliseconds: supervisors kill after 30 seconds.
const STOP_MS: u64 = 28_000;
/// How much of it requests and purchases under way may take, in milliseconds.
const DRAIN_MS: u64 = 20_000;
/// How often uses of API keys are written, in milliseconds.
const USAGE_FLUSH_MS: u64 = 5_000;

/// Runs the service until it is told to stop.
///
/// # Errors
/// When it cannot start, or a listener fails.
pub async fn run(config: Config, ready_file: Option<PathBuf>) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("waiting for signals")?;
    let (clock, random) = (Clock::default(), Random::default());
    let listen = config.http.listen;
    let http = TcpListener::bind(listen).await.with_context(|| format!("listening for HTTP on {listen}"))?;
    let listen = config.agent_listen;
    let agents =
        TcpListener::bind(listen).await.with_context(|| format!("listening for agents on {listen}"))?;
    let watched = match config.metrics.address() {
        Some(listen) => Some(
            TcpListener::bind(listen).await.with_context(|| format!("listening for metrics on {listen}"))?,
        ),
        None => None,
    };
    let identity = match config.http.tls() {
        Some((certificate, key)) => Some(Identity::open(certificate, key)?),
        None => None,
    };
    let door = door(&config.http, identity.as_ref())?;
    let mut addresses = Addresses::new(&config, http.local_addr()?, agents.local_addr()?);
    addresses.metrics = watched.as_ref().and_then(metrics_url);
    let config = Config { public_url: addresses.public.clone(), ..config };
    let assembled = assembly::assemble(config, clock, random, addresses.agent.clone()).await?;
    let app = assembled.app.clone();

    app.purchases.register().await.context("taking the lease of this process")?;
    let setup_secret = setup::new_link(&app.store, &app.clock, &app.random).await?;
    let (stop, stopping) = watch::channel(false);
    let mut agents = serve_agents(&assembled, agents, &addresses, stopping.clone());
    let mut public = tokio::spawn(public::serve(http, http::router(&app), door, until(stopping.clone())));
    if let Some(listener) = watched {
        tokio::spawn(public::serve(
            listener,
            metrics::router(&app),
            Door::default(),
            until(stopping.clone()),
        ));
    }
    let background = start_background(&app, &stopping, identity);
    // Others are served already: without the database now, the next sweep takes over what is left.
    if let Err(error) = app.purchases.recover().await {
        tracing::error!(error = %chain(&error), "purchases of an earlier process could not be taken over yet");
    }
    announce(&addresses, setup_secret, ready_file)?;

    let outcome = tokio::select! {
        _ = terminate.recv() => Ok(()),
        result = tokio::signal::ctrl_c() => result.context("waiting for an interrupt"),
        ended = &mut agents => Err(anyhow::anyhow!("agent listener ended: {ended:?}")),
        ended = &mut public => Err(anyhow::anyhow!("HTTP listener ended: {ended:?}")),
    };
    tracing::info!("service stopping");
    stop.send_replace(true);
    let ending = async {
        drain(&app, public, agents).await;
        for task in background {
            task.abort();
        }
        flush_usage(&app).await;
    };
    if tokio::time::timeout(Duration::from_millis(STOP_MS), ending).await.is_err() {
        tracing::warn!("service did not finish in time; the next start goes on from the database");
    }
    tracing::info!("service stopped");
    outcome
}

/// Finishes what is under way. Purchases need their agents, so these are sent away last.
async fn drain(app: &Shared, public: JoinHandle<()>, agents: JoinHandle<Result<(), link::ListenError>>) {
    let limit = Duration::from_millis(DRAIN_MS);
    let requests = async {
        if !public.is_finished() && tokio::time::timeout(limit, public).await.is_err() {
            tracing::warn!("requests under way were cut");
        }
    };
    tokio::join!(requests, app.purchases.park(limit));
    app.hub.goodbye().await;
    agents.abort();
}

/// Where everything can be reached.
#[derive(Debug, Clone)]
struct Addresses {
    /// Scheme, host and port of the public listener.
    http: String,
    /// Base address for people; [`Addresses::http`] when none is configured.
    public: String,
    /// `host:port` that agents dial.
    agent: String,
    /// Where metrics are read; none when they are off.
    metrics: Option<String>,
}

fn metrics_url(listener: &TcpListener) -> Option<String> {
    let address = listener.local_addr().ok()?;
    Some(format!("http://{}/metrics", reachable(address)))
}

impl Addresses {
    fn new(config: &Config, http: SocketAddr, agents: SocketAddr) -> Self {
        let http = format!("{}://{}", config.http.scheme(), reachable(http));
        let public = if config.public_url.is_empty() { http.clone() } else { config.public_url.clone() };
        let agent = if config.agent_address.is_empty() {
            if agents.ip().is_unspecified() {
                tracing::warn!("agent_address is not set: enrolment tokens work on this machine only");
            }
            reachable(agents).to_string()
        } else {
            config.agent_address.clone()
        };
        Self { http, public, agent, metrics: None }
    }
}

/// The address at which this machine reaches a listener.
fn reachable(listening: SocketAddr) -> SocketAddr {
    let ip = match listening.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
    };
    SocketAddr::new(ip, listening.port())
}

fn serve_agents(
    assembled: &Assembled,
    listener: TcpListener,
    addresses: &Addresses,
    stopping: watch::Receiver<bool>,
) -> JoinHandle<Result<(), link::ListenError>> {
    let (context, address) = (assembled.link.clone(), addresses.agent.clone());
    tokio::spawn(async move { link::serve(listener, context, &[&address], until(stopping)).await })
}

/// Who may come in on the public side, and how.
fn door(http: &config::Http, identity: Option<&Identity>) -> anyhow::Result<Door> {
    Ok(Door {
        tls: identity.map(Identity::acceptor).transpose()?,
        connections_max: http.connections_max,
        connections_per_client_max: http.connections_per_client_max,
        proxies: http.trusted_proxies.clone(),
    })
}

/// Reads certificate and key again when they change.
async fn watch_identity(identity: Option<Identity>) {
    if let Some(identity) = identity
        && let Err(error) = identity.watch().await
    {
        tracing::error!(error = format!("{error:#}"), "a renewed certificate needs a restart");
    }
}

fn start_background(
    app: &Shared,
    stopping: &watch::Receiver<bool>,
    identity: Option<Identity>,
) -> [JoinHandle<()>; 9] {
    let arrivals = app.hub.arrivals();
    let purchases = app.purchases.clone();
    let attending = tokio::spawn(async move { purchases.attend(arrivals).await });
    let purchases = app.purchases.clone();
    let leasing = tokio::spawn(async move { purchases.keep_lease().await });
    let purchases = app.purchases.clone();
    let housekeeping = tokio::spawn(async move { purchases.keep_house().await });
    let purchases = app.purchases.clone();
    let sweeping = tokio::spawn(async move { purchases.keep_sweeping().await });
    let (webhooks, until) = (app.webhooks.clone(), stopping.clone());
    let notifications = tokio::spawn(async move { webhooks.work(until).await });
    let renewing = tokio::spawn(watch_identity(identity));
    let counted = app.clone();
    let counting = tokio::spawn(async move { tenants::counts::keep(&counted.store, &counted.clock).await });
    let (outbox, until) = (app.outbox.clone(), stopping.clone());
    let telling = tokio::spawn(async move { outbox.work(until).await });
    let app = app.clone();
    let flushing = tokio::spawn(async move {
        let mut tick = tokio::time::interval(Duration::from_millis(USAGE_FLUSH_MS));
        loop {
            tick.tick().await;
            flush_usage(&app).await;
        }
    });
    [attending, leasing, housekeeping, sweeping, notifications, renewing, counting, telling, flushing]
}

async fn flush_usage(app: &Shared) {
    if let Err(error) = app.api_keys.flush_usage().await {
        tracing::warn!(error = %chain(&error), "uses of API keys were not written");
    }
}

/// Tells the operator and the supervisor that the service is up.
fn announce(
    addresses: &Addresses,
    setup_secret: Option<String>,
    ready_file: Option<PathBuf>,
) -> anyhow::Result<()> {
    let setup_url = setup_secret.map(|secret| format!("{}/setup/{secret}", addresses.public));
    if let Some(url) = &setup_url {
        // On purpose not through the log: the link is a secret.
        let mut out = std::io::stdout().lock();
        writeln!(
            out,
            "\nPagos Hotspot: crea el primer administrador en / make the first administrator at\n\n  {url}\n"
        )
        .and_then(|()| out.flush())
        .context("printing the set-up link")?;
    }
    if let Some(path) = ready_file {
        let ready = Ready {
            http_url: addresses.http.clone(),
            agent_address: addresses.agent.clone(),
            metrics_url: addresses.metrics.clone(),
            setup_url,
            pid: std::process::id(),
        };
        ready.write(&path).with_context(|| format!("writing {}", path.display()))?;
    }
    tracing::info!(http.url = addresses.http, agent.address = addresses.agent, "service ready");
    Ok(())
}

/// Ends when the service is to stop.
async fn until(mut stopping: watch::Receiver<bool>) {
    // An error means that the sender is gone, and with it the service.
    let _ = stopping.wait_for(|stop| *stop).await;
}
