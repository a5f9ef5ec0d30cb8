//! Every sealed value of the database, wherever it lies: what has to be sealed anew when the master key changes.
//!
//! Small tables are read whole. Transactions and purchases may be many; they are read in the order of their ids.

use super::{Conn, StoreError};

/// Rows of a large table read at once.
pub const PAGE_ROWS: i64 = 500;

/// A sealed value, and where it lies.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Value {
    /// Its row.
    pub key: String,
    /// Whose it is.
    pub tenant: String,
    /// What it is, where its table holds several kinds.
    pub kind: String,
    /// The sealed text, or the text that holds it.
    pub sealed: String,
}

/// A column with sealed values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Secrets of the installation; the kind is the name of the setting.
    Settings,
    /// The key of the agents' authority.
    Authority,
    /// Telegram tokens.
    Companies,
    /// Keys of gateways; the kind is the gateway.
    Credentials,
    /// What notifications are verified with; the kind is the gateway.
    WebhookKeys,
    /// What webhooks of a company are signed with.
    Endpoints,
    /// What they were signed with before, for a while.
    OldEndpoints,
    /// Passwords of routers.
    Routers,
    /// Passwords of hotspot users.
    Transactions,
    /// The whole state of a purchase, in which sealed texts stand.
    Purchases,
}

impl Place {
    /// Every place.
    pub const ALL: [Self; 10] = [
        Self::Settings,
        Self::Authority,
        Self::Companies,
        Self::Credentials,
        Self::WebhookKeys,
        Self::Endpoints,
        Self::OldEndpoints,
        Self::Routers,
        Self::Transactions,
        Self::Purchases,
    ];

    /// Table and column.
    #[must_use]
    pub const fn column(self) -> (&'static str, &'static str) {
        match self {
            Self::Settings => ("settings", "value"),
            Self::Authority => ("authority", "key_sealed"),
            Self::Companies => ("companies", "telegram_bot_token_sealed"),
            Self::Credentials => ("gateway_credentials", "key_sealed"),
            Self::WebhookKeys => ("webhook_keys", "key_sealed"),
            Self::Endpoints => ("webhook_endpoints", "secret_sealed"),
            Self::OldEndpoints => ("webhook_endpoints", "old_secret_sealed"),
            Self::Routers => ("routers", "password_sealed"),
            Self::Transactions => ("transactions", "hotspot_password_sealed"),
            Self::Purchases => ("purchases", "state"),
        }
    }

    const fn is_large(self) -> bool {
        match self {
            Self::Transactions | Self::Purchases => true,
            Self::Settings
            | Self::Authority
            | Self::Companies
            | Self::Credentials
            | Self::WebhookKeys
            | Self::Endpoints
            | Self::OldEndpoints
            | Self::Routers => false,
        }
    }

