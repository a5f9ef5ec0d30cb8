//! Networks of addresses, and who stands behind a chain of proxies.

use std::net::IpAddr;

use serde::Deserialize;

/// An address or a network: `10.0.0.5`, `10.0.0.0/8`, `fd00::/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// A text that names no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no address and no network such as 10.0.0.0/8")]
pub struct NoNetwork(String);

impl TryFrom<String> for Network {
    type Error = NoNetwork;

    fn try_from(text: String) -> Result<Self, NoNetwork> {
        Self::parse(&text).ok_or(NoNetwork(text))
    }
}

impl Network {
    /// Reads an address, or an address with the length of the common part.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.trim().split_once('/') {
            Some((address, prefix)) => (address.parse().ok()?, Some(prefix.parse().ok()?)),
            None => (text.trim().parse().ok()?, None),
        };
        let longest = bits(address).1;
        let prefix = prefix.unwrap_or(longest);
        (prefix <= longest).then_some(Self { address, prefix })
    }

    /// Whether an address lies in it.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let ((own, length), (other, other_length)) = (bits(self.address), bits(address.to_canonical()));
        let rest = u32::from(length - self.prefix);
        length == other_length && own.checked_shr(rest).unwrap_or(0) == other.checked_shr(rest).unwrap_or(0)
    }
}

/// The bits of an address, and how many there are.
const fn bits(address: IpAddr) -> (u128, u8) {
    match address {
        IpAddr::V4(address) => (address.to_bits() as u128, 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    }
}

/// Whom a request comes from: going back from the other end of the connection, the first address that is no proxy of ours.
/// `told` are the addresses that the proxies noted, the last one last; what stands before an unknown address, or one that
/// cannot be read, may be made up and is not looked at.
#[must_use]
pub fn origin<'a>(
    peer: IpAddr,
    told: impl DoubleEndedIterator<Item = &'a str>,
    proxies: &[Network],
) -> IpAddr {
    let mut seen = peer.to_canonical();
    for noted in told.rev() {
        if !proxies.iter().any(|proxy| proxy.contains(seen)) {
            break;
        }
        let Some(address) = noted_address(noted) else { break };
        seen = address.to_canonical();
    }
    seen
}

/// An address as proxies note it: perhaps in quotes, with a port, or in brackets.
fn noted_address(noted: &str) -> Option<IpAddr> {
    let text = noted.trim().trim_matches('"');
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0.parse().ok(),
        None => text.rsplit_once(':')?.0.parse().ok(),
    }
}

/// What stands for a customer's address where customers are counted. An IPv6 customer has a whole network, so that only its
/// first half counts.
#[must_use]
pub fn neighbourhood(address: IpAddr) -> u64 {
    match address.to_canonical() {
        IpAddr::V4(address) => u64::from(u32::from(address)),
        // The upper half; no global address begins with 32 zero bits, so that none is taken for an IPv4 one.
        IpAddr::V6(address) => {
            let [a, b, c, d, e, f, g, h, ..] = address.octets();
            u64::from_be_bytes([a, b, c, d, e, f, g, h])
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::{Network, origin};

    fn network(text: &str) -> Network {
        Network::parse(text).expect("a network")
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn a_network_holds_what_begins_as_it_does() {
        for (text, inside, outside) in [
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.1"),
            ("10.0.0.5", "10.0.0.5", "10.0.0.4"),
            ("192.168.0.0/23", "192.168.1.9", "192.168.2.0"),
            ("fd00::/8", "fd12::1", "fe80::1"),
            ("::1", "::1", "127.0.0.1"),
            ("127.0.0.0/8", "::ffff:127.0.0.1", "::1"),
        ] {
            assert!(network(text).contains(address(inside)), "{text} {inside}");
            assert!(!network(text).contains(address(outside)), "{text} {outside}");
        }
        assert!(network("0.0.0.0/0").contains(address("8.8.8.8")));
        assert!(network("::/0").contains(address("2001:db8::1")));
        for bad in ["", "10.0.0.0/33", "::/129", "10.0.0/8", "example.org", "10.0.0.1/x", "10.0.0.1/-1"] {
            assert_eq!(Network::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn only_what_proxies_of_ours_noted_is_believed() {
        let proxies = [network("127.0.0.0/8"), network("10.0.0.0/8"), network("fd00::/8")];
        for (peer, told, expected) in [
            ("203.0.113.7", &[][..], "203.0.113.7"),
            ("203.0.113.7", &["198.51.100.1"], "203.0.113.7"),
            ("127.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("127.0.0.1", &["198.51.100.1", "203.0.113.9"], "203.0.113.9"),
            ("127.0.0.1", &["6.6.6.6", "203.0.113.9", "10.1.1.1"], "203.0.113.9"),
            ("127.0.0.1", &["10.2.2.2", "10.1.1.1"], "10.2.2.2"),
            ("::ffff:10.0.0.2", &["203.0.113.9"], "203.0.113.9"),
            ("10.0.0.2", &["6.6.6.6", "garbage"], "10.0.0.2"),
            ("10.0.0.2", &["6.6.6.6", "unknown", "10.0.0.3"], "10.0.0.3"),
            ("10.0.0.2", &["203.0.113.9:4711"], "203.0.113.9"),
            ("fd00::2", &["\"[2001:db8::9]:4711\""], "2001:db8::9"),
            ("fd00::2", &["2001:db8::9"], "2001:db8::9"),
        ] {
            let seen = origin(address(peer), told.iter().copied(), &proxies);
            assert_eq!(seen, address(expected), "{peer} {told:?}");
        }
        assert_eq!(origin(address("127.0.0.1"), ["6.6.6.6"].into_iter(), &[]), address("127.0.0.1"));
    }
}
