//! Ports, chosen before anything starts.

use std::collections::hash_map::RandomState;
use std::fs::{self, File, TryLockError};
use std::hash::{BuildHasher, Hasher};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

/// Below the range from which systems take ports for outgoing connections, so that none is lost between the choice and
/// its use.
const FREE_FIRST: u16 = 12_000;
const FREE_COUNT: u16 = 20_000;
const TRIES_MAX: u32 = 200;

/// One port per listener of the sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ports {
    /// Address of the two listeners that a site reaches: for agents, and of the simulated router. All others are on
    /// loopback.
    pub site: IpAddr,
    /// Public API.
    pub http: u16,
    /// Agent listener of the control plane.
    pub agent: u16,
    /// RouterOS API of the simulated router.
    pub router: u16,
    /// Control API of the simulator.
    pub control: u16,
    /// Conekta double.
    pub conekta: u16,
    /// Mercado Pago double.
    pub mercado_pago: u16,
}

impl Ports {
    /// The well-known ports where they are free, with `http_port` as asked; 0 means free ports throughout. Sites reach
    /// theirs at `site`.
    ///
    /// # Errors
    /// When `http_port` is taken, or no free port is found.
    pub fn choose(http_port: u16, site: IpAddr) -> anyhow::Result<Self> {
        if http_port == 0 {
            let mut chosen = Vec::new();
            let mut next = || -> anyhow::Result<u16> {
                let port = free_port(&chosen)?;
                chosen.push(port);
                Ok(port)
            };
            return Ok(Self {
                site,
                http: next()?,
                agent: next()?,
                router: next()?,
                control: next()?,
                conekta: next()?,
                mercado_pago: next()?,
            });
        }
        if !is_free(http_port) {
            bail!("port {http_port} is taken; choose another with --http-port, or 0 for free ones");
        }
        let mut chosen = vec![http_port];
        let mut prefer = |port: u16| -> anyhow::Result<u16> {
            let port = if !chosen.contains(&port) && is_free(port) { port } else { free_port(&chosen)? };
            chosen.push(port);
            Ok(port)
        };
        Ok(Self {
            site,
            http: http_port,
            agent: prefer(8443)?,
            router: prefer(8728)?,
            control: prefer(9080)?,
            conekta: prefer(9081)?,
            mercado_pago: prefer(9082)?,
        })
    }

    /// Where agents connect.
    #[must_use]
    pub fn agent_address(&self) -> String {
        SocketAddr::from((self.site, self.agent)).to_string()
    }

    /// The simulated router's API.
    #[must_use]
    pub fn router_address(&self) -> String {
        SocketAddr::from((self.site, self.router)).to_string()
    }

    fn all(&self) -> [u16; 6] {
        [self.http, self.agent, self.router, self.control, self.conekta, self.mercado_pago]
    }

    /// Whether all of them can still be listened on.
    ///
    /// # Errors
    /// Names the first one that is taken.
    pub fn check_free(&self) -> anyhow::Result<()> {
        for port in self.all() {
            if !is_free(port) {
                bail!(
                    "port {port}, which this sandbox used before, is taken; end what uses it, or take a new data directory"
                );
            }
        }
        Ok(())
    }
}

/// A loopback address.
#[must_use]
pub fn local(port: u16) -> String {
    format!("127.0.0.1:{port}")
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

fn free_port(taken: &[u16]) -> anyhow::Result<u16> {
    (0..TRIES_MAX)
        .map(|_| draw())
        .find(|port| !taken.contains(port) && is_free(*port) && reserve(*port))
        .context("no free port found")
}

/// Keeps other sandboxes of this machine from choosing the port before it is listened on, for as long as this process lives.
/// Where that cannot be said, it is as good as said: the port was free a moment ago.
fn reserve(port: u16) -> bool {
    static RESERVED: Mutex<Vec<File>> = Mutex::new(Vec::new());
    let directory = std::env::temp_dir().join("pagos-ports");
    let Ok(file) =
        fs::create_dir_all(&directory).and_then(|()| File::create(directory.join(port.to_string())))
    else {
        return true;
    };
    match file.try_lock() {
        Ok(()) => {
            RESERVED.lock().unwrap_or_else(PoisonError::into_inner).push(file);
            true
        }
        Err(TryLockError::WouldBlock) => false,
        Err(TryLockError::Error(_)) => true,
    }
}

/// A different hash key is drawn each time: good enough to spread sandboxes that start together.
fn draw() -> u16 {
    let drawn = RandomState::new().build_hasher().finish();
    FREE_FIRST + u16::try_from(drawn % u64::from(FREE_COUNT)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_reserved_is_not_chosen_by_others() {
        let port = free_port(&[]).expect("a port");
        assert!(is_free(port) && !reserve(port), "another handle is as good as another process");
    }

    const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn port_zero_gives_free_and_different_ports_everywhere() {
        let ports = Ports::choose(0, LOOPBACK).unwrap();
        let mut all = ports.all().to_vec();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), ports.all().len());
        ports.check_free().unwrap();
    }

    #[test]
    fn a_taken_http_port_is_refused_by_name() {
        let holder = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = holder.local_addr().unwrap().port();
        let message = Ports::choose(port, LOOPBACK).unwrap_err().to_string();
        assert!(message.contains(&port.to_string()), "{message}");
    }

    #[test]
    fn ports_of_an_earlier_run_that_are_taken_are_reported() {
        let mut ports = Ports::choose(0, LOOPBACK).unwrap();
        let holder = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        ports.router = holder.local_addr().unwrap().port();
        assert!(ports.check_free().is_err());
    }
}
