//! Where the control plane listens.

use std::fmt;

/// Longest host name, in bytes.
const HOST_BYTES_MAX: usize = 253;

/// Host and port of the control plane's agent listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Host name or address, an IPv6 one without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

/// The text is not `host:port`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an address of the form host:port")]
pub struct NotAnAddress(String);

impl Address {
    /// Reads `host:port`; an IPv6 address stands in brackets.
    ///
    /// # Errors
    /// [`NotAnAddress`] when it is something else.
    pub fn parse(text: &str) -> Result<Self, NotAnAddress> {
        let wrong = || NotAnAddress(text.to_owned());
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let port = port.parse().map_err(|_| wrong())?;
        let host = match host.strip_prefix('[') {
            Some(rest) => rest.strip_suffix(']').ok_or_else(wrong)?,
            None => host,
        };
        if port == 0 || host.len() > HOST_BYTES_MAX || rustls_pki_types::ServerName::try_from(host).is_err() {
            return Err(wrong());
        }
        Ok(Self { host: host.to_owned(), port })
    }

    /// The name that the listener's certificate must carry.
    #[must_use]
    pub fn server_name(&self) -> rustls_pki_types::ServerName<'static> {
        rustls_pki_types::ServerName::try_from(self.host.clone()).expect("checked when it was read")
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Address;

    #[test]
    fn names_and_addresses_are_read_and_shown_the_same() {
        for text in ["pagos.example:8443", "10.0.0.1:8443", "[::1]:8443", "localhost:1"] {
            assert_eq!(Address::parse(text).expect(text).to_string(), text);
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in
            ["", "pagos.example", "pagos.example:", "x:0", "x:65536", ":1", "a b:1", "[::1:1", "http://x:1"]
        {
            assert!(Address::parse(text).is_err(), "{text}");
        }
    }
}
