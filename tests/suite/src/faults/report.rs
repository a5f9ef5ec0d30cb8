//! The timelines that prove the endings, and their summary, for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::ending::{Ending, Expected};
use super::notes;
use super::{Case, Fault, Proof};
use crate::evidence::LedgerEntry;

/// Widest name of a fault in the summary.
const NAME_WIDTH: usize = 64;
/// Width of each other column of the summary.
const CELL_WIDTH: usize = 14;

/// What is told when nothing could be proved.
#[must_use]
pub fn failed(fault: &Fault, case: Case, error: &anyhow::Error) -> String {
    format!("{}\n  verdict     WRONG: {error:#}\n", title(fault, case))
}

/// Writes the proof of one fault.
#[must_use]
pub fn render(fault: &Fault, case: Case, expected: &Expected, ending: &Ending, wrong: &[String]) -> String {
    let mut text = title(fault, case);
    // Writing to a text cannot fail.
    let _ = writeln!(text, "\n  purchase    {}, user {}", ending.purchase.id, ending.purchase.user);
    for (at, who, what) in timeline(ending) {
        let _ = writeln!(text, "    {at:>7} ms  {who:<8} {what}");
    }
    let _ =
        writeln!(text, "  buyer saw   {}, then {}", notes::seen(&ending.first), notes::answer(&ending.last));
    let _ = writeln!(text, "  must be     {}", expected.describe());
    let _ = writeln!(text, "  is          {}", ending.describe());
    let verdict =
        if wrong.is_empty() { "as promised".to_owned() } else { format!("WRONG: {}", wrong.join("; ")) };
    let _ = writeln!(text, "  verdict     {verdict}");
    text
}

fn title(fault: &Fault, case: Case) -> String {
    format!("── {} · {}", fault.name, case.name())
}

/// What buyer and fault did, the record of the purchase, and the gateway's books, by time since the purchase was stored.
fn timeline(ending: &Ending) -> Vec<(i64, String, String)> {
    let lines = ending.evidence.records.get(&ending.purchase.id).map(Vec::as_slice).unwrap_or_default();
    let start = lines.first().map_or(0, |line| line.at);
    let noted = ending.notes.iter().map(|note| (note.at_ms, note.who.to_owned(), note.what.clone()));
    let recorded =
        lines.iter().map(|line| (line.at, line.who.clone(), format!("{} → {}", line.step, line.result)));
    let booked = ending.books().map(|entry| (entry.at_ms, "BOOKS".to_owned(), booking(entry)));
    let mut all: Vec<_> = noted.chain(booked).chain(recorded).collect();
    all.sort_by_key(|(at, ..)| *at);
    all.into_iter().map(|(at, who, what)| (at - start, who, what)).collect()
}

fn booking(entry: &LedgerEntry) -> String {
    let LedgerEntry { kind, payment_id, amount, .. } = entry;
    format!("{kind} {}.{:02} ({payment_id})", amount / 100, amount % 100)
}

/// One line per fault, one column per case; below it what is wrong.
#[must_use]
pub fn summary(faults: &[Fault], proofs: &BTreeMap<(&'static str, Case), Proof>) -> String {
    let mut text = row("fault", &Case::ALL.map(Case::short));
    for fault in faults {
        let cell = |case| match proofs.get(&(fault.name, case)) {
            Some(proof) if proof.wrong.is_empty() => proof.phase.clone(),
            Some(_) => "WRONG".to_owned(),
            None => "–".to_owned(),
        };
        let _ = write!(text, "\n{}", row(fault.name, &Case::ALL.map(cell)));
    }
    for ((name, case), proof) in proofs.iter().filter(|(_, proof)| !proof.wrong.is_empty()) {
        let _ = write!(text, "\nWRONG: {name} · {}: {}", case.name(), proof.wrong.join("; "));
    }
    text
}

fn row(name: &str, cells: &[String]) -> String {
    let cells: String = cells.iter().map(|cell| format!(" {cell:<CELL_WIDTH$}")).collect();
    format!("{name:<NAME_WIDTH$}{cells}").trim_end().to_owned()
}
