//! Lays file and environment over the default, and refuses keys that the default does not name.

use std::collections::BTreeMap;
use std::path::Path;

use toml::{Table, Value};

use super::{ConfigError, DEFAULT};

/// Begins the name of every environment variable that is ours.
const PREFIX: &str = "PAGOS_";
/// Variables that tests and tools use; they are no configuration.
const FOREIGN_PREFIX: &str = "PAGOS_TEST_";
/// Stands between section and key.
const SEPARATOR: &str = "__";

/// The configuration as one table.
pub(super) fn merged(
    file: Option<&Path>,
    environment: &BTreeMap<String, String>,
) -> Result<Table, ConfigError> {
    let mut table: Table = DEFAULT.parse().expect("the built-in configuration is valid TOML");
    if let Some(path) = file {
        overlay_file(&mut table, path)?;
    }
    for (name, text) in environment {
        if let Some(key) = name.strip_prefix(PREFIX)
            && !name.starts_with(FOREIGN_PREFIX)
        {
            overlay_variable(&mut table, name, key, text)?;
        }
    }
    Ok(table)
}

fn overlay_file(table: &mut Table, path: &Path) -> Result<(), ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| ConfigError::File { path: path.to_owned(), source })?;
    let file: Table = text.parse().map_err(|error: toml::de::Error| {
        let before = text.bytes().take(error.span().map_or(0, |span| span.start));
        ConfigError::Syntax {
            path: path.to_owned(),
            line: before.filter(|byte| *byte == b'\n').count() + 1,
            message: error.message().to_owned(),
        }
    })?;
    overlay(table, file, "", &path.display().to_string())
}

fn overlay(base: &mut Table, file: Table, section: &str, origin: &str) -> Result<(), ConfigError> {
    for (name, value) in file {
        let key = if section.is_empty() { name.clone() } else { format!("{section}.{name}") };
        match (base.get_mut(&name), value) {
            (None, _) => return Err(ConfigError::UnknownKey { key, origin: origin.to_owned() }),
            (Some(Value::Table(inner)), Value::Table(value)) => overlay(inner, value, &key, origin)?,
            (Some(slot), value) if slot.same_type(&value) => *slot = value,
            (Some(slot), _) => {
                let expected = format!("must be a {}", slot.type_str());
                return Err(ConfigError::Value { key, origin: origin.to_owned(), expected });
            }
        }
    }
    Ok(())
}

fn overlay_variable(table: &mut Table, name: &str, key: &str, text: &str) -> Result<(), ConfigError> {
    let unknown = || ConfigError::UnknownKey { key: name.to_owned(), origin: "the environment".into() };
    let lower = key.to_ascii_lowercase();
    let slot = match lower.split_once(SEPARATOR) {
        None => table.get_mut(&lower),
        Some((section, key)) => match table.get_mut(section) {
            Some(Value::Table(inner)) => inner.get_mut(key),
            Some(_) | None => None,
        },
    };
    let slot = slot.ok_or_else(unknown)?;
    *slot = match slot {
        Value::String(_) => Value::String(text.to_owned()),
        Value::Integer(_) => Value::Integer(text.trim().parse().map_err(|_| ConfigError::Value {
            key: name.to_owned(),
            origin: "the environment".into(),
            expected: "must be a whole number".into(),
        })?),
        Value::Boolean(_) => Value::Boolean(text.trim().parse().map_err(|_| ConfigError::Value {
            key: name.to_owned(),
            origin: "the environment".into(),
            expected: "must be true or false".into(),
        })?),
        Value::Array(_) => Value::Array(list(text)),
        Value::Float(_) | Value::Datetime(_) | Value::Table(_) => return Err(unknown()),
    };
    Ok(())
}

/// A JSON list of texts, or a comma list.
fn list(text: &str) -> Vec<Value> {
    let items = serde_json::from_str::<Vec<String>>(text).unwrap_or_else(|_| {
        text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
    });
    items.into_iter().map(Value::String).collect()
}
