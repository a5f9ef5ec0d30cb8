//! The simulator as its clients meet it: over TCP and HTTP, in the test's own process or as a program.
#![allow(clippy::disallowed_methods, reason = "these tests are the world outside and dial by themselves")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod api_client;
mod conekta;
mod control;
mod happen;
mod http_client;
mod load;
mod mercado_pago;
mod program;
mod receiver;
mod routeros;
mod webhook;

use pagos_simulator::config::{Config, RouterConfig};
use pagos_simulator::simulator::{RouterAddress, Simulator};

/// A simulator with a router of each version, called by its version.
async fn simulator(versions: &[&str]) -> Simulator {
    let router =
        |version: &&str| format!("name={version},version={version}").parse::<RouterConfig>().unwrap();
    let routers = versions.iter().map(router).collect();
    Simulator::start(Config { routers, ..Config::default() }).await.unwrap()
}

fn address(router: &RouterAddress) -> String {
    format!("{}:{}", router.host, router.port)
}
