//! Where a company's events may be sent: addresses that a request of ours may be made to for somebody else.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// Longest address of an endpoint, in characters.
pub const URL_CHARS_MAX: usize = 2048;

/// Why an address is no target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetFault {
    /// It is no address of a web server, or holds a login or a fragment.
    Syntax,
    /// It is not https.
    Scheme,
    /// It leads into a private network.
    Private,
}

/// Reads the address of an endpoint. What a name leads to is not known yet; see [`is_public`].
///
/// # Errors
/// [`TargetFault`] when nothing may be sent there.
pub fn parse(text: &str, allow_private: bool) -> Result<Url, TargetFault> {
    let url = Url::parse(text).map_err(|_| TargetFault::Syntax)?;
    if !["http", "https"].contains(&url.scheme()) {
        return Err(TargetFault::Scheme);
    }
    let bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    // Leading slashes, tabs and the like are read over by the parser; what is kept must be what was typed.
    if !bare
        || url.port() == Some(0)
        || text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '\\')
    {
        return Err(TargetFault::Syntax);
    }
    if allow_private {
        return Ok(url);
    }
    if url.scheme() != "https" {
        return Err(TargetFault::Scheme);
    }
    match url.host() {
        Some(Host::Ipv4(address)) if !is_public(address.into()) => Err(TargetFault::Private),
        Some(Host::Ipv6(address)) if !is_public(address.into()) => Err(TargetFault::Private),
        Some(Host::Domain(name)) if is_local_name(name) => Err(TargetFault::Private),
        Some(_) => Ok(url),
        None => Err(TargetFault::Syntax),
    }
}

/// The host of an address, and its port if one was given. The rest of an address may be as good as a password.
#[must_use]
pub fn host(text: &str) -> String {
    let Ok(url) = Url::parse(text) else { return String::new() };
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Whether a name can only mean something in a private network.
fn is_local_name(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    let suffixes = [".localhost", ".local", ".internal", ".lan", ".home.arpa"];
    !name.contains('.') || suffixes.iter().any(|suffix| name.ends_with(suffix))
}

/// Whether an address belongs to a host that anybody on the internet could reach.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, d] = address.octets();
    let special = match (a, b, c) {
        // This network, private, loopback, link-local.
        (0 | 10 | 127, ..) | (172, 16..=31, _) | (192, 168, _) | (169, 254, _) => true,
        // Carriers' own.
        (100, 64..=127, _) => true,
        // Protocol assignments, documentation, relays of the past, measuring.
        (192, 0, 0 | 2) | (198, 51, 100) | (203, 0, 113) | (192, 88, 99) | (198, 18..=19, _) => true,
        // Services of networks and clouds that answer under a public-looking address.
        (192, 31, 196) | (192, 52, 193) | (192, 175, 48) => true,
        (168, 63, 129) => d == 16,
        // Multicast, reserved, broadcast.
        (224..=255, ..) => true,
        _ => false,
    };
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, ..] = address.segments();
    // Of all that is assigned, only this is global; loopback, mapped, NAT64, local, link-local and multicast lie outside.
    let global = a & 0xe000 == 0x2000;
    let special = match (a, b) {
        // Teredo, benchmarking, ORCHID and the rest of the protocol assignments.
        (0x2001, 0..=0x01ff) => true,
        // Documentation.
        (0x2001, 0x0db8) => true,
        (0x3fff, 0..=0x0fff) => true,
        // 6to4: leads to whatever IPv4 address it holds.
        (0x2002, _) => true,
        // A service of networks.
        (0x2620, 0x004f) => c == 0x8000,
        _ => false,
    };
    global && !special
}

#[cfg(test)]
mod tests {
    use super::{TargetFault, host, is_public, parse};

    #[test]
    fn the_host_tells_no_secret() {
        assert_eq!(host("https://hooks.example.org/services/T0/secret?x=1"), "hooks.example.org");
        assert_eq!(host("http://[::1]:8000/a"), "[::1]:8000");
        assert_eq!(host("oops"), "");
    }

    #[test]
    fn only_hosts_of_the_internet_are_public() {
        for private in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.0.9",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "168.63.129.16",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:2::1",
            "2001:10::1",
            "2001:20::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(private.parse().expect("an address")), "{private}");
        }
        for public in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.1",
            "100.63.255.255",
            "100.128.0.1",
            "126.255.255.255",
            "169.253.1.1",
            "172.15.255.255",
            "172.32.0.1",
            "192.167.1.1",
            "192.169.1.1",
            "223.255.255.255",
            "168.63.129.17",
            "2606:4700::1111",
            "2a00:1450::1",
            "2001:4860:4860::8888",
            "2400::1",
        ] {
            assert!(is_public(public.parse().expect("an address")), "{public}");
        }
    }

    #[test]
    fn a_target_is_https_on_the_internet() {
        for good in [
            "https://hooks.example.org/pagos?x=1",
            "https://example.org:8443/a",
            "https://8.8.8.8/x",
            "https://[2606:4700::1111]/",
        ] {
            assert!(parse(good, false).is_ok(), "{good}");
        }
        for (bad, fault) in [
            ("", TargetFault::Syntax),
            ("example.org", TargetFault::Syntax),
            ("https://", TargetFault::Syntax),
            ("https://ana:word@example.org/", TargetFault::Syntax),
            ("https://ana@example.org/", TargetFault::Syntax),
            ("https://example.org/#x", TargetFault::Syntax),
            ("https://example.org/a b", TargetFault::Syntax),
            ("https:\\\\example.org\\", TargetFault::Syntax),
            ("https://example.org:0/", TargetFault::Syntax),
            ("http://example.org/", TargetFault::Scheme),
            ("ftp://example.org/", TargetFault::Scheme),
            ("file:///etc/passwd", TargetFault::Scheme),
            ("https://127.0.0.1/", TargetFault::Private),
            ("https://2130706433/", TargetFault::Private),
            ("https://0x7f.1/", TargetFault::Private),
            ("https://0177.0.0.1/", TargetFault::Private),
            ("https://127.1:8080/", TargetFault::Private),
            ("https://[::1]/", TargetFault::Private),
            ("https://[::ffff:10.0.0.1]/", TargetFault::Private),
            ("https://localhost/", TargetFault::Private),
            ("https://LOCALHOST./", TargetFault::Private),
            ("https://db.internal/", TargetFault::Private),
            ("https://router/", TargetFault::Private),
        ] {
            assert_eq!(parse(bad, false), Err(fault), "{bad}");
        }
    }

    #[test]
    fn an_operator_can_allow_private_targets() {
        for good in ["http://127.0.0.1:8000/hook", "https://localhost/", "http://10.0.0.1/"] {
            assert!(parse(good, true).is_ok(), "{good}");
        }
        for bad in ["ftp://127.0.0.1/", "http://ana:word@127.0.0.1/"] {
            assert!(parse(bad, true).is_err(), "{bad}");
        }
    }
}
