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

    /// The row to log in by, of all rows of one device: one that is not bypassed if there is one; of those the one that
    /// has the address `hint`; else the one that was heard last.
    #[must_use]
    pub fn best(reply: &Reply, hint: Option<Ipv4Addr>) -> Option<Self> {
        let rows = reply.records.iter().map(Self::read);
        rows.min_by_key(|row| (row.bypassed, !row.has_address(hint), row.idle_s))
    }

    fn has_address(&self, hint: Option<Ipv4Addr>) -> bool {
        hint.is_some() && (self.address == hint || self.to_address == hint)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routeros::codec::Sentence;

    fn reply(rows: &[&[&str]]) -> Reply {
        let record = |words: &&[&str]| {
            let mut sentence = Sentence::new();
            for word in *words {
                sentence.push(&[b"=", word.as_bytes()]);
            }
            Record::new(sentence)
        };
        Reply { records: rows.iter().map(record).collect(), ..Reply::default() }
    }

    /// The address of the row to log in by, with `hint`.
    fn best(rows: &[&[&str]], hint: Option<&str>) -> Option<String> {
        let hint = hint.map(|hint| hint.parse().expect("address"));
        HostRow::best(&reply(rows), hint).and_then(|row| row.address).map(|address| address.to_string())
    }

    const OLD: &[&str] = &["address=10.5.50.2", "to-address=10.5.50.12", "idle-time=3m"];
    const NEW: &[&str] = &["address=10.5.50.3", "to-address=10.5.50.13", "idle-time=2s"];
    const BYPASSED: &[&str] =
        &["address=10.5.50.4", "to-address=10.5.50.14", "idle-time=1s", "bypassed=true"];

    #[test]
    fn device_is_logged_in_by_the_row_that_was_heard_last() {
        assert_eq!(best(&[], None), None);
        for rows in [[OLD, NEW, BYPASSED], [BYPASSED, NEW, OLD]] {
            assert_eq!(best(&rows, None).as_deref(), Some("10.5.50.3"));
        }
        assert_eq!(best(&[BYPASSED], None).as_deref(), Some("10.5.50.4"));
    }

    #[test]
    fn row_with_the_address_that_the_portal_saw_comes_first() {
        for hint in ["10.5.50.2", "10.5.50.12"] {
            for rows in [[OLD, NEW, BYPASSED], [BYPASSED, NEW, OLD]] {
                assert_eq!(best(&rows, Some(hint)).as_deref(), Some("10.5.50.2"));
            }
        }
        for hint in ["192.168.7.7", "10.5.50.4"] {
            assert_eq!(best(&[OLD, NEW, BYPASSED], Some(hint)).as_deref(), Some("10.5.50.3"));
        }
    }
}
