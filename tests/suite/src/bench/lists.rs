//! Whether lists and dashboards take as long over a million transactions as over a thousand; how fast all of them are
//! written into a file.

use anyhow::{Context, ensure};
use hyper::Method;
use hyper::body::Bytes;
use tokio::time::Instant;

use super::ledger::fill;
use super::machine::resident_kib;
use super::options::Options;
use super::place::Place;
use super::report::{Budget, Report};
use super::times::Times;
use super::wire::{Call, Connection};
use crate::sandbox::{Database, Ready};

/// Transactions at first, and in the end.
const FEW: i64 = 1_000;
const MANY: i64 = 1_000_000;
/// The same for a quick run.
const MANY_QUICK: i64 = 50_000;
/// Rows of a page far back.
const PAGE: i64 = 50;
const MINE: &str = "/api/v1/admin/mi-empresa";

/// A list and how it is asked for.
struct List {
    name: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
}

/// Medians over few and over many transactions, and what one is of the other.
///
/// # Errors
/// When an answer is not good, or the file does not hold every transaction.
pub async fn measure(database: Database, options: &Options, report: &mut Report) -> anyhow::Result<()> {
    let many = if options.quick { MANY_QUICK } else { MANY };
    let place = Place::start(database).await?;
    let ready = place.ready();
    let sessions = Sessions {
        company: place.sandbox.cliente_admin().await?.token().to_owned(),
        platform: place.sandbox.super_admin().await?.token().to_owned(),
    };
    fill(ready, 0, FEW).await?;
    let before = medians(ready, options, &lists(ready, &sessions, FEW)).await?;
    fill(ready, FEW, many).await?;
    let lists = lists(ready, &sessions, many);
    let after = medians(ready, options, &lists).await?;
    for ((list, before), after) in lists.iter().zip(before).zip(after) {
        let name = list.name;
        report.add(database, &format!("{name}, {FEW} transactions, median"), before, "ms", None);
        report.add(database, &format!("{name}, {many} transactions, median"), after, "ms", None);
        report.add(
            database,
            &format!("{name}: the second ÷ the first"),
            after / before,
            "",
            Some(Budget::AtMost(3.0)),
        );
    }
    file(database, ready, &sessions, many, report).await
}

struct Sessions {
    company: String,
    platform: String,
}

/// Every list of the service that could grow with the transactions, and each place in the long one.
fn lists(ready: &Ready, sessions: &Sessions, transactions: i64) -> Vec<List> {
    let session = |token: &str| vec![("Authorization", format!("Bearer {token}"))];
    let company = |name, path: String| List { name, path, headers: session(&sessions.company) };
    let platform = |name, path: String| List { name, path, headers: session(&sessions.platform) };
    let page = |offset: i64| format!("{MINE}/transacciones?limit={PAGE}&offset={offset}");
    let tenant = format!("/admin/empresas/{}", ready.empresa_id);
    vec![
        company("company's dashboard", format!("{MINE}/dashboard")),
        company("transactions, first page", page(0)),
        company("transactions, tenth page", page(9 * PAGE)),
        company("transactions, page in the middle", page(transactions / 2)),
        company("transactions, last page", page(transactions - PAGE)),
        company("company's routers", format!("{MINE}/routers")),
        company("company's products", "/api/v1/admin/products".to_owned()),
        company("what waits for a person", format!("{MINE}/revision")),
        company("state of webhooks", format!("/api/v1/webhook/empresa/{}/estado-webhook", ready.empresa_id)),
        platform("platform's dashboard", "/admin/dashboard".to_owned()),
        platform("companies", "/admin/empresas".to_owned()),
        platform("company's numbers", format!("{tenant}/stats")),
        platform("routers of a company", format!("{tenant}/routers")),
        platform("keys of a router", format!("{tenant}/routers/{}/api-keys", ready.router_id)),
        platform("users", "/admin/usuarios".to_owned()),
        platform("what waits for a person, everywhere", "/admin/revision".to_owned()),
        List {
            name: "portal's catalogue",
            path: "/api/v1/catalogo_perfiles_venta".to_owned(),
            headers: vec![("X-API-Key", ready.api_key.clone())],
        },
    ]
}

/// One call after the other; the lists take turns, so that a disturbance hits all of them.
async fn medians(ready: &Ready, options: &Options, lists: &[List]) -> anyhow::Result<Vec<f64>> {
    let mut connection = Connection::open(&ready.base_url).await?;
    let mut times = vec![Vec::new(); lists.len()];
    for round in 0..=options.list_rounds() {
        for (list, times) in lists.iter().zip(&mut times) {
            let began = Instant::now();
            let reply = connection.send(call(list)).await?;
            let took = began.elapsed();
            reply.good().with_context(|| list.path.clone())?;
            // The first round warms up.
            if round > 0 {
                times.push(took);
            }
        }
    }
    Ok(times.into_iter().map(|times| Times::of(times).median_ms()).collect())
}

fn call(list: &List) -> Call {
    Call { method: Method::GET, path: list.path.clone(), headers: list.headers.clone(), body: Bytes::new() }
}

/// The file of all transactions.
async fn file(
    database: Database,
    ready: &Ready,
    sessions: &Sessions,
    transactions: i64,
    report: &mut Report,
) -> anyhow::Result<()> {
    let pid = ready.pids.control_plane;
    let before = resident_kib(pid)?;
    let headers = vec![("Authorization", format!("Bearer {}", sessions.company))];
    let path = format!("{MINE}/transacciones?formato=csv");
    let call = Call { method: Method::GET, path, headers, body: Bytes::new() };
    let began = Instant::now();
    let lines = Connection::open(&ready.base_url).await?.lines(call).await?;
    let took = began.elapsed();
    let grown = resident_kib(pid)?.saturating_sub(before);
    // The heading, and the sandbox's own purchase.
    let rows = u64::try_from(transactions)? + 1;
    ensure!(lines == rows + 1, "the file has {lines} lines for {rows} transactions");
    let rate = f64::from(u32::try_from(rows)?) / took.as_secs_f64();
    report.add(database, "transactions written into a file", rate, "/s", None);
    let mib = f64::from(u32::try_from(grown)?) / 1024.0;
    report.add(database, "memory that the control plane took for it", mib, "MiB", None);
    Ok(())
}
