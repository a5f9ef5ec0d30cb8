//! How a run ended, for people.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use super::Plan;
use super::figures::{self, Figure, Value};
use super::tally::Tally;
use crate::checkers;
use crate::evidence::Evidence;

/// Width of the names of figures.
const NAME_WIDTH: usize = 44;
/// Width of each column.
const CELL_WIDTH: usize = 11;

/// How a run ended.
#[derive(Debug)]
pub struct Report {
    /// What was run.
    pub plan: Plan,
    /// How links were cut.
    pub network: &'static str,
    /// The figures.
    pub figures: Vec<Figure>,
    /// Promises that were broken, and answers that were not true.
    pub breaches: Vec<String>,
    /// Where the evidence is, if something is wrong.
    pub kept: Option<PathBuf>,
}

impl Report {
    /// Judges a run.
    #[must_use]
    pub fn new(
        plan: Plan,
        network: &'static str,
        tally: &Tally,
        evidence: &Evidence,
        settled: Duration,
    ) -> Self {
        let mut breaches = checkers::breaches(evidence);
        breaches.extend(untrue(tally, evidence));
        let figures = figures::all(tally, evidence, plan.database, settled, breaches.len());
        Self { plan, network, figures, breaches, kept: None }
    }

    /// Everything that is wrong.
    #[must_use]
    pub fn wrong(&self) -> Vec<String> {
        let figures = self.figures.iter().filter_map(Figure::wrong);
        self.breaches.iter().cloned().chain(figures).collect()
    }

    /// The count of this name; 0 where it does not apply.
    #[must_use]
    pub fn count(&self, name: &str) -> u64 {
        match self.figures.iter().find(|figure| figure.name.trim() == name).and_then(|figure| figure.value) {
            Some(Value::Count(count)) => count,
            Some(Value::Time(_)) | None => 0,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&table(std::slice::from_ref(self)))
    }
}

/// What buyers and admins were told that did not come true.
fn untrue(tally: &Tally, evidence: &Evidence) -> Vec<String> {
    // A name that was drawn and never came to stand may be drawn again by another purchase.
    let paid = |(router, user): &&(String, String)| {
        let mut own = evidence.purchases.iter().filter(|own| own.router_id == *router && own.user == *user);
        own.any(|own| matches!(own.phase.as_str(), "completed" | "reversed"))
    };
    let shown = tally.told_paid.iter().filter(|told| !paid(told));
    let shown =
        shown.map(|(router, user)| format!("a buyer at {router} was shown {user}, which is not paid"));
    let refunds = evidence.purchases.iter().flat_map(figures::refunds_of);
    let done = refunds.filter(|refund| refund["state"] == "done");
    let done: BTreeSet<&str> = done.filter_map(|refund| refund["id"].as_str()).collect();
    let told = tally.refunds.told_done.iter().filter(|id| !done.contains(id.as_str()));
    let told = told.map(|id| format!("an admin was told that refund {id:?} is done, but it is not"));
    shown.chain(told).collect()
}

/// The figures of some runs side by side, and in all where they are several; then what is wrong.
#[must_use]
pub fn table(reports: &[Report]) -> String {
    let mut text = String::new();
    // Writing to a text cannot fail.
    for Report { plan: Plan { lasts, seed, database, .. }, network, .. } in reports {
        let _ = writeln!(text, "{}: {} s, seed {seed}, {network}", database.name(), lasts.as_secs());
    }
    let _ = write!(text, "\n{:NAME_WIDTH$}", "");
    let several = reports.len() > 1;
    for name in reports.iter().map(|report| report.plan.database.name()).chain(several.then_some("in all")) {
        let _ = write!(text, "{name:>CELL_WIDTH$}");
    }
    for (row, figure) in reports.first().into_iter().flat_map(|report| &report.figures).enumerate() {
        let _ = write!(text, "\n{:NAME_WIDTH$}", figure.name);
        let own: Vec<Figure> = reports.iter().map(|report| report.figures[row]).collect();
        let all = own.iter().skip(1).fold(*figure, |all, next| all.with(next));
        for value in own.iter().chain(several.then_some(&all)).map(|figure| figure.value) {
            let cell = value.map_or_else(|| "–".to_owned(), |value| value.to_string());
            let _ = write!(text, "{cell:>CELL_WIDTH$}");
        }
        let demand = figure.must.to_string();
        let _ = write!(text, "{}", if demand.is_empty() { demand } else { format!("   must be {demand}") });
    }
    text.push('\n');
    for report in reports {
        for wrong in report.wrong() {
            let _ = write!(text, "\nWRONG on {}: {wrong}", report.plan.database.name());
        }
        if let Some(kept) = &report.kept {
            let _ = write!(text, "\nevidence is kept in {}", kept.display());
        }
    }
    for Report { plan, .. } in reports.iter().filter(|report| report.wrong().is_empty()) {
        let _ = write!(text, "\n{}: as promised", plan.database.name());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Report, table, untrue};
    use crate::chaos::Plan;
    use crate::chaos::tally::Tally;
    use crate::checkers::sound;
    use crate::sandbox::Database;
    use serde_json::json;
    use std::time::{Duration, Instant};

    fn quiet() -> Tally {
        Tally::new(Instant::now(), Duration::from_secs(20))
    }

    #[test]
    fn what_was_told_must_have_come_true() {
        let mut tally = quiet();
        let mut evidence = sound::sound();
        let at_home = |user: &str| (sound::ROUTER.to_owned(), user.to_owned());
        tally.told_paid = ["PT-AAAAA", "PT-CCCCC"].map(at_home).to_vec();
        tally.refunds.told_done = vec!["r1".to_owned()];
        evidence.purchases[2].state = json!({"refunds": [{"id": "r1", "state": "done"}]});
        assert_eq!(untrue(&tally, &evidence), Vec::<String>::new());
        tally.told_paid = ["PT-BBBBB", "PT-ZZZZZ"].map(at_home).to_vec();
        tally.told_paid.push(("RTR_2".to_owned(), "PT-AAAAA".to_owned()));
        evidence.purchases[2].state = json!({"refunds": [{"id": "r1", "state": "refused"}]});
        assert_eq!(untrue(&tally, &evidence).len(), 4);
    }

    #[test]
    fn the_table_shows_both_runs_and_the_sum_and_says_what_is_wrong() {
        let tally = quiet();
        let run = |database| {
            let plan = Plan { lasts: Duration::from_secs(9), seed: 7, database, shortened: true };
            Report::new(plan, "nets", &tally, &sound::sound(), Duration::from_secs(1))
        };
        let text = table(&[run(Database::Sqlite), run(Database::Postgres)]);
        let line = |name: &str| text.lines().find(|line| line.starts_with(name)).expect(name).to_owned();
        let words = |name| line(name).split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(words("completed"), ["completed", "1", "1", "2", "must", "be", "above", "0"]);
        assert!(line("PostgreSQL killed").contains("–"), "{text}");
        assert!(text.contains("WRONG on PostgreSQL: links cut 0, but it must be above 0"), "{text}");
        assert!(!text.contains("as promised"), "{text}");
    }
}
