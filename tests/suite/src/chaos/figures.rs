//! The figures of a run, and what is demanded of them.

use std::fmt;
use std::time::Duration;

use super::SETTLED_WITHIN;
use super::tally::{Blow, Tally};
use crate::evidence::{Evidence, Purchase};
use crate::sandbox::Database;

/// Something is killed at least so often, on either side.
const KILL_EVERY: Duration = Duration::from_secs(15);
/// PostgreSQL is killed, and a link is cut, at least so often.
const STRIKE_EVERY: Duration = Duration::from_secs(60);

/// One figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figure {
    /// What it counts.
    pub name: &'static str,
    /// How much; none where it does not apply.
    pub value: Option<Value>,
    /// What is demanded of it.
    pub must: Must,
}

/// How much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// A number of things.
    Count(u64),
    /// A time.
    Time(Duration),
}

/// What is demanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Must {
    /// Nothing.
    Be,
    /// At least one.
    Happen,
    /// None.
    Never,
    /// Not longer than this.
    Within(Duration),
}

impl Figure {
    const fn count(name: &'static str, count: u64, must: Must) -> Self {
        Self { name, value: Some(Value::Count(count)), must }
    }

    const fn time(name: &'static str, time: Duration, limit: Duration) -> Self {
        Self { name, value: Some(Value::Time(time)), must: Must::Within(limit) }
    }

    /// What is wrong with it.
    #[must_use]
    pub fn wrong(&self) -> Option<String> {
        let value = self.value?;
        let good = match (self.must, value) {
            (Must::Be, _) => true,
            (Must::Happen, value) => value > Value::Count(0),
            (Must::Never, value) => value == Value::Count(0),
            (Must::Within(limit), value) => value <= Value::Time(limit),
        };
        (!good).then(|| format!("{} {value}, but it must be {}", self.name, self.must))
    }

    /// Both runs in one figure: counts are added, of times the longer one counts.
    #[must_use]
    pub fn with(self, other: &Self) -> Self {
        let value = match (self.value, other.value) {
            (Some(Value::Count(one)), Some(Value::Count(two))) => Some(Value::Count(one + two)),
            (one, two) => one.max(two),
        };
        Self { value, ..self }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => to.pad(&count.to_string()),
            Self::Time(time) => to.pad(&format!("{:.1} s", time.as_secs_f64())),
        }
    }
}

impl fmt::Display for Must {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Be => Ok(()),
            Self::Happen => to.write_str("above 0"),
            Self::Never => to.write_str("0"),
            Self::Within(limit) => write!(to, "at most {} s", limit.as_secs()),
        }
    }
}

/// All figures of a run, in the order in which people read them.
#[must_use]
pub fn all(
    tally: &Tally,
    evidence: &Evidence,
    database: Database,
    settled: Duration,
    breaches: usize,
) -> Vec<Figure> {
    [
        ends(evidence),
        refunds(tally, evidence),
        struck(tally, database),
        vec![
            Figure::count("requests of buyers, repeats included", tally.requests.into(), Must::Be),
            Figure::time("time until everything was final", settled, SETTLED_WITHIN),
            Figure::count("violations seen by the checkers", len(breaches), Must::Never),
        ],
    ]
    .concat()
}

/// How the purchases ended.
fn ends(evidence: &Evidence) -> Vec<Figure> {
    let counted =
        |is: &dyn Fn(&Purchase) -> bool| len(evidence.purchases.iter().filter(|own| is(own)).count());
    let phase = |word: &str| counted(&|own| own.phase == word);
    let refused = |own: &Purchase| {
        evidence.ledger.iter().any(|entry| entry.kind == "declined" && entry.sale_id == own.id)
    };
    let unpaid = |own: &Purchase| matches!(own.phase.as_str(), "rolled_back" | "failed");
    let by_a_person = |own: &Purchase| matches!(own.phase.as_str(), "mismatch" | "stuck");
    vec![
        Figure::count("purchases started", len(evidence.purchases.len()), Must::Be),
        Figure::count(
            "  that came as far as the charge",
            counted(&|own| own.charge_started_at.is_some()),
            Must::Be,
        ),
        Figure::count("completed", phase("completed"), Must::Happen),
        Figure::count("declined by the bank", counted(&|own| unpaid(own) && refused(own)), Must::Happen),
        Figure::count(
            "undone, nothing charged",
            counted(&|own| own.phase == "rolled_back" && !refused(own)),
            Must::Be,
        ),
        Figure::count(
            "failed before a user stood",
            counted(&|own| own.phase == "failed" && !refused(own)),
            Must::Be,
        ),
        Figure::count("reversed, all the money went back", phase("reversed"), Must::Be),
        Figure::count("left to a person", counted(&|own| !own.open && by_a_person(own)), Must::Never),
        Figure::count(
            "with a refund that a person is to notice",
            counted(&|own| !own.open && own.attention && !by_a_person(own)),
            Must::Be,
        ),
        Figure::count("still open", counted(&|own| own.open), Must::Never),
    ]
}

