//! Starting and stopping a whole simulator.

use crate::clock::Clock;
use crate::conekta::Conekta;
use crate::config::{Config, ConfigError};
use crate::control::{self, Control};
use crate::fault::{FaultBoard, Place};
use crate::gateway;
use crate::listen;
use crate::mercado_pago::MercadoPago;
use crate::routeros::connection;
use crate::routeros::router::Router;
use crate::webhook::Courier;
use serde::Serialize;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// Where a router can be reached, and how to log in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RouterAddress {
    /// Name in the control API.
    pub name: String,
    /// Address of the API.
    pub host: String,
    /// Port of the API.
    pub port: u16,
    /// Name of the API user.
    pub username: String,
    /// Password of the API user.
    pub password: String,
    /// The RouterOS it plays.
    pub version: String,
}

/// Where everything can be reached: the content of the ready file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ready {
    /// Base address of the control API, without a slash at the end.
    pub control_url: String,
    /// Base address of Conekta, without a slash at the end.
    pub conekta_url: String,
    /// Base address of Mercado Pago, without a slash at the end.
    pub mercado_pago_url: String,
    /// The routers as configured.
    pub routers: Vec<RouterAddress>,
    /// The process that it runs in.
    pub pid: u32,
}

/// Why a simulator did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration makes no sense.
    #[error("the configuration is wrong")]
    Config(#[from] ConfigError),
    /// A port cannot be listened on.
    #[error("{what} cannot listen on {address}")]
    Listen {
        /// Who wanted to.
        what: String,
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
}

/// A simulator that runs until it is stopped or dropped.
#[derive(Debug)]
pub struct Simulator {
    ready: Ready,
    control: Arc<Control>,
    servers: JoinSet<()>,
}

impl Simulator {
    /// Listens on all ports and serves them in tasks of the current runtime.
    ///
    /// # Errors
    /// When the configuration makes no sense or a port is taken. Nothing is left running then.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        check(&config)?;
        let clock = Arc::new(Clock::new());
        let faults = Arc::new(FaultBoard::new(config.routers.iter().map(|router| router.name.as_str())));
        let courier = Arc::new(Courier::new(Arc::clone(&clock), Arc::clone(&faults)));
        let conekta = Arc::new(Conekta::new(Arc::clone(&clock), Arc::clone(&faults), Arc::clone(&courier)));
        let mut servers = JoinSet::new();

        let (conekta_listener, conekta_url) = bind("Conekta", config.conekta).await?;
        conekta.set_url(&conekta_url);
        let mercado_pago =
            Arc::new(MercadoPago::new(Arc::clone(&clock), Arc::clone(&faults), Arc::clone(&courier)));
        let (mercado_pago_listener, mercado_pago_url) = bind("Mercado Pago", config.mercado_pago).await?;
        let (control_listener, control_url) = bind("the control API", config.control).await?;
        let mut routers = Vec::new();
        let mut addresses = Vec::new();
        for wanted in &config.routers {
            let listener = TcpListener::bind(wanted.listen).await;
            let listener =
                listener.map_err(|error| failed(&format!("router {}", wanted.name), wanted.listen, error))?;
            let bound = local(&listener, &format!("router {}", wanted.name), wanted.listen)?;
            let router = Arc::new(Router::new(wanted, Arc::clone(&clock), Arc::clone(&faults)));
            addresses.push(RouterAddress {
                name: wanted.name.clone(),
                host: bound.ip().to_string(),
                port: bound.port(),
                username: wanted.username.clone(),
                password: wanted.password.clone(),
                version: wanted.version.to_string(),
            });
            routers.push(Arc::clone(&router));
            servers.spawn(serve_router(listener, router));
        }
        let control = Arc::new(Control {
            clock,
            faults,
            routers,
            conekta: Arc::clone(&conekta),
            mercado_pago: Arc::clone(&mercado_pago),
            courier,
        });
        servers.spawn(gateway::serve(conekta_listener, conekta));
        servers.spawn(gateway::serve(mercado_pago_listener, mercado_pago));
        servers.spawn(control::serve(control_listener, Arc::clone(&control)));
        let ready =
            Ready { control_url, conekta_url, mercado_pago_url, routers: addresses, pid: std::process::id() };
        Ok(Self { ready, control, servers })
    }

    /// Where everything can be reached.
    pub fn ready(&self) -> &Ready {
        &self.ready
    }

    /// What the control API works on, for tests in the same process.
    pub fn control(&self) -> &Control {
        &self.control
    }

    /// Closes all connections and ports.
    pub async fn stop(mut self) {
        self.servers.shutdown().await;
    }
}

async fn serve_router(listener: TcpListener, router: Arc<Router>) {
    let (faults, name) = (Arc::clone(&router.faults), router.name.clone());
    let serve = |stream, away| connection::serve(Arc::clone(&router), stream, away);
    listen::accept(listener, &faults, Some(Place::Router(&name)), serve).await;
}

fn check(config: &Config) -> Result<(), ConfigError> {
    if config.routers.is_empty() {
        return Err(ConfigError::NoRouter);
    }
    let mut names = BTreeSet::new();
    let twice = config.routers.iter().find(|router| !names.insert(router.name.as_str()));
    twice.map_or(Ok(()), |router| Err(ConfigError::SameName(router.name.clone())))
}

async fn bind(what: &str, address: SocketAddr) -> Result<(TcpListener, String), StartError> {
    let listener = TcpListener::bind(address).await.map_err(|error| failed(what, address, error))?;
    let bound = local(&listener, what, address)?;
    Ok((listener, format!("http://{bound}")))
}

fn local(listener: &TcpListener, what: &str, address: SocketAddr) -> Result<SocketAddr, StartError> {
    listener.local_addr().map_err(|error| failed(what, address, error))
}

fn failed(what: &str, address: SocketAddr, source: std::io::Error) -> StartError {
    StartError::Listen { what: what.to_owned(), address, source }
}
