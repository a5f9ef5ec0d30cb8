//! Another tenant's objects do not exist: whoever names one gets what an id gets that nobody has. The same status, as many
//! queries, a body of the same length.
//!
//! The endpoints and their ids come from the operations themselves, so that a new one is tried without being listed here. In
//! a process of its own, because it counts the queries of the whole process.

#![allow(missing_docs, unreachable_pub, reason = "a test")]
#![allow(clippy::disallowed_methods, reason = "stands for the world outside")]
#![allow(clippy::wildcard_enum_match_arm, reason = "any other answer fails the test")]
#![allow(dead_code, reason = "shared with the tests of the interface")]

#[path = "http/described.rs"]
mod described;
#[path = "isolation/owned.rs"]
mod owned;
#[path = "isolation/queries.rs"]
mod queries;
#[path = "http/stored.rs"]
mod stored;
#[path = "http/world.rs"]
mod world;

use std::collections::BTreeMap;

use described::{ID_FIELDS, OPERATIONS, ids, row};
use owned::Owned;
use pagos_control_plane::http::operation::{Access, Operation};
use pagos_simulator::Simulator;
use serde_json::{Value, json};
use world::World;

/// Its answer is 200 whatever it is asked for.
const ALWAYS_GOOD: &str = "/api/v1/admin/routers/{router_id}/test-connection";

/// What an answer shows to whoever compares.
#[derive(Debug, PartialEq, Eq)]
struct Shown {
    status: u16,
    code: String,
    body_bytes: usize,
    queries: usize,
}

#[tokio::test]
async fn another_tenants_id_tells_no_more_than_one_that_nobody_has() {
    let simulator = Simulator::start(pagos_simulator::Config::default()).await.expect("simulator");
    let gateway = simulator.ready().mercado_pago_url.clone();
    for (database, mut more) in databases() {
        more.push(("PAGOS_MERCADO_PAGO__URL", gateway.clone()));
        let world = World::start_with(&more).await;
        let mine = Owned::new(&world, &gateway, "Parque").await;
        let theirs = Owned::new(&world, &gateway, "Plaza").await;
        let nobodys = theirs.unlike();
        let mut tried = 0;
        for operation in OPERATIONS.iter().filter(|operation| !operation.hidden) {
            for id in ids(operation) {
                compare(&world, operation, &id, [&mine, &theirs, &nobodys]).await;
                tried += 1;
                println!("{database}: {} {id}", row(operation));
            }
        }
        assert!(tried >= 25, "only {tried} ids were tried");
        theirs.is_unchanged(&world).await;
    }
}

fn databases() -> Vec<(&'static str, Vec<(&'static str, String)>)> {
    let sqlite = ("SQLite", vec![("PAGOS_DATABASE_URL", String::new())]);
    match std::env::var("PAGOS_TEST_POSTGRES_URL") {
        Ok(_) => vec![sqlite, ("PostgreSQL", Vec::new())],
        Err(_) if std::env::var_os("REQUIRE_SERVICES").is_some() => panic!("there is no PostgreSQL"),
        Err(_) => vec![sqlite],
    }
}

async fn compare(world: &World, operation: &Operation, id: &str, [mine, theirs, nobodys]: [&Owned; 3]) {
    let with = |other: &Owned| {
        let mut ids = mine.ids.clone();
        ids.insert(id.to_owned(), other.ids[id].clone());
        ids
    };
    let token = match operation.access {
        Access::ApiKey => &mine.tenant.api_key,
        Access::SuperAdmin => &world.operator,
        _ => &mine.tenant.session,
    };
    // What is remembered from the first time on must not make the difference.
    ask(world, operation, token, &with(nobodys)).await;
    let foreign = ask(world, operation, token, &with(theirs)).await;
    let unknown = ask(world, operation, token, &with(nobodys)).await;
    let name = format!("{}, {id}", row(operation));
    assert_eq!(foreign, unknown, "{name}");
    let expected = if operation.path == ALWAYS_GOOD { 200 } else { 404 };
    assert_eq!(
        (foreign.status, foreign.code.ends_with("_not_found")),
        (expected, true),
        "{name}: {foreign:?}"
    );
    assert!(foreign.queries > 0, "{name}: no query was counted");
}

async fn ask(world: &World, operation: &Operation, token: &str, ids: &BTreeMap<String, String>) -> Shown {
    let mut path = operation.path.to_owned();
    for (name, _) in operation.segments() {
        path = path.replace(&format!("{{{name}}}"), &ids[name]);
    }
    let query = operation.query.iter().map(|field| field.name.shown).filter(|name| ID_FIELDS.contains(name));
    let query: Vec<String> = query.map(|name| format!("{name}={}", ids[name])).collect();
    if !query.is_empty() {
        path = format!("{path}?{}", query.join("&"));
    }
    let body = operation.body.as_ref().map(|takes| body(&takes.example, ids).to_string());
    let method = operation.method.as_str().parse().expect("a method");
    let before = queries::count().await;
    let answer = world.send(method, &path, Some(token), body, &[]).await;
    let code = answer.json()["code"].as_str().unwrap_or_default().to_owned();
    let (status, body_bytes) = (answer.status.as_u16(), answer.text.len());
    Shown { status, code, body_bytes, queries: queries::count().await - before }
}

/// The example with these ids in it.
fn body(example: &Value, ids: &BTreeMap<String, String>) -> Value {
    let mut body = example.clone();
    for field in ID_FIELDS {
        if let Some(place) = body.get_mut(field) {
            *place = if place.is_number() {
                json!(ids[field].parse::<i64>().expect("a number"))
            } else {
                json!(ids[field])
            };
        }
    }
    body
}
