//! What every endpoint has in common, tried at every one: who may ask, what is too large, what is no id, and a fault of ours.

use jsonwebtoken::{EncodingKey, Header};
use pagos_control_plane::http::operation::{Access, Operation, Segment};
use pagos_control_plane::store::Conn;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection};

use crate::described::OPERATIONS;
use crate::logos::{form, upload};
use crate::stored::run;
use crate::world::{Answer, ORIGINAL_SECRET, Tenant, World};

const DAY_MS: i64 = 86_400_000;

fn all() -> impl Iterator<Item = &'static Operation> {
    OPERATIONS.iter().filter(|operation| !operation.hidden)
}

fn of(access: &[Access]) -> impl Iterator<Item = &'static Operation> {
    all().filter(move |operation| access.contains(&operation.access))
}

/// Asks with a good body and with ids that nobody has.
async fn ask(world: &World, operation: &Operation, token: Option<&str>) -> Answer {
    ask_at(world, operation, operation.path, token).await
}

/// As [`ask`], at a path in which some ids may stand already.
async fn ask_at(world: &World, operation: &Operation, path: &str, token: Option<&str>) -> Answer {
    let mut path = path.to_owned();
    for (name, segment) in operation.segments() {
        let id = if segment == Segment::Integer { "987654321" } else { "X" };
        path = path.replace(&format!("{{{name}}}"), id);
    }
    let notice = || json!({"type": "payment", "data": {"id": "1", "object": {"id": "ord_1"}}}).to_string();
    let body = match (&operation.body, operation.access) {
        (Some(takes), _) => Some(takes.example.to_string()),
        (None, Access::Signature) => Some(notice()),
        (None, _) => None,
    };
    send(world, operation, &path, token, body).await
}

async fn send(
    world: &World,
    operation: &Operation,
    path: &str,
    token: Option<&str>,
    body: Option<String>,
) -> Answer {
    let method: Method = operation.method.as_str().parse().expect("a method");
    world.send(method, path, token, body, &[]).await
}

/// Good credentials for an endpoint.
fn token<'a>(world: &'a World, tenant: &'a Tenant, access: Access) -> Option<&'a str> {
    match access {
        Access::Open | Access::Signature => None,
        Access::ApiKey => Some(&tenant.api_key),
        Access::Admin | Access::CompanyAdmin => Some(&tenant.session),
        Access::SuperAdmin => Some(&world.operator),
    }
}

const SESSION: [Access; 3] = [Access::Admin, Access::CompanyAdmin, Access::SuperAdmin];

#[tokio::test]
async fn every_portal_endpoint_wants_a_good_key() {
    let world = World::start().await;
    let (tenant, closed) = (world.tenant("Parque").await, world.tenant("Plaza").await);
    world.switch_company_off(&closed.company).await;
    let signed = |secret: &str, exp: f64| {
        let claims = json!({"jti": "key_00112233445566aa", "sub": tenant.router, "empresa": tenant.company, "exp": exp});
        let key = EncodingKey::from_secret(secret.as_bytes());
        format!("jwt_{}", jsonwebtoken::encode(&Header::default(), &claims, &key).expect("signed"))
    };
    let (expired, unknown) = (signed(ORIGINAL_SECRET, 1e9), signed(ORIGINAL_SECRET, 4e9));
    let forged = signed("another secret", 4e9);
    for operation in of(&[Access::ApiKey]) {
        ask(&world, operation, None).await.is(401, "credentials_missing");
        ask(&world, operation, Some(&tenant.session)).await.is(401, "api_key_malformed");
        ask(&world, operation, Some(&forged)).await.is(401, "api_key_invalid");
        ask(&world, operation, Some(&expired)).await.is(401, "api_key_expired");
        ask(&world, operation, Some(&unknown)).await.is(401, "api_key_revoked");
        ask(&world, operation, Some(&closed.api_key)).await.is(403, "company_inactive");
    }
}

