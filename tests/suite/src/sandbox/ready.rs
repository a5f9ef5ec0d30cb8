//! The sandbox's ready file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

/// Contents of the ready file, as documented.
#[derive(Debug, Clone, Deserialize)]
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
    pub simulator: Addresses,
    /// Process ids.
    pub pids: Pids,
    /// How to start parts again.
    pub restart: Restart,
    /// Where data and logs lie.
    pub data_dir: PathBuf,
    /// Database of the control plane.
    pub database_url: String,
}

/// Somebody who can log in.
#[derive(Debug, Clone, Deserialize)]
pub struct Account {
    /// E-mail.
    pub email: String,
    /// Password.
    pub password: String,
}

/// A plan.
#[derive(Debug, Clone, Deserialize)]
pub struct Product {
    /// Number.
    pub id: i64,
    /// Price in major units.
    pub precio: serde_json::Value,
    /// Profile on the router.
    pub perfil_mikrotik_nombre: String,
}

/// Where the simulator is.
#[derive(Debug, Clone, Deserialize)]
pub struct Addresses {
    /// Control API.
    pub control_url: String,
    /// Conekta double.
    pub conekta_url: String,
    /// Mercado Pago double.
    pub mercado_pago_url: String,
    /// The simulated router's API.
    pub routeros: RouterAddress,
}

/// The simulated router's API.
#[derive(Debug, Clone, Deserialize)]
pub struct RouterAddress {
    /// Address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// User.
    pub username: String,
    /// Password.
    pub password: String,
}

/// Process ids.
#[derive(Debug, Clone, Deserialize)]
pub struct Pids {
    /// Control plane.
    pub control_plane: u32,
    /// Agent.
    pub agent: u32,
    /// Simulator.
    pub simulator: u32,
}

/// How to start parts again.
#[derive(Debug, Clone, Deserialize)]
pub struct Restart {
    /// Control plane.
    pub control_plane: Call,
    /// Agent.
    pub agent: Call,
}

/// A process to start.
#[derive(Debug, Clone, Deserialize)]
pub struct Call {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Environment.
    pub env: BTreeMap<String, String>,
}
