//! The ready file: everything a test or a developer needs to talk to a running sandbox.

use serde::{Deserialize, Serialize};

use crate::process::Call;
use crate::seed::{Account, Product};

/// Contents of the file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ready {
    /// Public API.
    pub base_url: String,
    /// Where agents dial.
    pub agent_url: String,
    /// Platform operator.
    pub super_admin: Account,
    /// Operator of the company.
    pub cliente_admin: Account,
    /// The company.
    pub empresa_id: String,
    /// Its router.
    pub router_id: String,
    /// Portal key of the router.
    pub api_key: String,
    /// Plans on sale.
    pub productos: Vec<Product>,
    /// The simulator.
    pub simulator: SimulatorAddresses,
    /// Process ids at the start.
    pub pids: Pids,
    /// How to start a part again after it died; on the same ports, with the same data.
    pub restart: Restart,
    /// Where data and logs lie.
    pub data_dir: String,
    /// Database of the control plane.
    pub database_url: String,
}

/// Addresses of the simulator.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SimulatorAddresses {
    /// Control API.
    pub control_url: String,
    /// Conekta double.
    pub conekta_url: String,
    /// Mercado Pago double.
    pub mercado_pago_url: String,
    /// The simulated router.
    pub routeros: RouterAddress,
}

/// The API of the simulated router.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RouterAddress {
    /// Address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// API user.
    pub username: String,
    /// Its password.
    pub password: String,
}

/// Process ids.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Pids {
    /// Control plane.
    pub control_plane: u32,
    /// Agent.
    pub agent: u32,
    /// Simulator.
    pub simulator: u32,
}

/// How to start parts again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Restart {
    /// Control plane.
    pub control_plane: Call,
    /// Agent.
    pub agent: Call,
}
