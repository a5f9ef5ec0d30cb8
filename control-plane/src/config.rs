//! Configuration: the default file, the operator's file, the environment, in this order.
//!
//! The default file names every key there is, so it is also the list against which keys are checked.

mod layer;

use std::collections::BTreeMap;
use std::fmt;
use std::net::{Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::{Table, Value};

use crate::domain::network::Network;

/// The commented default configuration.
pub const DEFAULT: &str = include_str!("../config.default.toml");

/// Name under which the replaced service was given its API key secret.
const ORIGINAL_SECRET_VARIABLE: &str = "JWT_APIKEY_SECRET";
/// Shown in place of a secret.
const REDACTED: &str = "********";

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("configuration file {path} cannot be read")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("configuration file {path} is not valid TOML at line {line}: {message}")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where. The line itself is not kept: it may hold a secret.
        line: usize,
        /// Why.
        message: String,
    },
    /// There is no such key.
    #[error("unknown configuration key {key} in {origin}")]
    UnknownKey {
        /// The key, or the name of the variable.
        key: String,
        /// Where it stands.
        origin: String,
    },
    /// The value is of another type or out of range.
    #[error("configuration key {key} in {origin} {expected}")]
    Value {
        /// The key.
        key: String,
        /// Where it stands.
        origin: String,
        /// What it should be.
        expected: String,
    },
}

/// A text that never shows.
#[derive(Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct Hidden(String);

impl Hidden {
    /// The text.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

/// Everything an operator can set; each key is described in `config.default.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is described in config.default.toml")]
pub struct Config {
    pub data_dir: PathBuf,
    pub database_url: Hidden,
    pub agent_listen: SocketAddr,
    pub agent_address: String,
    pub public_url: String,
    pub master_key_file: PathBuf,
    pub jwt_apikey_secret: Hidden,
    pub http: Http,
    pub conekta: Conekta,
    pub mercado_pago: MercadoPago,
    pub telegram: Telegram,
    pub webhooks: Webhooks,
    pub purchase: Purchase,
    pub limits: Limits,
    pub sessions: Sessions,
    pub api_keys: ApiKeys,
    pub metrics: Metrics,
    pub log: Log,
}

/// The public HTTP side.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is described in config.default.toml")]
pub struct Http {
    pub listen: SocketAddr,
    pub body_bytes_max: usize,
    pub upload_bytes_max: usize,
    pub tls_cert: PathBuf,
    pub tls_key: PathBuf,
    pub trusted_proxies: Vec<Network>,
    pub forwarded_header: ForwardedHeader,
    pub connections_max: usize,
    pub connections_per_client_max: u32,
    pub cors_origins: Vec<String>,
    pub docs: bool,
}

/// Where a proxy notes whom a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`.
    #[serde(rename = "x-forwarded-for")]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    #[serde(rename = "forwarded")]
    Forwarded,
}

impl Http {
    /// Certificate and key of the public side; none when it speaks plain HTTP.
    #[must_use]
    pub fn tls(&self) -> Option<(&Path, &Path)> {
        let set = !self.tls_cert.as_os_str().is_empty() && !self.tls_key.as_os_str().is_empty();
        set.then_some((&self.tls_cert, &self.tls_key))
    }

    /// How the public side is spoken to.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        if self.tls().is_some() { "https" } else { "http" }
    }
}

/// The Conekta gateway.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is described in config.default.toml")]
pub struct Conekta {
    pub url: String,
    pub version: String,
    pub connect_timeout_ms: u64,
    pub charge_timeout_ms: u64,
    pub read_timeout_ms: u64,
    pub fallback_phone: String,
}

/// The Mercado Pago gateway.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is described in config.default.toml")]
pub struct MercadoPago {
    pub url: String,
    pub connect_timeout_ms: u64,
    pub charge_timeout_ms: u64,
    pub read_timeout_ms: u64,
    pub statement_descriptor: String,
}

/// The service through which chats are written to.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is described in config.default.toml")]
pub struct Telegram {
    pub url: String,
    pub connect_timeout_ms: u64,
}

/// Webhooks to companies.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is described in config.default.toml")]
pub struct Webhooks {
    pub allow_private_targets: bool,
}

