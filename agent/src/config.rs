//! Configuration: built-in defaults, then a file, then the environment. A key that does not exist is an error.

use std::{io, path::Path, path::PathBuf};

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

/// The defaults, with a comment for each key.
pub const DEFAULTS: &str = include_str!("../config.default.toml");
/// What names of environment variables begin with.
const ENV_PREFIX: &str = "PAGOS_";
/// What stands between section and key in them.
const ENV_SEPARATOR: &str = "__";

/// What the agent can be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// Directory of identity and journal.
    pub data_dir: PathBuf,
    /// What is logged, and how.
    pub log: Log,
}

/// See [`Config::log`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Log {
    /// Least severe level that is logged.
    pub level: Level,
    /// How lines look.
    pub format: Format,
}

/// Severity of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Somebody must act.
    Error,
    /// Odd but handled.
    Warn,
    /// What happens in the business.
    Info,
    /// Everything else.
    Debug,
    /// Even the details.
    Trace,
}

/// Look of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Text on a terminal, JSON otherwise.
    Auto,
    /// One JSON object per line.
    Json,
    /// For people.
    Text,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not TOML.
    #[error("{path} is not valid TOML: {why}")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where and why.
        why: String,
    },
    /// There is no such key.
    #[error("{origin}: there is no key {key}")]
    UnknownKey {
        /// File or environment variable.
        origin: String,
        /// The key, with its section.
        key: String,
    },
    /// A value is of the wrong kind.
    #[error("{0}")]
    Value(String),
}

/// Puts the configuration together.
///
/// # Errors
/// [`ConfigError`], naming the file and the key.
pub fn load(
    file: Option<&Path>,
    environment: impl Iterator<Item = (String, String)>,
) -> Result<Config, ConfigError> {
    let defaults: Table = DEFAULTS.parse().expect("the built-in defaults are TOML");
    let mut table = defaults.clone();
    if let Some(path) = file {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        let given: Table = text.parse().map_err(|error: toml::de::Error| ConfigError::Syntax {
            path: path.to_owned(),
            why: error.message().to_owned(),
        })?;
        merge(&mut table, given, "", &path.display().to_string())?;
    }
    for (name, value) in environment {
        overlay(&mut table, &defaults, &name, value)?;
    }
    Value::Table(table).try_into().map_err(|error: toml::de::Error| ConfigError::Value(error.to_string()))
}

/// The configuration as TOML.
#[must_use]
pub fn print(config: &Config) -> String {
    toml::to_string(config).expect("plain values are TOML")
}

fn merge(into: &mut Table, from: Table, section: &str, origin: &str) -> Result<(), ConfigError> {
    for (key, value) in from {
        let full = if section.is_empty() { key.clone() } else { format!("{section}.{key}") };
        match (into.get_mut(&key), value) {
            (Some(Value::Table(inner)), Value::Table(given)) => merge(inner, given, &full, origin)?,
            (Some(Value::Table(_)), _) => {
                return Err(ConfigError::Value(format!("{origin}: {full} is a section, not a value")));
            }
            (Some(place), value) => *place = value,
            (None, _) => return Err(ConfigError::UnknownKey { origin: origin.to_owned(), key: full }),
        }
    }
    Ok(())
}

/// Takes over one environment variable. Other programs of the product share the prefix, so only names in our own
/// sections are judged.
fn overlay(table: &mut Table, defaults: &Table, name: &str, value: String) -> Result<(), ConfigError> {
    let Some(key) = name.strip_prefix(ENV_PREFIX) else { return Ok(()) };
    let key = key.to_ascii_lowercase();
    let Some((section, key)) = key.split_once(ENV_SEPARATOR) else {
        if matches!(defaults.get(&key), Some(Value::String(_))) {
            table.insert(key, Value::String(value));
        }
        return Ok(());
    };
    let Some(Value::Table(inner)) = table.get_mut(section) else { return Ok(()) };
    match inner.get_mut(key) {
        Some(place) => *place = Value::String(value),
        None => {
            return Err(ConfigError::UnknownKey { origin: name.to_owned(), key: format!("{section}.{key}") });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{Config, ConfigError, Format, Level, load, print};

    fn with(file: &str, environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let dir = tempfile::tempdir().expect("directory");
        let path = dir.path().join("agent.toml");
        std::fs::write(&path, file).expect("write");
        load(Some(&path), environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn defaults_then_file_then_environment() {
        let config = with("[log]\nlevel = \"debug\"\nformat = \"text\"\n", &[("PAGOS_LOG__FORMAT", "json")])
            .expect("config");
        assert_eq!(config.data_dir, PathBuf::from("/var/lib/pagos-agent"));
        assert_eq!((config.log.level, config.log.format), (Level::Debug, Format::Json));
        let config = with("", &[("PAGOS_DATA_DIR", "/x"), ("PAGOS_CONEKTA__URL", "theirs")]).expect("config");
        assert_eq!(config.data_dir, PathBuf::from("/x"));
    }

    #[test]
    fn unknown_keys_are_named() {
        let named = |error: ConfigError| error.to_string();
        assert!(
            named(with("[log]\nlevle = \"debug\"\n", &[]).expect_err("typo"))
                .ends_with("there is no key log.levle")
        );
        assert!(named(with("[logs]\nx = 1\n", &[]).expect_err("typo")).ends_with("there is no key logs"));
        let error = named(with("", &[("PAGOS_LOG__LEVLE", "debug")]).expect_err("typo"));
        assert_eq!(error, "PAGOS_LOG__LEVLE: there is no key log.levle");
    }

    #[test]
    fn wrong_values_are_refused() {
        assert!(matches!(with("[log]\nlevel = \"loud\"\n", &[]), Err(ConfigError::Value(_))));
        assert!(matches!(with("log = 1\n", &[]), Err(ConfigError::Value(_))));
        assert!(matches!(with("data_dir = \n", &[]), Err(ConfigError::Syntax { .. })));
        let missing = load(Some(Path::new("/no/such/file")), std::iter::empty());
        assert!(matches!(missing, Err(ConfigError::Read { .. })));
    }

    #[test]
    fn what_is_printed_can_be_read() {
        let config = load(None, std::iter::empty()).expect("defaults");
        assert_eq!(with(&print(&config), &[]).expect("printed"), config);
    }
}
