//! The table of the contract: every endpoint with every case of it, and whether a test of this program met it.
//!
//! The cases of a row are the answers that its endpoint describes. All other tests of this program run once more, as a
//! child process on SQLite, and note the answers they get. What no test met is missing, and fails. Another tenant's ids are
//! tried by the test `isolation`, which takes the endpoints and their ids from the same list.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::Command;

use pagos_control_plane::domain::code::Code;
use pagos_control_plane::http::operation::{Access, Operation};

use crate::access::ASKS_NOBODY;
use crate::described::{OPERATIONS, SEEN_VARIABLE, ids, row};
use crate::index::INDEX;

/// Tests of the child at the same time.
const THREADS: &str = "3";

type Seen = BTreeSet<(String, u16, String)>;

#[test]
fn the_index_of_the_contract_is_served_and_asks_who_it_is() {
    for (method, path, access) in INDEX {
        let served = OPERATIONS.iter().find(|served| served.path == path && served.method.as_str() == method);
        let served = served.unwrap_or_else(|| panic!("{method} {path} is not served"));
        assert_eq!(served.access, access, "{method} {path}");
    }
    let rows: BTreeSet<_> = INDEX.iter().map(|(method, path, _)| (method, path)).collect();
    assert_eq!(rows.len(), INDEX.len(), "a row is there twice");
    for served in OPERATIONS.iter() {
        assert!(rows.contains(&(&served.method.as_str(), &served.path)), "{} has no row", row(served));
    }
}

#[test]
fn every_case_of_every_endpoint_is_met_by_a_test() {
    let directory = tempfile::tempdir().expect("directory");
    let file = directory.path().join("seen");
    let tests = Command::new(std::env::current_exe().expect("this program"))
        .args(["--skip", "table::", "--test-threads", THREADS])
        .env(SEEN_VARIABLE, &file)
        .env_remove("PAGOS_TEST_POSTGRES_URL")
        .output()
        .expect("this program can be started");
    assert!(tests.status.success(), "{}", String::from_utf8_lossy(&tests.stdout));
    let seen = std::fs::read_to_string(&file).expect("what was seen");
    let seen: Seen = seen.lines().filter_map(line).collect();
    let (mut table, mut missing) = (String::new(), Vec::new());
    for operation in OPERATIONS.iter() {
        table.push_str(&format!("{}\n   ", row(operation)));
        for (status, code) in cases(operation) {
            let met = seen.iter().any(|(name, seen_status, seen_code)| {
                *name == row(operation) && *seen_status == status && (code.is_empty() || *seen_code == code)
            });
            let mark = if met { "" } else { " MISSING" };
            table.push_str(&format!(" {status} {}{mark};", if code.is_empty() { "good" } else { &code }));
            if !met {
                missing.push(format!("{} {status} {code}", row(operation)));
            }
        }
        for id in ids(operation) {
            table.push_str(&format!(" 404 another tenant's {id} (isolation);"));
        }
        table.push('\n');
    }
    // Not by a macro: those are kept back when the test succeeds.
    let mut shown = std::io::stdout().lock();
    writeln!(shown, "\nendpoint × case ({} answers noted):\n{table}", seen.len()).expect("shown");
    assert!(missing.is_empty(), "{} cases that no test meets:\n{}", missing.len(), missing.join("\n"));
}

fn line(line: &str) -> Option<(String, u16, String)> {
    let mut parts = line.split('\t');
    Some((parts.next()?.to_owned(), parts.next()?.parse().ok()?, parts.next()?.to_owned()))
}

/// The answers that an endpoint describes, by code; good ones by their kind of content. Of JSON any will do.
fn cases(operation: &Operation) -> Vec<(u16, String)> {
    let good = operation.answers.iter().map(|answer| {
        let kind = if answer.media == "application/json" { "" } else { answer.media };
        (answer.status.as_u16(), kind.to_owned())
    });
    let errors = operation
        .errors()
        .into_iter()
        .flat_map(|(status, codes)| codes.into_iter().map(move |code| (status, code)));
    let errors = errors.filter(|(status, code)| !is_told_elsewhere(operation, *status, *code));
    good.chain(errors.map(|(status, code)| (status, code.as_str().to_owned()))).collect()
}

/// Answers that cannot be had by asking an endpoint, each with the place that proves it.
fn is_told_elsewhere(operation: &Operation, status: u16, code: Code) -> bool {
    let path = operation.path;
    match code {
        // A flood: where there is a limit, below; anywhere else a proxy may answer so.
        Code::RateLimited => {
            let limited = [
                "/login",
                "/pagar-conekta",
                "/pagar-mercado-pago",
                "/auto-reconnect",
                "/profile-info",
                "/mi-empresa/transacciones",
                "/probar",
                "/test-telegram",
            ];
            operation.access != Access::Signature && !limited.iter().any(|end| path.ends_with(end))
        }
        // A body that does not come, after ten seconds: `http::body::tests`. Gateways' own refusals are tried.
        Code::RequestInvalid => !path.starts_with("/api/v1/payments/") || path.ends_with("credenciales"),
        // These ask no database.
        Code::InternalError => ASKS_NOBODY.contains(&path) || operation.hidden,
        // Another process carries the purchase: `purchase::tell`, which only two processes can show.
        Code::PurchaseBusy => true,
        // Eight names in a row that are taken: `purchase::crash_tests`.
        Code::UsernameExhausted => status == 500,
        // The gateway's words for an order that ended otherwise: `gateway::{conekta, mercado_pago}::answer::tests`.
        Code::PaymentDeclined
        | Code::PaymentExpired
        | Code::PaymentCanceled
        | Code::PaymentVoided
        | Code::PaymentFailed
        | Code::PaymentRefunded
        | Code::PaymentDisputed => status == 402,
        // Constraints of the database hold the rows together that these would need to be apart.
        Code::CompanyNotFound | Code::RouterNotFound => operation.access == Access::ApiKey,
        _ => false,
    }
}
