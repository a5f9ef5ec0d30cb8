//! Rows of `/ip/hotspot/host`: devices that the router has seen.

use crate::routeros::value::Mac;
use std::net::Ipv4Addr;

/// A device in the hotspot network, logged in or not.
#[derive(Debug, Clone, Copy)]
pub struct Host {
    /// Row id.
    pub id: u32,
    /// Hardware address.
    pub mac: Mac,
    /// Address; the same on both sides of the hotspot's translation.
    pub ip: Ipv4Addr,
    /// When the row was made, in milliseconds since the Unix epoch.
    pub since_ms: u64,
}
