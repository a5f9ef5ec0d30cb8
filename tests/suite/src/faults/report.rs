//! The timeline that proves an ending, for people.

use std::fmt::Write as _;

use super::Fault;
use super::scene::{Ending, Seen};
use crate::evidence::LedgerEntry;
use crate::portal::Answer;
use crate::sandbox::Database;
use crate::simulator::gateways::Gateway;

/// Writes the proof of one fault.
#[must_use]
pub fn render(
    fault: &Fault,
    gateway: Gateway,
    database: Database,
    ending: &Ending,
    wrong: &[String],
) -> String {
    let purchase = &ending.purchase;
    let mut text = String::new();
    // Writing to a text cannot fail.
    let _ = writeln!(text, "── {} · {} · {database:?}", fault.name, gateway.word());
    let _ = writeln!(text, "  customer first   {}", seen(&ending.first));
    let _ = writeln!(text, "  customer last    {}", answer(&ending.last));
    let _ = writeln!(text, "  record of {}", purchase.id);
    let lines = ending.evidence.records.get(&purchase.id).map(Vec::as_slice).unwrap_or_default();
    let start = lines.first().map_or(0, |line| line.at);
    for line in lines {
        let _ =
            writeln!(text, "    {:>7} ms  {:<8} {} → {}", line.at - start, line.who, line.step, line.result);
    }
    let _ = writeln!(text, "  gateway's books");
    let own = |entry: &&LedgerEntry| entry.sale_id == purchase.id;
    for entry in ending.evidence.ledger.iter().filter(own) {
        let LedgerEntry { kind, payment_id, amount, at_ms, .. } = entry;
        let _ = writeln!(text, "    {:>7} ms  {kind} {amount} of {payment_id}", at_ms - start);
    }
    let _ = writeln!(text, "  router's users");
    for user in &ending.evidence.users {
        let state = if user.disabled { "disabled" } else { "enabled" };
        let whose = if user.name == purchase.user { "this purchase's" } else { "another's" };
        let _ = writeln!(text, "    {} {state} {} ({whose})", user.name, user.comment);
    }
    match wrong {
        [] => {
            let _ = writeln!(text, "  verdict          as promised: {}", purchase.phase);
        }
        wrong => {
            let _ = writeln!(text, "  verdict          WRONG: {}", wrong.join("; "));
        }
    }
    text
}

fn seen(seen: &Seen) -> String {
    match seen {
        Ok(seen) => answer(seen),
        Err(why) => format!("no answer: {why}"),
    }
}

fn answer(answer: &Answer) -> String {
    let user = answer.hotspot_user();
    if user.is_empty() {
        return format!("{} {}", answer.status, answer.code());
    }
    format!("{} user {user}", answer.status)
}
