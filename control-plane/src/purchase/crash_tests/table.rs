//! What the runs came to, as a table for people, and the names of all crash points for other tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use super::Row;
use super::judge::Outcome;
use super::paths::{PATHS, gateway_name};
use super::points::{Fault, Kind, Point};
use crate::seams::Moment;

/// Set to write the generated text instead of comparing it.
const REGENERATE_VARIABLE: &str = "PAGOS_REGENERATE";
const BEGIN: &str = "<!-- crash table: begin, generated -->";
const END: &str = "<!-- crash table: end -->";

fn file(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// The table in Markdown.
pub(super) fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "| path | gateway | what struck | first answer | last answer | charged | back | on the router | ended |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    for path in PATHS {
        for gateway in path.gateways {
            let mut groups: BTreeMap<&Outcome, Vec<Option<&Fault>>> = BTreeMap::new();
            let own = rows.iter().filter(|row| row.path == path.name && row.gateway == *gateway);
            own.for_each(|row| groups.entry(&row.outcome).or_default().push(row.fault.as_ref()));
            let mut groups: Vec<_> = groups.into_iter().collect();
            // Where nothing struck comes first, then what is most.
            groups.sort_by_key(|(_, faults)| (!faults.contains(&None), usize::MAX - faults.len()));
            for (outcome, faults) in groups {
                let Outcome { first, last, taken, back, router, ended } = outcome;
                let _ = writeln!(
                    text,
                    "| {} | {} | {} | {first} | {last} | {} | {} | {router} | {ended} |",
                    path.name,
                    gateway_name(*gateway),
                    struck(&faults),
                    money(*taken),
                    money(*back),
                );
            }
        }
    }
    text
}

fn money(minor: i64) -> String {
    if minor == 0 { "–".into() } else { format!("{}.{:02}", minor / 100, minor % 100) }
}

fn struck(faults: &[Option<&Fault>]) -> String {
    let mut parts = Vec::new();
    if faults.contains(&None) {
        parts.push("nothing".to_owned());
    }
    for (kind, word) in
        [(Kind::Crash, "dies at"), (Kind::Silence, "no answer at"), (Kind::Denied, "not shown at")]
    {
        let points: Vec<&Point> =
            faults.iter().flatten().filter(|fault| fault.kind == kind).map(|fault| &fault.point).collect();
        if !points.is_empty() {
            parts.push(format!("{word} {}", names(&points)));
        }
    }
    parts.join("; ")
}

/// Points by name; `±` where both moments are meant.
fn names(points: &[&Point]) -> String {
    let mut shown = Vec::new();
    for point in points {
        let both = |moment| {
            points
                .iter()
                .any(|other| other.name == point.name && other.pass == point.pass && other.moment == moment)
        };
        let text = point.to_string();
        let (stem, _) = text.split_at(text.len() - 1);
        if both(Moment::Before) && both(Moment::After) {
            if point.moment == Moment::Before {
                shown.push(format!("`{stem}±`"));
            }
        } else {
            shown.push(format!("`{text}`"));
        }
    }
    shown.join(", ")
}

/// Names of all crash points, one a line.
pub(super) fn point_names(rows: &[Row]) -> String {
    let names: BTreeSet<&str> =
        rows.iter().filter_map(|row| row.fault.as_ref()).map(|fault| fault.point.name.as_str()).collect();
    names.into_iter().map(|name| format!("{name}\n")).collect()
}

/// Compares the generated text with what is committed, or writes it.
pub(super) fn committed_or_written(rows: &[Row]) {
    let (document, vectors) = (file("docs/purchase.md"), file("tests/vectors/crash_points.txt"));
    let page = std::fs::read_to_string(&document).expect("docs/purchase.md");
    let (head, rest) = page.split_once(BEGIN).expect("the table's begin");
    let (old, tail) = rest.split_once(END).expect("the table's end");
    let new = format!("\n{}", table(rows));
    let known = std::fs::read_to_string(&vectors).unwrap_or_default();
    let names = point_names(rows);
    if std::env::var_os(REGENERATE_VARIABLE).is_some() {
        std::fs::write(&document, format!("{head}{BEGIN}{new}{END}{tail}")).expect("written");
        std::fs::write(&vectors, names).expect("written");
        return;
    }
    assert_eq!(known, names, "the names of crash points changed; see docs/testing.md for how to regenerate");
    for (line, (was, is)) in old.lines().zip(new.lines()).enumerate() {
        assert_eq!(
            was, is,
            "line {line} of the crash table changed; see docs/testing.md for how to regenerate"
        );
    }
    assert_eq!(old.lines().count(), new.lines().count(), "the crash table has other rows than the runs");
}
