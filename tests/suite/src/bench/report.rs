//! The figures and how they are printed.

use serde::Serialize;

use crate::sandbox::Database;

/// What a figure should be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Budget {
    /// No more than this.
    AtMost(f64),
    /// No less than this.
    AtLeast(f64),
}

impl Budget {
    /// Whether `value` keeps it.
    #[must_use]
    pub fn is_kept(self, value: f64) -> bool {
        match self {
            Self::AtMost(limit) => value <= limit,
            Self::AtLeast(limit) => value >= limit,
        }
    }

    fn words(self, unit: &str) -> String {
        let (sign, limit) = match self {
            Self::AtMost(limit) => ("≤", limit),
            Self::AtLeast(limit) => ("≥", limit),
        };
        format!("{sign} {}", with_unit(limit, unit))
    }
}

/// One measured number.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    /// What was measured.
    pub what: String,
    /// On which database.
    pub database: &'static str,
    /// The number.
    pub value: f64,
    /// Its unit; empty for a ratio.
    pub unit: &'static str,
    /// What it should be, if that was decided.
    pub budget: Option<Budget>,
}

/// All figures of a run, in the order in which they were measured.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Report {
    /// The figures.
    pub figures: Vec<Figure>,
}

impl Report {
    /// Adds a figure.
    pub fn add(
        &mut self,
        database: Database,
        what: &str,
        value: f64,
        unit: &'static str,
        budget: Option<Budget>,
    ) {
        self.figures.push(Figure { what: what.to_owned(), database: database.name(), value, unit, budget });
    }

    /// A Markdown table: a line for each thing measured, a column for each database.
    #[must_use]
    pub fn table(&self) -> String {
        let mut whats: Vec<&Figure> = Vec::new();
        for figure in &self.figures {
            if !whats.iter().any(|known| known.what == figure.what) {
                whats.push(figure);
            }
        }
        let mut table = String::from("| what | SQLite | PostgreSQL | budget |\n|---|---|---|---|\n");
        for figure in whats {
            let budget = figure.budget.map_or_else(String::new, |budget| budget.words(figure.unit));
            let [sqlite, postgres] =
                ["SQLite", "PostgreSQL"].map(|database| self.cell(&figure.what, database));
            table.push_str(&format!("| {} | {sqlite} | {postgres} | {budget} |\n", figure.what));
        }
        table
    }

    fn cell(&self, what: &str, database: &str) -> String {
        let found = self.figures.iter().find(|figure| figure.what == what && figure.database == database);
        found.map_or_else(String::new, |figure| {
            let short = figure.budget.is_some_and(|budget| !budget.is_kept(figure.value));
            format!("{}{}", with_unit(figure.value, figure.unit), if short { " (short)" } else { "" })
        })
    }
}

fn with_unit(value: f64, unit: &str) -> String {
    let number = if value.abs() >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") };
    let number = number.strip_suffix(".00").unwrap_or(&number).to_owned();
    if unit.is_empty() { number } else { format!("{number} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_a_line_for_each_thing_and_says_what_is_short() {
        let mut report = Report::default();
        let budget = Some(Budget::AtLeast(400.0));
        report.add(Database::Sqlite, "purchases", 410.4, "/s", budget);
        report.add(Database::Sqlite, "ratio", 1.234, "", None);
        report.add(Database::Postgres, "purchases", 99.5, "/s", budget);
        let lines: Vec<String> = report.table().lines().skip(2).map(str::to_owned).collect();
        assert_eq!(lines, ["| purchases | 410 /s | 99.50 /s (short) | ≥ 400 /s |", "| ratio | 1.23 |  |  |"]);
    }
}
