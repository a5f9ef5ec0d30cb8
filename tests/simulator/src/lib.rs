//! Stands in for MikroTik routers, Conekta and Mercado Pago, with faults on demand.
//!
//! A [`Simulator`] runs one or more routers (their API only), a Conekta and a Mercado Pago server and a control API,
//! each on its own port. It runs in a test's own process, or as the program `pagos-simulator`. It knows nothing of the product: its
//! RouterOS codec and its idea of a gateway are written separately, so that a mistake there cannot hide behind the
//! same mistake here.
//!
//! - [`simulator`]: starting and stopping.
//! - [`config`]: what is started.
//! - [`clock`]: the time that routers and gateway go by.
//! - [`fault`]: what goes wrong on demand.
//! - [`routeros`]: the routers.
//! - [`conekta`], [`mercado_pago`]: the gateways.
//! - [`gateway`], [`mod@ledger`]: what both have in common.
//! - [`webhook`]: what the gateways tell without being asked.
//! - [`control`]: the control API.
//! - [`listen`], [`http`]: accepting connections and serving HTTP on them.
//!
//! `docs/simulator.md` tells how it is used, and which of its answers are proven and which assumed.

pub mod clock;
pub mod conekta;
pub mod config;
pub mod control;
pub mod fault;
pub mod gateway;
pub mod http;
pub mod ledger;
pub mod listen;
pub mod mercado_pago;
pub mod routeros;
pub mod simulator;
pub mod webhook;

pub use config::{Config, RouterConfig};
pub use simulator::Simulator;