/// Times of a purchase.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is described in config.default.toml")]
pub struct Purchase {
    pub answer_deadline_ms: u64,
    pub charge_start_max_ms: u64,
    pub reserve_timeout_ms: u64,
    pub release_timeout_ms: u64,
    pub quiet_period_ms: u64,
    pub pending_max_ms: u64,
    pub reserve_lease_ms: u64,
    pub key_life_ms: u64,
    pub delivery_limit_ms: u64,
}

/// How much one tenant may ask for at a time.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is described in config.default.toml")]
pub struct Limits {
    pub reservations_in_flight: u32,
    pub attempts_per_minute: u32,
    pub attempts_per_device_per_minute: u32,
    pub guesses_per_minute: u32,
    pub guesses_per_device_per_minute: u32,
    pub guesses_per_user_per_minute: u32,
    pub requests_per_key_per_minute: u32,
    pub refused_per_client_per_minute: u32,
    pub wrong_passwords_per_client_per_minute: u32,
}

/// Sessions of administrators.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is described in config.default.toml")]
pub struct Sessions {
    pub hours: u32,
}

/// API keys of routers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is described in config.default.toml")]
pub struct ApiKeys {
    pub days: u32,
}

/// Metrics.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is described in config.default.toml")]
pub struct Metrics {
    pub listen: String,
}

impl Metrics {
    /// Where metrics are read; none when they are off.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.listen.parse().ok()
    }
}

/// Logging.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is described in config.default.toml")]
pub struct Log {
    pub format: LogFormat,
    pub level: String,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text on a terminal, else JSON.
    Auto,
    /// One JSON object per line.
    Json,
    /// For people.
    Text,
}

impl Config {
    /// Puts the configuration together from the default, `file` and `environment`.
    ///
    /// # Errors
    /// When the file cannot be read, a key is unknown, or a value does not fit.
    pub fn load(file: Option<&Path>, environment: &BTreeMap<String, String>) -> Result<Self, ConfigError> {
        let table = layer::merged(file, environment)?;
        let mut config = Value::Table(table).try_into::<Self>().map_err(|error| ConfigError::Value {
            key: String::new(),
            origin: "the configuration".into(),
            expected: format!("is wrong: {}", error.message()),
        })?;
        if let (true, Some(secret)) =
            (config.jwt_apikey_secret.0.is_empty(), environment.get(ORIGINAL_SECRET_VARIABLE))
        {
            config.jwt_apikey_secret = Hidden(secret.clone());
        }
        config.check()?;
        Ok(config)
    }

    /// The whole configuration as TOML, secrets redacted.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn printed(
        file: Option<&Path>,
        environment: &BTreeMap<String, String>,
    ) -> Result<String, ConfigError> {
        Self::load(file, environment)?;
        let mut table = layer::merged(file, environment)?;
        redact(&mut table);
        Ok(table.to_string())
    }

    fn check(&self) -> Result<(), ConfigError> {
        let addresses = [
            ("public_url", &self.public_url, true),
            ("conekta.url", &self.conekta.url, false),
            ("mercado_pago.url", &self.mercado_pago.url, false),
            ("telegram.url", &self.telegram.url, false),
        ];
        for (key, url, may_be_empty) in addresses {
            let good =
                (url.is_empty() && may_be_empty) || url.starts_with("https://") || url.starts_with("http://");
            if !good || url.ends_with('/') {
                return Err(wrong(key, "must begin with https:// or http:// and not end with a slash"));
            }
        }
        if self.http.cors_origins.iter().any(|origin| origin == "*") {
            let expected =
                "must not hold *: list the origin of each panel; portal endpoints accept any origin";
            return Err(wrong("http.cors_origins", expected));
        }
        if !self.http.cors_origins.iter().all(|origin| is_origin(origin)) {
            let expected = "must hold origins as browsers send them: https://host or https://host:port, \
                            in lower case, without path or slash at the end";
            return Err(wrong("http.cors_origins", expected));
        }
        if self.http.tls_cert.as_os_str().is_empty() != self.http.tls_key.as_os_str().is_empty() {
            return Err(wrong("http.tls_cert and http.tls_key", "must be set together, or neither"));
        }
        if self.http.connections_max == 0 || self.http.connections_per_client_max == 0 {
            let expected = "must not be zero";
            return Err(wrong("http.connections_max and http.connections_per_client_max", expected));
        }
        if self.http.body_bytes_max < BODY_BYTES_MAX_LEAST {
            return Err(wrong("http.body_bytes_max", "must be at least 4096"));
        }
        if self.sessions.hours == 0 || self.api_keys.days == 0 {
            return Err(wrong("sessions.hours and api_keys.days", "must not be zero"));
        }
        if !self.metrics.listen.is_empty() && self.metrics.address().is_none() {
            return Err(wrong("metrics.listen", "must be empty or address:port, such as 127.0.0.1:9090"));
        }
        if !self.agent_address.is_empty() && !self.agent_address.contains(':') {
            return Err(wrong("agent_address", "must be host:port"));
        }
        Ok(())
    }

    /// Address of the database.
    #[must_use]
    pub fn database(&self) -> String {
        if self.database_url.0.is_empty() {
            format!("sqlite:{}", self.data_dir.join("pagos.db").display())
        } else {
            self.database_url.0.clone()
        }
    }

    /// The file of the database; none when it is PostgreSQL.
    #[must_use]
    pub fn sqlite_file(&self) -> Option<PathBuf> {
        let url = self.database();
        url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")).map(PathBuf::from)
    }

    /// Address of this service as the world sees it; where it listens when none is set.
    #[must_use]
    pub fn public_base(&self) -> String {
        if self.public_url.is_empty() {
            format!("{}://{}", self.http.scheme(), self.http.listen)
        } else {
            self.public_url.clone()
        }
    }

    /// The master key file.
    #[must_use]
    pub fn key_file(&self) -> PathBuf {
        if self.master_key_file.as_os_str().is_empty() {
            self.data_dir.join("master.key")
        } else {
            self.master_key_file.clone()
        }
    }
}

