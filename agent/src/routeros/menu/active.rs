//! `/ip/hotspot/active`: the sessions.

use std::net::Ipv4Addr;

use pagos_protocol::Secret;

use super::{RowId, number, owned, row_id, seconds};
use crate::routeros::{Record, Reply, Request};

const PROPERTIES: [&str; 8] =
    [".id", "user", "mac-address", "address", "uptime", "session-time-left", "bytes-in", "bytes-out"];

/// One printed session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActiveRow {
    /// Row id.
    pub id: RowId,
    /// Name of its user.
    pub user: Vec<u8>,
    /// MAC of its device as printed.
    pub mac: Vec<u8>,
    /// Address of its device as printed.
    pub address: String,
    /// How long it has lasted, as printed.
    pub uptime: String,
    /// When it will be ended, in seconds from now, if it will.
    pub left_s: Option<u64>,
    /// Bytes from the device.
    pub bytes_in: u64,
    /// Bytes to the device.
    pub bytes_out: u64,
}

impl ActiveRow {
    /// The rows of a printed reply.
    #[must_use]
    pub fn read_all(reply: &Reply) -> Vec<Self> {
        reply.records.iter().map(Self::read).collect()
    }

    fn read(record: &Record) -> Self {
        let text = |name| record.text(name).unwrap_or_default().into_owned();
        Self {
            id: row_id(record),
            user: owned(record, "user"),
            mac: owned(record, "mac-address"),
            address: text("address"),
            uptime: text("uptime"),
            left_s: record.text("session-time-left").and_then(|text| seconds(&text)),
            bytes_in: number(record, "bytes-in"),
            bytes_out: number(record, "bytes-out"),
        }
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
pub fn login(user: &[u8], password: Option<&Secret>, ip: Ipv4Addr, mac: Option<&str>) -> Request {
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
