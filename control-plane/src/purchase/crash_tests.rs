//! Every port call and every commit is a crash point, before and after, on every path of a purchase; then another
//! process recovers, and the world is judged: the router's users, the gateway's books and ours must agree.
//!
//! Purchases, database and vault are the real ones. Only the outside is played: a site and a gateway with the manners
//! of the real ones. A crash is a call that never comes back, in a process that is then forgotten.
//!
//! | module | holds |
//! |---|---|
//! | [`points`] | crash points, and what strikes there |
//! | [`site`], [`bank`] | the outside |
//! | [`database`] | databases for the runs |
//! | [`paths`] | the paths of a purchase |
//! | [`world`] | one run |
//! | [`judge`] | what must hold at the end |
//! | [`told`] | what the company must have been told by then |
//! | [`table`] | the table in `docs/purchase.md` |
//! | [`repeats`] | requests that come twice, tasks that are lost, secrets |

#![expect(clippy::wildcard_enum_match_arm, reason = "a test names what it looks for")]

mod bank;
mod database;
mod judge;
mod paths;
mod points;
mod repeats;
mod site;
mod table;
mod told;
mod world;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use futures_util::future::join_all;

use crate::gateway::GatewayName;
use crate::seams::{Moment, instant};
use database::{Backend, Slot, postgres_server};
use judge::{Outcome, judge};
use paths::{PATHS, Path};
use points::{Fault, Kind, Point};
use world::World;

/// Threads that run worlds.
const THREADS: usize = 2;
/// Worlds at once on each.
const SLOTS: usize = 6;
/// A step that is done again and again is struck so many times: later passes are the same step again.
const PASSES_MAX: u32 = 2;

static DATABASES: AtomicUsize = AtomicUsize::new(0);

/// One run that is to be made.
#[derive(Debug, Clone)]
struct Job {
    path: Path,
    gateway: GatewayName,
    fault: Option<Fault>,
}

/// What came of one run.
struct Row {
    path: &'static str,
    gateway: GatewayName,
    fault: Option<Fault>,
    outcome: Outcome,
    passed: Vec<Point>,
    order: usize,
}

/// Makes all runs; gives what came of them, in their order.
fn run_all(backend: Backend, jobs: Vec<Job>) -> Vec<Row> {
    let queue: Mutex<VecDeque<(usize, Job)>> = Mutex::new(jobs.into_iter().enumerate().collect());
    let done: Mutex<Vec<Row>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let runtime =
                    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
                runtime.block_on(join_all((0..SLOTS).map(|_| work(backend, &queue, &done))));
            });
        }
    });
    let mut rows = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    rows.sort_by_key(|row| row.order);
    rows
}

async fn work(backend: Backend, queue: &Mutex<VecDeque<(usize, Job)>>, done: &Mutex<Vec<Row>>) {
    let slot = Slot::open(backend, DATABASES.fetch_add(1, Ordering::Relaxed)).await;
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some((order, job)) = next else { return };
        slot.clear().await;
        let row = one(&slot, job, order).await;
        done.lock().unwrap_or_else(PoisonError::into_inner).push(row);
    }
}

async fn one(slot: &Slot, job: Job, order: usize) -> Row {
    let Job { path, gateway, fault } = job;
    let at = format!("{} at {gateway:?}, {fault:?}", path.name);
    let mut world = World::new(slot, path, gateway);
    let (purchase, passed, struck) = world.run(fault.clone()).await;
    assert!(struck || fault.is_none(), "{at}: the point was never passed");
    let outcome = judge(&world, slot, &path, &purchase, &at).await;
    told::judge(&slot.told().await, &purchase, &at);
    Row { path: path.name, gateway, fault, outcome, passed, order }
}

/// Everything that can strike on a path that passed these points.
fn faults(passed: &[Point]) -> Vec<Fault> {
    let near = passed.iter().filter(|point| point.pass <= PASSES_MAX);
    near.flat_map(|point| {
        let denied = point.name == "bank read" && point.moment == Moment::Before;
        let kinds = [Some(Kind::Crash), Some(Kind::Silence), denied.then_some(Kind::Denied)];
        kinds.into_iter().flatten().map(|kind| Fault { kind, point: point.clone() })
    })
    .collect()
}

/// Runs every path undisturbed, then once for each thing that can strike on it.
fn exhaust(backend: Backend) -> Vec<Row> {
    let began = instant();
    let undisturbed = PATHS.iter().flat_map(|path| {
        path.gateways.iter().map(|gateway| Job { path: *path, gateway: *gateway, fault: None })
    });
    let mut rows = run_all(backend, undisturbed.collect());
    let mut jobs = Vec::new();
    let mut points = 0;
    for row in &rows {
        let path = PATHS.iter().find(|path| path.name == row.path).expect("a path");
        let faults = faults(&row.passed);
        points += faults.iter().filter(|fault| fault.kind == Kind::Crash).count();
        jobs.extend(faults.into_iter().map(|fault| Job {
            path: *path,
            gateway: row.gateway,
            fault: Some(fault),
        }));
    }
    rows.extend(run_all(backend, jobs));
    println!("{backend:?}: {points} crash points, {} runs in {:?}", rows.len(), began.elapsed());
    rows
}

#[test]
fn whatever_strikes_wherever_no_promise_breaks_on_sqlite_and_the_table_says_how_it_ends() {
    table::committed_or_written(&exhaust(Backend::Sqlite));
}

#[test]
fn whatever_strikes_wherever_no_promise_breaks_on_postgresql_and_it_ends_as_on_sqlite() {
    if postgres_server().is_some() {
        table::committed_or_written(&exhaust(Backend::Postgres));
    }
}