/// Who gave how much money back.
fn refunds(tally: &Tally, evidence: &Evidence) -> Vec<Figure> {
    let answers = |wanted: &dyn Fn(u16) -> bool| {
        let own = tally.refunds.answers.iter().filter(|(status, _)| wanted(**status));
        own.map(|(_, count)| u64::from(*count)).sum()
    };
    let done = |by_admin: bool| {
        let own = evidence.purchases.iter().flat_map(refunds_of);
        len(own.filter(|own| own["state"] == "done" && own["asked_by"].is_null() != by_admin).count())
    };
    let booked = len(evidence.ledger.iter().filter(|entry| entry.kind == "refund").count());
    vec![
        Figure::count("refunds in the gateways' books", booked, Must::Be),
        Figure::count("  by admins, through us", done(true), Must::Be),
        Figure::count("  by us, since it was not delivered", done(false), Must::Be),
        Figure::count("  at the gateway's panel, past us", tally.gateway_refunds.into(), Must::Be),
        Figure::count("refunds asked for, of all", tally.refunds.whole.into(), Must::Be),
        Figure::count("refunds asked for, of a part", tally.refunds.partial.into(), Must::Be),
        Figure::count("  answered 200, done", answers(&|status| status == 200), Must::Be),
        Figure::count("  answered 202, under way", answers(&|status| status == 202), Must::Be),
        Figure::count("  answered 4xx, refused", answers(&|status| (400..500).contains(&status)), Must::Be),
        Figure::count("  answered 5xx", answers(&|status| status >= 500), Must::Be),
        Figure::count("  not answered", answers(&|status| status == 0), Must::Be),
    ]
}

/// Refunds that the control plane knows of.
pub(super) fn refunds_of(purchase: &Purchase) -> impl Iterator<Item = &serde_json::Value> {
    purchase.state["refunds"].as_array().into_iter().flatten()
}

/// What was struck, and whether often enough.
fn struck(tally: &Tally, database: Database) -> Vec<Figure> {
    use Blow::{Agent, ControlPlane, Cut, Database as Server};
    let on_server = |figure: Figure| match database {
        Database::Postgres => figure,
        Database::Sqlite => Figure { value: None, ..figure },
    };
    let gap = |name, blows: &[Blow], limit| Figure::time(name, tally.longest_gap(blows), limit);
    vec![
        Figure::count("kill -9 of the control plane", tally.count(&[ControlPlane]), Must::Happen),
        Figure::count("  of one that was just coming back", tally.recoveries_struck.into(), Must::Be),
        on_server(Figure::count("  another machine took its place", tally.machines_changed.into(), Must::Be)),
        Figure::count("kill -9 of an agent", tally.count(&[Agent]), Must::Happen),
        on_server(Figure::count("PostgreSQL killed and started again", tally.count(&[Server]), Must::Happen)),
        Figure::count("links cut", tally.count(&[Cut]), Must::Happen),
        Figure::count("faults of gateways and routers", tally.faults.into(), Must::Be),
        gap("longest time without a kill", &[ControlPlane, Agent], KILL_EVERY),
        gap("  of the control plane", &[ControlPlane], KILL_EVERY),
        gap("  of an agent", &[Agent], KILL_EVERY),
        on_server(gap("longest time without a kill of PostgreSQL", &[Server], STRIKE_EVERY)),
        gap("longest time without a cut link", &[Cut], STRIKE_EVERY),
    ]
}

fn len(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Figure, KILL_EVERY, Must, Value, all};
    use crate::chaos::tally::Tally;
    use crate::checkers::sound;
    use crate::sandbox::Database;
    use std::time::{Duration, Instant};

    fn quiet() -> Tally {
        Tally::new(Instant::now(), Duration::from_secs(20))
    }

    fn value(figures: &[Figure], name: &str) -> Option<Value> {
        figures.iter().find(|figure| figure.name.trim() == name).expect(name).value
    }

    #[test]
    fn every_purchase_is_counted_once_by_its_end() {
        let figures = all(&quiet(), &sound::sound(), Database::Sqlite, Duration::ZERO, 0);
        let ends = [
            "completed",
            "declined by the bank",
            "undone, nothing charged",
            "failed before a user stood",
            "reversed, all the money went back",
            "left to a person",
            "still open",
        ];
        let counts = ends.map(|name| value(&figures, name));
        assert_eq!(counts, [1, 1, 0, 0, 1, 0, 0].map(|count| Some(Value::Count(count))));
        assert_eq!(value(&figures, "purchases started"), Some(Value::Count(3)));
        assert_eq!(value(&figures, "refunds in the gateways' books"), Some(Value::Count(1)));
    }

    #[test]
    fn a_run_without_kills_or_with_open_purchases_is_wrong() {
        let mut evidence = sound::sound();
        evidence.purchases[1].open = true;
        let figures = all(&quiet(), &evidence, Database::Postgres, Duration::ZERO, 1);
        let wrong: Vec<String> = figures.iter().filter_map(Figure::wrong).collect();
        for part in
            ["still open 1", "violations", "kill -9 of an agent 0", "PostgreSQL killed", "links cut 0"]
        {
            assert!(wrong.iter().any(|text| text.contains(part)), "{part} in {wrong:?}");
        }
        let figures = all(&quiet(), &evidence, Database::Sqlite, Duration::ZERO, 0);
        assert!(!figures.iter().filter_map(Figure::wrong).any(|text| text.contains("PostgreSQL")));
    }

    #[test]
    fn a_gap_above_the_limit_is_wrong_and_one_at_the_limit_is_not() {
        let gap = |over| Figure::time("gap", KILL_EVERY + Duration::from_millis(over), KILL_EVERY);
        assert_eq!(gap(0).wrong(), None);
        assert_eq!(gap(100).wrong().unwrap(), "gap 15.1 s, but it must be at most 15 s");
    }

    #[test]
    fn together_counts_are_added_and_the_longer_time_counts() {
        let count = |count| Figure::count("kills", count, Must::Happen);
        assert_eq!(count(2).with(&count(3)), count(5));
        let time = |s| Figure::time("gap", Duration::from_secs(s), KILL_EVERY);
        assert_eq!(time(4).with(&time(3)), time(4));
        let none = Figure { value: None, ..count(0) };
        assert_eq!(none.with(&count(3)), count(3));
    }
}