#[tokio::test]
async fn every_panel_endpoint_wants_a_good_session_of_its_role() {
    let world = World::start().await;
    let (tenant, closed) = (world.tenant("Parque").await, world.tenant("Plaza").await);
    let gone = world.tenant("Puerto").await;
    world.switch_company_off(&closed.company).await;
    run(&world, format!("UPDATE users SET active = FALSE WHERE email = '{}'", gone.email)).await;
    for operation in of(&SESSION) {
        ask(&world, operation, None).await.is(401, "credentials_missing");
        ask(&world, operation, Some(&tenant.api_key)).await.is(401, "session_invalid");
        ask(&world, operation, Some(&gone.session)).await.is(401, "user_inactive");
        let other = match operation.access {
            Access::SuperAdmin => Some(&tenant.session),
            Access::CompanyAdmin => Some(&world.operator),
            _ => None,
        };
        if let Some(other) = other {
            ask(&world, operation, Some(other)).await.is(403, "role_forbidden");
        }
        if operation.access != Access::SuperAdmin {
            ask(&world, operation, Some(&closed.session)).await.is(403, "company_inactive");
        }
    }
    world.advance(DAY_MS);
    for operation in of(&SESSION) {
        ask(&world, operation, token(&world, &tenant, operation.access)).await.is(401, "session_expired");
    }
}

/// Rows that our own constraints forbid, made past them: as after a bad import.
#[tokio::test]
async fn an_admin_without_a_company_is_told_so() {
    let world = World::start().await;
    let (without, lost) = (world.tenant("Parque").await, world.tenant("Plaza").await);
    let statements = [
        format!("UPDATE users SET company_id = NULL WHERE email = '{}'", without.email),
        format!("UPDATE users SET company_id = 'EMP_0000000000' WHERE email = '{}'", lost.email),
    ];
    past_constraints(&world, &statements).await;
    for operation in of(&[Access::CompanyAdmin]) {
        ask(&world, operation, Some(&without.session)).await.is(400, "user_without_company");
        ask(&world, operation, Some(&lost.session)).await.is(404, "company_not_found");
    }
}

#[tokio::test]
async fn what_nobody_has_is_not_found() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    let asking = of(&SESSION).chain(of(&[Access::ApiKey]));
    // What a gateway does not have is tried with a gateway: `gateway_status`.
    let asking = asking.filter(|operation| !operation.path.contains("/estado-pago/"));
    for operation in asking.filter(|operation| operation.segments().next().is_some()) {
        let token = token(&world, &tenant, operation.access);
        let with_company = operation.path.replace("{empresa_id}", &tenant.company);
        let with_router = with_company.replace("{router_id}", &tenant.router);
        for path in [operation.path, &with_company, &with_router] {
            if !path.contains('{') {
                continue;
            }
            let answer = ask_at(&world, operation, path, token).await;
            let code = answer.json()["code"].as_str().unwrap_or_default().to_owned();
            let status = if path.ends_with("/test-connection") { 200 } else { 404 };
            assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.text);
            assert!(code.ends_with("_not_found") && code != "route_not_found", "{path}: {}", answer.text);
        }
    }
}

async fn past_constraints(world: &World, statements: &[String]) {
    let url = world.app.config.database();
    if url.starts_with("sqlite:") {
        let mut connection = sqlx::SqliteConnection::connect(&url).await.expect("connected");
        for set in ["PRAGMA foreign_keys = OFF", "PRAGMA ignore_check_constraints = ON"] {
            sqlx::query(set).execute(&mut connection).await.expect("set");
        }
        for statement in statements {
            sqlx::query(AssertSqlSafe(statement.clone())).execute(&mut connection).await.expect("done");
        }
        return;
    }
    let mut connection = sqlx::PgConnection::connect(&url).await.expect("connected");
    let checks = "SELECT conname::text FROM pg_constraint WHERE conrelid = 'users'::regclass AND contype IN ('c', 'f')";
    let names: Vec<(String,)> = sqlx::query_as(checks).fetch_all(&mut connection).await.expect("names");
    let drops = names.into_iter().map(|(name,)| format!("ALTER TABLE users DROP CONSTRAINT {name}"));
    for statement in drops.chain(statements.iter().cloned()) {
        sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await.expect("done");
    }
}

