//! Whom a request comes from.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, header};

use crate::config::{ForwardedHeader, Http};
use crate::domain::network::origin;

/// Where most proxies note whom a request comes from.
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address at the other end of the connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

/// Whom a request comes from; none when it came over no network.
#[derive(Debug, Clone, Copy)]
pub struct Client(pub Option<IpAddr>);

impl Client {
    /// Looks at the connection, and at what proxies noted if it comes from one of ours.
    #[must_use]
    pub fn of(request: &Request, http: &Http) -> Self {
        let Some(Peer(peer)) = request.extensions().get::<Peer>() else { return Self(None) };
        let told = match http.forwarded_header {
            ForwardedHeader::XForwardedFor => noted(request.headers(), &FORWARDED_FOR),
            ForwardedHeader::Forwarded => noted(request.headers(), &header::FORWARDED)
                .into_iter()
                .map(|element| parameter_for(element).unwrap_or_default())
                .collect(),
        };
        Self(Some(origin(*peer, told.into_iter(), &http.trusted_proxies)))
    }
}

/// The elements of a header, whether they stand in one line or in several.
fn noted<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Vec<&'a str> {
    // A line that is no text is one element that cannot be read: what stands before it is not believed.
    let lines = headers.get_all(name).iter().map(|line| line.to_str().unwrap_or_default());
    lines.flat_map(|line| line.split(',')).collect()
}

/// The part `for=` of an element of the header `Forwarded`.
fn parameter_for(element: &str) -> Option<&str> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use axum::body::Body;
    use axum::extract::Request;

    use super::{Client, Peer};
    use crate::config::Config;

    fn seen(setting: &str, peer: &str, lines: &[(&str, &str)]) -> String {
        let environment: BTreeMap<String, String> = [
            ("PAGOS_HTTP__FORWARDED_HEADER".to_owned(), setting.to_owned()),
            ("PAGOS_HTTP__TRUSTED_PROXIES".to_owned(), "127.0.0.1, 10.0.0.0/8".to_owned()),
        ]
        .into();
        let config = Config::load(None, &environment).expect("configuration");
        let mut request = Request::post("/");
        for (name, line) in lines {
            request = request.header(*name, *line);
        }
        let mut request = request.body(Body::empty()).expect("a request");
        request.extensions_mut().insert(Peer(peer.parse().expect("an address")));
        Client::of(&request, &config.http).0.expect("an address").to_string()
    }

    #[test]
    fn lines_are_read_in_their_order() {
        let lines = [("x-forwarded-for", "6.6.6.6, 203.0.113.9"), ("x-forwarded-for", "10.0.0.3")];
        assert_eq!(seen("x-forwarded-for", "127.0.0.1", &lines), "203.0.113.9");
        assert_eq!(seen("x-forwarded-for", "203.0.113.1", &lines), "203.0.113.1");
    }

    #[test]
    fn only_the_header_that_the_proxy_writes_is_read() {
        let made_up = [("forwarded", "for=6.6.6.6"), ("x-forwarded-for", "203.0.113.9")];
        assert_eq!(seen("x-forwarded-for", "127.0.0.1", &made_up), "203.0.113.9");
        let lines = [
            ("x-forwarded-for", "6.6.6.6"),
            ("forwarded", "for=7.7.7.7, proto=https;For=\"[2001:db8::9]:80\", for=10.0.0.3;by=x"),
        ];
        assert_eq!(seen("forwarded", "127.0.0.1", &lines), "2001:db8::9");
        assert_eq!(seen("forwarded", "127.0.0.1", &[("forwarded", "proto=https")]), "127.0.0.1");
    }
}
