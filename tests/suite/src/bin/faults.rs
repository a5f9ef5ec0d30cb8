//! Provokes every fault at both gateways on both databases and prints the timelines that prove how they ended. Run it with
//! `make faults`; words given as arguments choose the faults whose name contains one of them.
#![allow(clippy::disallowed_methods, reason = "tests stand outside the simulated world")]

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Instant;

use futures_util::StreamExt as _;
use pagos_suite::faults::{self, Fault, scene::SHORTENED};
use pagos_suite::sandbox::Database;
use pagos_suite::simulator::gateways::Gateway;

/// Faults at the same time, each with processes of its own.
const AT_ONCE: usize = 4;

// One thread: processes that are to die with their parent die with the thread that started them.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let started = Instant::now();
    say("Times that are shortened, so that this takes minutes:");
    for (name, value) in SHORTENED {
        say(&format!("  {name}={value}"));
    }
    let chosen =
        |fault: &Fault| words.is_empty() || words.iter().any(|word| fault.name.contains(word.as_str()));
    let mut runs = Vec::new();
    for fault in faults::all().into_iter().filter(chosen) {
        for gateway in [Gateway::Conekta, Gateway::MercadoPago] {
            runs.extend([Database::Sqlite, Database::Postgres].map(|database| (fault, gateway, database)));
        }
    }
    let count = runs.len();
    let mut proofs = futures_util::stream::iter(runs)
        .map(|(fault, gateway, database)| async move { prove(&fault, gateway, database).await })
        .buffered(AT_ONCE);
    let mut wrong = 0;
    while let Some(right) = proofs.next().await {
        wrong += usize::from(!right);
    }
    say(&format!("{count} faults, {wrong} wrong, in {} s", started.elapsed().as_secs()));
    if wrong == 0 && count > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether it ended as it must.
async fn prove(fault: &Fault, gateway: Gateway, database: Database) -> bool {
    match faults::prove(fault, gateway, database).await {
        Ok(proof) => {
            say(&proof.text);
            proof.wrong.is_empty()
        }
        Err(error) => {
            say(&format!(
                "── {} · {} · {database:?}\n  verdict          WRONG: {error:#}",
                fault.name,
                gateway.word()
            ));
            false
        }
    }
}

fn say(text: &str) {
    // Nobody listens any more: the exit code still tells.
    let _ = writeln!(std::io::stdout(), "{text}");
}
