//! What a simulator is made of.

use crate::routeros::value::parse_flag;
use crate::routeros::version::{Version, VersionError};
use std::net::SocketAddr;
use std::str::FromStr;

/// A router to play.
#[derive(Debug, Clone)]
pub struct RouterConfig {
    /// Name in the control API and first identity of the router.
    pub name: String,
    /// The RouterOS it plays.
    pub version: Version,
    /// Where its API listens; port 0 for any.
    pub listen: SocketAddr,
    /// Name of the API user.
    pub username: String,
    /// Password of the API user.
    pub password: String,
    /// Hotspot users that are there at the start.
    pub users: u32,
    /// Licence level; it caps the sessions.
    pub license: u8,
    /// Whether the API user may read passwords (policy `sensitive`); if not, they print as stars.
    pub sensitive: bool,
}

/// A whole simulator.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the control API listens; port 0 for any.
    pub control: SocketAddr,
    /// Where Conekta listens; port 0 for any.
    pub conekta: SocketAddr,
    /// Where Mercado Pago listens; port 0 for any.
    pub mercado_pago: SocketAddr,
    /// The routers, at least one, with different names.
    pub routers: Vec<RouterConfig>,
}

impl Default for Config {
    /// One router on any port of the loopback address, as [`RouterConfig::named`] makes it.
    fn default() -> Self {
        Self {
            control: any_port(),
            conekta: any_port(),
            mercado_pago: any_port(),
            routers: vec![RouterConfig::named("kiosco")],
        }
    }
}

/// Why a router cannot be made from its text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A part is no `key=value`, or nobody knows the key.
    #[error(
        "{0:?} is not understood; use name, version, listen, user, password, users, license and sensitive as key=value"
    )]
    UnknownPart(String),
    /// The value of a key cannot be read.
    #[error("the value of {key} is wrong: {expected}")]
    Value {
        /// The key.
        key: &'static str,
        /// What is needed.
        expected: &'static str,
    },
    /// The version is none.
    #[error("the value of version is wrong")]
    Version(#[from] VersionError),
    /// Two routers of the same name.
    #[error("two routers are called {0:?}; give each its own name")]
    SameName(String),
    /// No router at all.
    #[error("a simulator needs at least one router")]
    NoRouter,
}

impl RouterConfig {
    /// RouterOS 7.20.8, any port of the loopback address, user `admin`, password `simulador`, no users, level 6, passwords
    /// readable.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: Version::parse("7.20.8").expect("a constant version parses"),
            listen: any_port(),
            username: "admin".to_owned(),
            password: "simulador".to_owned(),
            users: 0,
            license: 6,
            sensitive: true,
        }
    }

    /// How many sessions the licence allows; `None` for no limit. Source: the vendor's table of licence levels.
    pub fn sessions_max(&self) -> Option<usize> {
        match self.license {
            0..=3 => Some(1),
            4 => Some(200),
            5 => Some(500),
            _ => None,
        }
    }
}

impl FromStr for RouterConfig {
    type Err = ConfigError;

    /// Reads `name=kiosco,version=7.20.8,listen=127.0.0.1:0,user=admin,password=x,users=0,license=6,sensitive=yes`; any
    /// part may be left out. A value cannot hold a comma.
    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let mut router = Self::named("kiosco");
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let (key, value) =
                part.split_once('=').ok_or_else(|| ConfigError::UnknownPart(part.to_owned()))?;
            let wrong = |key, expected| move |_| ConfigError::Value { key, expected };
            match key {
                "name" if value.is_empty() => {
                    return Err(ConfigError::Value { key: "name", expected: "it must not be empty" });
                }
                "name" => value.clone_into(&mut router.name),
                "version" => router.version = Version::parse(value)?,
                "listen" => {
                    router.listen = value.parse().map_err(|_| ConfigError::Value {
                        key: "listen",
                        expected: "an address and port such as 127.0.0.1:0",
                    })?;
                }
                "user" | "username" => value.clone_into(&mut router.username),
                "password" => value.clone_into(&mut router.password),
                "users" => router.users = value.parse().map_err(wrong("users", "a number of users"))?,
                "sensitive" => {
                    router.sensitive = parse_flag(value.as_bytes())
                        .ok_or(ConfigError::Value { key: "sensitive", expected: "yes or no" })?;
                }
                "license" => {
                    let level = value.parse().map_err(wrong("license", "a level from 0 to 6"))?;
                    if level > 6 {
                        return Err(ConfigError::Value { key: "license", expected: "a level from 0 to 6" });
                    }
                    router.license = level;
                }
                _ => return Err(ConfigError::UnknownPart(part.to_owned())),
            }
        }
        Ok(router)
    }
}

fn any_port() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_router_is_read_from_its_text() {
        let router: RouterConfig =
            "name=azotea,version=6.49.18,listen=127.0.0.1:18728,users=5000,license=4,user=agente,password=x=y"
                .parse()
                .unwrap();
        assert_eq!((router.name.as_str(), router.users, router.sessions_max()), ("azotea", 5000, Some(200)));
        assert_eq!((router.username.as_str(), router.password.as_str()), ("agente", "x=y"));
        assert_eq!(router.listen.port(), 18_728);
    }

    #[test]
    fn what_cannot_be_read_says_what_is_needed() {
        for text in [
            "nombre=x",
            "name",
            "name=",
            "version=latest",
            "listen=8728",
            "users=-1",
            "license=7",
            "sensitive=maybe",
        ] {
            assert!(text.parse::<RouterConfig>().is_err(), "{text}");
        }
    }
}