#[tokio::test]
async fn every_endpoint_refuses_what_has_no_shape() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    let large = "x".repeat(world.app.config.http.body_bytes_max + 1);
    for operation in all() {
        let token = token(&world, &tenant, operation.access);
        let mut path = operation.path.to_owned();
        for (name, _) in operation.segments() {
            let part = format!("{{{name}}}");
            if operation.access != Access::Signature {
                let wrong = operation.path.replace(&part, "%00").replace(['{', '}'], "");
                send(&world, operation, &wrong, token, Some("{}".into())).await.is(404, "route_not_found");
            }
            path = path.replace(&part, "1");
        }
        if operation.other_body.as_ref().is_some_and(|(media, ..)| media.starts_with("multipart/")) {
            let picture = vec![0; world.app.config.http.upload_bytes_max + 1];
            upload(&world, token, form("file", "a.png", &picture)).await.is(413, "body_too_large");
        } else if operation.body.is_some() || operation.other_body.is_some() {
            send(&world, operation, &path, token, Some(large.clone())).await.is(413, "body_too_large");
        }
        if operation.body.is_some() && !path.starts_with("/setup/") {
            send(&world, operation, &path, token, Some("[]".into())).await.is(422, "validation_error");
        }
        if operation.segments().any(|(_, segment)| segment == Segment::Integer) {
            let wrong = operation.path.replace(['{', '}'], "");
            send(&world, operation, &wrong, token, Some("{}".into())).await.is(422, "validation_error");
        }
        if operation.query.iter().any(|field| field.name.shown == "limit") {
            let wrong = format!("{path}?limit=0");
            send(&world, operation, &wrong, token, None).await.is(422, "validation_error");
        }
    }
}

#[tokio::test]
async fn every_endpoint_says_when_it_is_at_fault() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    for table in tables(&world).await {
        run(&world, format!("ALTER TABLE {table} RENAME TO gone_{table}")).await;
    }
    world.app.api_keys.forget();
    for operation in all().filter(|operation| !ASKS_NOBODY.contains(&operation.path)) {
        let answer = ask(&world, operation, token(&world, &tenant, operation.access)).await;
        let body = answer.is(500, "internal_error");
        assert!(body["detail"].is_string() && !answer.text.contains("gone"), "{}", answer.text);
    }
    let ready = world.get("/ready", None).await;
    assert_eq!(
        (ready.status.as_u16(), &ready.json()["checks"]["database"]),
        (503, &Value::from(false)),
        "{}",
        ready.text
    );
}

/// Endpoints that need no database, and the one that tells of it in its own words.
pub const ASKS_NOBODY: [&str; 4] = ["/", "/health", "/ready", "/api/v1/webhook/test-webhook"];

async fn tables(world: &World) -> Vec<String> {
    let sqlite = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    let postgres = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'";
    let mut reader = world.app.store.reader().await.expect("reader");
    let rows: Vec<(String,)> = match reader.conn() {
        Conn::Sqlite(conn) => sqlx::query_as(sqlite).fetch_all(conn).await.expect("tables"),
        Conn::Postgres(conn) => sqlx::query_as(postgres).fetch_all(conn).await.expect("tables"),
    };
    rows.into_iter().map(|(name,)| name).collect()
}

#[tokio::test]
async fn a_key_that_no_header_may_hold_is_refused() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    for operation in all().filter(|operation| !operation.headers.is_empty()) {
        let path = operation.path.replace("{id}", "1");
        let body = operation.body.as_ref().map_or(Value::Null, |takes| takes.example.clone());
        let token = token(&world, &tenant, operation.access);
        let headers = [("idempotency-key", "two words")];
        let answer = world.send(Method::POST, &path, token, Some(body.to_string()), &headers).await;
        assert_eq!(answer.issues(), [("value_error".to_owned(), "Idempotency-Key".to_owned())]);
    }
}
