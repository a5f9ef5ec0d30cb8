//! `/ip/hotspot/host`: the devices that the hotspot sees.

use std::net::Ipv4Addr;

use super::seconds;
use crate::routeros::{Record, Reply, Request};

/// One device seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostRow {
    /// The address the device uses itself.
    pub address: Option<Ipv4Addr>,
    /// The address that the hotspot gave it by one-to-one translation; mostly the same.
    pub to_address: Option<Ipv4Addr>,
    /// Whether it passes without a session.
    pub bypassed: bool,
    /// For how long it has sent nothing, in seconds; the largest number if the router does not say.
    pub idle_s: u64,
}

impl HostRow {
    fn read(record: &Record) -> Self {
        let address = |name| {
            let address: Ipv4Addr = record.text(name)?.parse().ok()?;
            (!address.is_unspecified()).then_some(address)
        };
        Self {
            address: address("address"),
            to_address: address("to-address"),
            bypassed: record.flag("bypassed"),
            idle_s: record.text("idle-time").and_then(|text| seconds(&text)).unwrap_or(u64::MAX),
        }
    }

    /// The row to log in by, of all rows of one device: not bypassed, and the one that was heard last.
    #[must_use]
    pub fn best(reply: &Reply) -> Option<Self> {
        reply.records.iter().map(Self::read).min_by_key(|row| (row.bypassed, row.idle_s))
    }

    /// The addresses to log in by, in the order in which to try them.
    #[must_use]
    pub fn login_addresses(&self) -> Vec<Ipv4Addr> {
        let mut addresses: Vec<Ipv4Addr> = self.to_address.into_iter().chain(self.address).collect();
        addresses.dedup();
        addresses
    }
}

/// Prints the rows of a device.
#[must_use]
pub fn by_mac(mac: &str) -> Request {
    Request::new("/ip/hotspot/host/print").query("mac-address", mac).properties(&[
        "address",
        "to-address",
        "bypassed",
        "idle-time",
    ])
}
