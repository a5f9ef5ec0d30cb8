//! Provokes every fault at both gateways on both databases and prints the timelines that prove how they ended, then a
//! summary. Run it with `make faults`; words given as arguments choose the faults whose name contains one of them.
#![allow(clippy::disallowed_methods, reason = "tests stand outside the simulated world")]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::Instant;

use futures_util::StreamExt as _;
use pagos_suite::faults::{self, Case, Fault, Proof, report, scene::SHORTENED};

/// Faults at the same time, each with processes of its own.
const AT_ONCE: usize = 4;

const INTRODUCTION: &str = "\
Each timeline shows, in milliseconds since the purchase was stored, what the buyer did and saw, the FAULT, the record that
the control plane keeps of the purchase, and the gateway's own BOOKS. A line of the record bears the time at which it
happened; it is stored before the next thing is done. Times that are shortened:";

// One thread: processes that are to die with their parent die with the thread that started them.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let chosen =
        |fault: &Fault| words.is_empty() || words.iter().any(|word| fault.name.contains(word.as_str()));
    let chosen: Vec<Fault> = faults::all().into_iter().filter(chosen).collect();
    let started = Instant::now();
    introduce();
    let proofs = prove(&chosen).await;
    let wrong = proofs.values().filter(|proof| !proof.wrong.is_empty()).count();
    say(&report::summary(&chosen, &proofs));
    let (faults, endings, seconds) = (chosen.len(), proofs.len(), started.elapsed().as_secs());
    say(&format!("\n{faults} faults, {endings} endings, {wrong} wrong, in {seconds} s"));
    if wrong == 0 && endings > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn introduce() {
    say(INTRODUCTION);
    for (name, value) in SHORTENED {
        say(&format!("  {name}={value}"));
    }
    say("");
}

/// Proves them, some at a time, and prints the timelines in order.
async fn prove(chosen: &[Fault]) -> BTreeMap<(&'static str, Case), Proof> {
    let runs = chosen.iter().flat_map(|fault| Case::ALL.map(|case| (fault, case)));
    let mut proved = futures_util::stream::iter(runs)
        .map(|(fault, case)| async move { ((fault.name, case), faults::prove(fault, case).await) })
        .buffered(AT_ONCE);
    let mut proofs = BTreeMap::new();
    while let Some((key, proof)) = proved.next().await {
        say(&proof.text);
        proofs.insert(key, proof);
    }
    proofs
}

fn say(text: &str) {
    // Nobody listens any more: the exit code still tells.
    let _ = writeln!(std::io::stdout(), "{text}");
}