    const fn select(self) -> &'static str {
        match self {
            Self::Settings => {
                "SELECT name AS key, '' AS tenant, name AS kind, value AS sealed FROM settings WHERE value LIKE 'v1.%'"
            }
            Self::Authority => {
                "SELECT CAST(id AS TEXT) AS key, '' AS tenant, '' AS kind, key_sealed AS sealed FROM authority"
            }
            Self::Companies => {
                "SELECT id AS key, id AS tenant, '' AS kind, telegram_bot_token_sealed AS sealed FROM companies \
                 WHERE telegram_bot_token_sealed IS NOT NULL"
            }
            Self::Credentials => {
                "SELECT company_id || '/' || gateway || '/' || CAST(version AS TEXT) AS key, company_id AS tenant, \
                 gateway AS kind, key_sealed AS sealed FROM gateway_credentials WHERE key_sealed <> ''"
            }
            Self::WebhookKeys => {
                "SELECT company_id || '/' || gateway || '/' || CAST(version AS TEXT) AS key, company_id AS tenant, \
                 gateway AS kind, key_sealed AS sealed FROM webhook_keys"
            }
            Self::Endpoints => {
                "SELECT id AS key, company_id AS tenant, '' AS kind, secret_sealed AS sealed FROM webhook_endpoints"
            }
            Self::OldEndpoints => {
                "SELECT id AS key, company_id AS tenant, '' AS kind, old_secret_sealed AS sealed FROM webhook_endpoints \
                 WHERE old_secret_sealed IS NOT NULL"
            }
            Self::Routers => {
                "SELECT id AS key, company_id AS tenant, '' AS kind, password_sealed AS sealed FROM routers"
            }
            Self::Transactions => {
                "SELECT CAST(id AS TEXT) AS key, company_id AS tenant, '' AS kind, hotspot_password_sealed AS sealed \
                 FROM transactions WHERE id > CAST($1 AS BIGINT) AND hotspot_password_sealed IS NOT NULL \
                 ORDER BY id LIMIT $2"
            }
            Self::Purchases => {
                "SELECT id AS key, company_id AS tenant, '' AS kind, state AS sealed FROM purchases WHERE id > $1 \
                 ORDER BY id LIMIT $2"
            }
        }
    }

    const fn update(self) -> &'static str {
        match self {
            Self::Settings => "UPDATE settings SET value = $3 WHERE name = $1 AND value = $2",
            Self::Authority => {
                "UPDATE authority SET key_sealed = $3 WHERE CAST(id AS TEXT) = $1 AND key_sealed = $2"
            }
            Self::Companies => {
                "UPDATE companies SET telegram_bot_token_sealed = $3 WHERE id = $1 AND telegram_bot_token_sealed = $2"
            }
            Self::Credentials => {
                "UPDATE gateway_credentials SET key_sealed = $3 \
                 WHERE company_id || '/' || gateway || '/' || CAST(version AS TEXT) = $1 AND key_sealed = $2"
            }
            Self::WebhookKeys => {
                "UPDATE webhook_keys SET key_sealed = $3 \
                 WHERE company_id || '/' || gateway || '/' || CAST(version AS TEXT) = $1 AND key_sealed = $2"
            }
            Self::Endpoints => {
                "UPDATE webhook_endpoints SET secret_sealed = $3 WHERE id = $1 AND secret_sealed = $2"
            }
            Self::OldEndpoints => {
                "UPDATE webhook_endpoints SET old_secret_sealed = $3 WHERE id = $1 AND old_secret_sealed = $2"
            }
            Self::Routers => "UPDATE routers SET password_sealed = $3 WHERE id = $1 AND password_sealed = $2",
            Self::Transactions => {
                "UPDATE transactions SET hotspot_password_sealed = $3 \
                 WHERE id = CAST($1 AS BIGINT) AND hotspot_password_sealed = $2"
            }
            Self::Purchases => "UPDATE purchases SET state = $3 WHERE id = $1 AND state = $2",
        }
    }

    /// The values that come after a row, in the order of their rows; all of them where there are few.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn page(self, conn: &mut Conn<'_>, after: Option<&str>) -> Result<Vec<Value>, StoreError> {
        match (self.is_large(), after) {
            (true, after) => {
                let first = if self == Self::Transactions { "-1" } else { "" };
                fetch_all!(conn, Value, self.select(), after.unwrap_or(first), PAGE_ROWS)
            }
            (false, None) => fetch_all!(conn, Value, self.select()),
            (false, Some(_)) => Ok(Vec::new()),
        }
    }

    /// Replaces a value, unless it was changed meanwhile.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn replace(self, conn: &mut Conn<'_>, old: &Value, new: &str) -> Result<(), StoreError> {
        execute!(conn, self.update(), &old.key, &old.sealed, new).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::Place;
    use crate::store::MIGRATIONS;

    #[test]
    fn every_sealed_column_of_the_schema_is_a_place() {
        let known: Vec<(&str, &str)> = Place::ALL.map(Place::column).into();
        let mut table = "";
        for migration in MIGRATIONS.iter() {
            for line in migration.sql.as_str().lines() {
                let words: Vec<&str> = line.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
                if let Some(at) = words.iter().position(|word| *word == "TABLE") {
                    table = words.get(at + 1).copied().unwrap_or_default();
                }
                let comment = line.trim_start().starts_with("--");
                let sealed = words.iter().find(|word| word.ends_with("_sealed") && !comment);
                assert!(
                    sealed.is_none_or(|column| known.contains(&(table, column))),
                    "{table}: {line}: a new place for sealed values has to be sealed anew with a new master key"
                );
            }
        }
    }
}
