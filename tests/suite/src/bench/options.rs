//! What is to be measured, and how long.

use std::time::Duration;

use anyhow::{Context, bail};

use crate::sandbox::Database;

/// What can be measured alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Row {
    /// Purchases per second, own processor time, own waiting time.
    Purchases,
    /// A router with many users.
    Users,
    /// A tenant whose router hangs.
    Tenants,
    /// Catalogue reads; memory of idle processes.
    Catalogue,
    /// Lists over a thousand and over a million transactions.
    Lists,
    /// Taking over a large old database. Takes long, so it is measured only when it is named.
    Import,
}

impl Row {
    /// All of them, in the order of measurement.
    pub const ALL: [Self; 6] =
        [Self::Purchases, Self::Users, Self::Tenants, Self::Catalogue, Self::Lists, Self::Import];
    /// Those that are measured unless others are named.
    pub const USUAL: [Self; 5] = [Self::Purchases, Self::Users, Self::Tenants, Self::Catalogue, Self::Lists];

    /// The word on the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Purchases => "purchases",
            Self::Users => "users",
            Self::Tenants => "tenants",
            Self::Catalogue => "catalogue",
            Self::Lists => "lists",
            Self::Import => "import",
        }
    }
}

/// The command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// What to measure.
    pub rows: Vec<Row>,
    /// On which databases.
    pub databases: Vec<Database>,
    /// JSON instead of a table.
    pub json: bool,
    /// Short and rough: to see that it works.
    pub quick: bool,
}

/// What `--help` prints.
pub const USAGE: &str =
    "bench [--only purchases|users|tenants|catalogue|lists|import] [--database sqlite|postgres] [--json] [--quick]
Measures the real processes on this machine; without --only everything but import, on both databases.
--quick measures so shortly that the numbers mean little.";

impl Options {
    /// Reads the command line.
    ///
    /// # Errors
    /// When a word is not known.
    pub fn parse(words: impl IntoIterator<Item = String>) -> anyhow::Result<Self> {
        let mut options = Self { rows: Vec::new(), databases: Vec::new(), json: false, quick: false };
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--json" => options.json = true,
                "--quick" => options.quick = true,
                "--only" => {
                    let name = words.next().context("--only what?")?;
                    let row = Row::ALL.into_iter().find(|row| row.word() == name);
                    options.rows.push(row.with_context(|| format!("{name} is not measured\n{USAGE}"))?);
                }
                "--database" => options.databases.push(match words.next().as_deref() {
                    Some("sqlite") => Database::Sqlite,
                    Some("postgres") => Database::Postgres,
                    other => bail!("{other:?} is no database\n{USAGE}"),
                }),
                _ => bail!("{word} is not understood\n{USAGE}"),
            }
        }
        if options.rows.is_empty() {
            options.rows = Row::USUAL.into();
        }
        if options.databases.is_empty() {
            options.databases = vec![Database::Sqlite, Database::Postgres];
        }
        Ok(options)
    }

    /// Time of load before a measurement.
    #[must_use]
    pub fn warm_up(&self) -> Duration {
        Duration::from_millis(if self.quick { 500 } else { 2_000 })
    }

    /// Length of a window.
    #[must_use]
    pub fn window(&self) -> Duration {
        Duration::from_millis(if self.quick { 1_000 } else { 3_000 })
    }

    /// Windows of a measurement.
    #[must_use]
    pub fn windows(&self) -> u32 {
        if self.quick { 1 } else { 3 }
    }

    /// Purchases per median where they are made one after the other.
    #[must_use]
    pub fn single_purchases(&self) -> u64 {
        if self.quick { 20 } else { 100 }
    }

    /// Calls of each list per median.
    #[must_use]
    pub fn list_rounds(&self) -> usize {
        if self.quick { 20 } else { 200 }
    }

    /// Disk syncs per measurement.
    #[must_use]
    pub fn syncs(&self) -> usize {
        if self.quick { 50 } else { 400 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> anyhow::Result<Options> {
        Options::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn everything_is_measured_on_both_databases_unless_told_otherwise() {
        let options = parse("").unwrap();
        assert_eq!((options.rows.len(), options.databases.len()), (5, 2));
        let options = parse("--only users --only catalogue --database sqlite --quick --json").unwrap();
        assert_eq!(options.rows, [Row::Users, Row::Catalogue]);
        assert_eq!(options.databases, [Database::Sqlite]);
        assert!(options.json && options.quick);
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for line in ["--only", "--only speed", "--database oracle", "users"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