/// A smaller body limit would refuse ordinary requests.
const BODY_BYTES_MAX_LEAST: usize = 4096;

/// Whether a text looks like the header `Origin` of a browser: scheme, host and perhaps a port.
fn is_origin(text: &str) -> bool {
    let Some(place) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else {
        return false;
    };
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        Some(_) | None => (place, None),
    };
    let in_name = |letter: char| matches!(letter, 'a'..='z' | '0'..='9' | '-' | '.' | '_');
    let good_host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.chars().all(in_name),
    };
    let is_port = |port: &str| {
        port.bytes().all(|digit| digit.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
    };
    good_host && port.is_none_or(is_port)
}

fn wrong(key: &str, expected: &str) -> ConfigError {
    ConfigError::Value { key: key.into(), origin: "the configuration".into(), expected: expected.into() }
}

fn redact(table: &mut Table) {
    if let Some(Value::String(secret)) = table.get_mut("jwt_apikey_secret")
        && !secret.is_empty()
    {
        REDACTED.clone_into(secret);
    }
    if let Some(Value::String(url)) = table.get_mut("database_url") {
        *url = without_password(url);
    }
}

/// A database address whose password, if it has one, is not shown.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (login, place) = rest.rsplit_once('@').map_or(("", rest), |(login, place)| (login, place));
    let place = place.split_once('?').map_or(place, |(place, _)| place);
    match login.split_once(':') {
        Some((user, _)) => format!("{scheme}://{user}:{REDACTED}@{place}"),
        None if login.is_empty() => format!("{scheme}://{place}"),
        None => format!("{scheme}://{login}@{place}"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Config, ConfigError, Hidden, is_origin, without_password};

    fn environment(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn the_default_is_complete() {
        let config = Config::load(None, &BTreeMap::new()).expect("default");
        assert_eq!(config.http.listen.port(), 8080);
        assert_eq!(config.database(), "sqlite:./pagos-data/pagos.db");
        assert!(config.key_file().ends_with("master.key"));
    }

    #[test]
    fn file_then_environment_win() {
        let directory = tempfile::tempdir().expect("directory");
        let file = directory.path().join("c.toml");
        std::fs::write(&file, "[http]\nlisten = \"127.0.0.1:1\"\nbody_bytes_max = 5000\n").expect("write");
        let set = environment(&[
            ("PAGOS_HTTP__LISTEN", "127.0.0.1:2"),
            ("PAGOS_HTTP__CORS_ORIGINS", "https://a.example, https://b.example"),
            ("PAGOS_LIMITS__ATTEMPTS_PER_MINUTE", "7"),
            ("PAGOS_WEBHOOKS__ALLOW_PRIVATE_TARGETS", "true"),
            ("JWT_APIKEY_SECRET", "old"),
            ("PATH", "/bin"),
        ]);
        let config = Config::load(Some(&file), &set).expect("config");
        assert_eq!(config.http.listen.port(), 2);
        assert_eq!(config.http.body_bytes_max, 5000);
        assert_eq!(config.http.cors_origins, ["https://a.example", "https://b.example"]);
        assert_eq!(config.limits.attempts_per_minute, 7);
        assert!(config.webhooks.allow_private_targets);
        assert_eq!(config.jwt_apikey_secret.expose(), "old");
    }

    #[test]
    fn an_unknown_key_is_named() {
        let directory = tempfile::tempdir().expect("directory");
        let file = directory.path().join("c.toml");
        std::fs::write(&file, "[http]\nlissten = \"x\"\n").expect("write");
        let message = |result: Result<Config, ConfigError>| result.expect_err("unknown").to_string();
        assert!(message(Config::load(Some(&file), &BTreeMap::new())).contains("http.lissten"));
        for name in ["PAGOS_NO_SUCH", "PAGOS_HTTP__NO_SUCH", "PAGOS_HTTP", "PAGOS_HTTP__LISTEN__X"] {
            assert!(message(Config::load(None, &environment(&[(name, "x")]))).contains(name), "{name}");
        }
    }

    #[test]
    fn a_value_that_does_not_fit_is_named() {
        for (name, value) in [
            ("PAGOS_LIMITS__ATTEMPTS_PER_MINUTE", "many"),
            ("PAGOS_PUBLIC_URL", "example.org"),
            ("PAGOS_HTTP__BODY_BYTES_MAX", "1"),
            ("PAGOS_METRICS__LISTEN", "9090"),
            ("PAGOS_WEBHOOKS__ALLOW_PRIVATE_TARGETS", "maybe"),
        ] {
            assert!(Config::load(None, &environment(&[(name, value)])).is_err(), "{name}");
        }
    }

    #[test]
    fn origins_are_as_browsers_send_them() {
        for good in
            ["https://panel.example", "http://10.0.0.1:8080", "http://localhost:3000", "https://[::1]:8443"]
        {
            assert!(is_origin(good), "{good}");
        }
        for bad in [
            "panel.example",
            "https://",
            "https://panel.example/",
            "https://panel.example/admin",
            "https://Panel.example",
            "https://panel.example:",
            "https://panel.example:0",
            "https://panel.example:x",
            "https://a@panel.example",
            "https://panel.example?x",
            "https://*.example",
            "null",
            "",
        ] {
            assert!(!is_origin(bad), "{bad}");
        }
        let any = Config::load(None, &environment(&[("PAGOS_HTTP__CORS_ORIGINS", "*")]));
        assert!(any.expect_err("refused").to_string().contains("list the origin of each panel"));
    }

    #[test]
    fn a_syntax_error_names_the_line_and_does_not_show_it() {
        let directory = tempfile::tempdir().expect("directory");
        let file = directory.path().join("c.toml");
        std::fs::write(&file, "data_dir = \"x\"\n\njwt_apikey_secret = \"s3cret\nlog = 1\n").expect("write");
        let error = Config::load(Some(&file), &BTreeMap::new()).expect_err("no TOML");
        let text = format!("{} {error:?}", crate::causes::chain(&error));
        assert!(text.contains("line 3") && !text.contains("s3cret"), "{text}");
    }

    #[test]
    fn printing_shows_no_secret() {
        let set = environment(&[
            ("PAGOS_JWT_APIKEY_SECRET", "s3cret"),
            ("PAGOS_DATABASE_URL", "postgres://pagos:s3cret@db.example/pagos"),
        ]);
        let text = Config::printed(None, &set).expect("printed");
        assert!(!text.contains("s3cret"));
        assert!(text.contains("postgres://pagos:********@db.example/pagos"));
        assert_eq!(without_password("sqlite:/a/b"), "sqlite:/a/b");
        assert_eq!(format!("{:?}", Hidden("x".into())), "********");
    }
}
