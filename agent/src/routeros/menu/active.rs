//! `/ip/hotspot/active`: the sessions.

use std::net::Ipv4Addr;

use pagos_protocol::Secret;

use super::{RowId, owned, row_id};
use crate::routeros::{Reply, Request};

const PROPERTIES: [&str; 3] = [".id", "user", "mac-address"];

/// One printed session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActiveRow {
    /// Row id.
    pub id: RowId,
    /// Name of its user.
    pub user: Vec<u8>,
    /// MAC of its device as printed.
    pub mac: Vec<u8>,
}

impl ActiveRow {
    /// The rows of a printed reply.
    #[must_use]
    pub fn read_all(reply: &Reply) -> Vec<Self> {
        let read = |record| Self {
            id: row_id(record),
            user: owned(record, "user"),
            mac: owned(record, "mac-address"),
        };
        reply.records.iter().map(read).collect()
    }
}

/// Prints the sessions of a user.
#[must_use]
pub fn by_user(name: &[u8]) -> Request {
    Request::new("/ip/hotspot/active/print").query("user", name).properties(&PROPERTIES)
}

/// Prints the sessions of a user and those of a device.
#[must_use]
pub fn by_user_or_mac(name: &[u8], mac: &str) -> Request {
    Request::new("/ip/hotspot/active/print")
        .query("user", name)
        .query("mac-address", mac)
        .operators("|")
        .properties(&PROPERTIES)
}

/// Ends sessions.
#[must_use]
pub fn remove(ids: &[RowId]) -> Request {
    Request::new("/ip/hotspot/active/remove").attribute(".id", ids.join(","))
}

/// Opens a session for a device, without the device doing anything.
#[must_use]
pub fn login(user: &str, password: Option<&Secret>, ip: Ipv4Addr, mac: Option<&str>) -> Request {
    let mut request = Request::new("/ip/hotspot/active/login").attribute("user", user);
    if let Some(password) = password {
        request = request.attribute("password", password.expose());
    }
    request = request.attribute("ip", ip.to_string());
    if let Some(mac) = mac {
        request = request.attribute("mac-address", mac);
    }
    request
}
