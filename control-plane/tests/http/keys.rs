//! API keys: what is accepted, what is refused, and how they are managed.

use jsonwebtoken::{EncodingKey, Header};
use pagos_control_plane::domain::id::{ApiKeyId, CompanyId, RouterId};
use pagos_control_plane::domain::time::Timestamp;
use pagos_control_plane::store::StoreError;
use pagos_control_plane::store::api_keys::{self, NewApiKey};
use reqwest::Method;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::world::{ORIGINAL_SECRET, Tenant, World, text};

const CONFIG: &str = "/api/v1/config/public";
const DAY_MS: i64 = 24 * 3_600_000;

#[tokio::test]
async fn both_headers_are_accepted_and_the_first_one_counts() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    world.get(CONFIG, Some(&tenant.api_key)).await.good();
    let with = |headers: Vec<(&'static str, String)>| {
        let world = &world;
        async move {
            let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            world.send(Method::GET, CONFIG, None, None, &headers).await
        }
    };
    with(vec![("x-api-key", tenant.api_key.clone())]).await.good();
    with(vec![("authorization", format!("bEaReR {}", tenant.api_key))]).await.good();
    let both = vec![("x-api-key", "jwt_x".into()), ("authorization", format!("Bearer {}", tenant.api_key))];
    with(both).await.is(401, "api_key_invalid");
    with(vec![]).await.is(401, "credentials_missing");
    with(vec![("x-api-key", String::new())]).await.is(401, "credentials_missing");
    with(vec![("authorization", "Basic abc".into())]).await.is(401, "credentials_missing");
    world.get(CONFIG, Some(&tenant.session)).await.is(401, "api_key_malformed");
}

#[tokio::test]
async fn forged_and_expired_keys_are_refused() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    let forged = signed("another secret", &tenant, 4_000_000_000.5);
    world.get(CONFIG, Some(&forged)).await.is(401, "api_key_invalid");
    world.get(CONFIG, Some("jwt_abc")).await.is(401, "api_key_invalid");
    // Well signed, but nobody stored it.
    world
        .get(CONFIG, Some(&signed(ORIGINAL_SECRET, &tenant, 4_000_000_000.5)))
        .await
        .is(401, "api_key_revoked");
    world
        .get(CONFIG, Some(&signed(ORIGINAL_SECRET, &tenant, 1_000_000_000.5)))
        .await
        .is(401, "api_key_expired");
    world.get(CONFIG, Some(&tenant.api_key)).await.good();
    world.advance(365 * DAY_MS);
    world.get(CONFIG, Some(&tenant.api_key)).await.is(401, "api_key_expired");
}

fn signed(secret: &str, tenant: &Tenant, exp: f64) -> String {
    let claims = json!({"jti": "key_00112233445566aa", "iss": "mikrotik-payment-api", "sub": tenant.router,
        "empresa": tenant.company, "iat": 1_700_000_000.25, "exp": exp, "type": "router_api_key"});
    let token =
        jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(secret.as_bytes()));
    format!("jwt_{}", token.expect("signed"))
}

#[tokio::test]
async fn a_key_of_the_replaced_service_keeps_working() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    let key = signed(ORIGINAL_SECRET, &tenant, 4_000_000_000.898_422);
    let row = NewApiKey {
        id: ApiKeyId::new("key_00112233445566aa"),
        company_id: CompanyId::new(tenant.company.as_str()),
        router_id: RouterId::new(tenant.router.as_str()),
        key_hash: hex::encode(Sha256::digest(key.trim_start_matches("jwt_").as_bytes())),
        issued_at: Timestamp(0),
        expires_at: Timestamp(4_000_000_000_898),
    };
    let stored: Result<(), StoreError> =
        world.app.store.write(move |conn| Box::pin(async move { api_keys::insert(conn, &row).await })).await;
    stored.expect("stored");
    assert_eq!(world.get(CONFIG, Some(&key)).await.good()["router"]["id"], tenant.router.as_str());
}

#[tokio::test]
async fn a_regenerated_key_replaces_the_old_one_at_once() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    world.get(CONFIG, Some(&tenant.api_key)).await.good();
    let base = format!("/admin/empresas/{}/routers/{}", tenant.company, tenant.router);
    let path = format!("{base}/regenerate-api-key");
    world.advance(1000);
    world.post(&path, Some(&tenant.session), &json!({})).await.is(403, "role_forbidden");
    let body = world.post(&path, Some(&world.operator), &json!({})).await.is(200, "api_key_regenerated");
    assert_eq!(body["previous_key_revoked"], true);
    world.get(CONFIG, Some(&tenant.api_key)).await.is(401, "api_key_revoked");
    world.get(CONFIG, Some(&text(&body["new_api_key"]))).await.good();

    let keys = world.get(&format!("{base}/api-keys"), Some(&world.operator)).await.good();
    assert_eq!(keys.as_array().map(Vec::len), Some(2));
    assert_eq!(keys[0]["key_id"], body["api_key_info"]["key_id"]);
    assert_eq!((&keys[0]["revoked"], &keys[1]["revoked"]), (&json!(false), &json!(true)));
    assert!(keys[1]["revoked_at"].is_string());

    world.put(&format!("{base}/toggle-activo"), Some(&world.operator), &json!({})).await.good();
    world.post(&path, Some(&world.operator), &json!({})).await.is(400, "router_inactive");
}

#[tokio::test]
async fn keys_regenerated_at_once_leave_one_live() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    let base = format!("/admin/empresas/{}/routers/{}", tenant.company, tenant.router);
    let (path, body) = (format!("{base}/regenerate-api-key"), json!({}));
    let made =
        futures_util::future::join_all((0..8).map(|_| world.post(&path, Some(&world.operator), &body)));
    for answer in made.await {
        answer.is(200, "api_key_regenerated");
    }
    let keys = world.get(&format!("{base}/api-keys"), Some(&world.operator)).await.good();
    let live = keys.as_array().expect("a list").iter().filter(|key| key["revoked"] == false);
    assert_eq!(live.count(), 1, "{keys}");
}

#[tokio::test]
async fn one_key_can_be_revoked_once() {
    let world = World::start().await;
    let (tenant, other) = (world.tenant("Parque").await, world.tenant("Plaza").await);
    world.get(CONFIG, Some(&tenant.api_key)).await.good();
    let path = |company: &str, router: &str, key: &str| {
        format!("/admin/empresas/{company}/routers/{router}/api-keys/{key}/revoke")
    };
    let operator = Some(world.operator.as_str());
    let foreign = path(&other.company, &other.router, &tenant.key_id);
    world.post(&foreign, operator, &json!({})).await.is(404, "api_key_not_found");
    let crossed = path(&other.company, &tenant.router, &tenant.key_id);
    world.post(&crossed, operator, &json!({})).await.is(404, "router_not_found");
    let own = path(&tenant.company, &tenant.router, &tenant.key_id);
    let body = world.post(&own, operator, &json!({})).await.is(200, "api_key_revoked");
    assert!(body["revoked_at"].is_string());
    world.post(&own, operator, &json!({})).await.is(400, "api_key_already_revoked");
    world.get(CONFIG, Some(&tenant.api_key)).await.is(401, "api_key_revoked");
    world.get(CONFIG, Some(&other.api_key)).await.good();
}

#[tokio::test]
async fn the_status_of_a_key_warns_in_time() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    let path = format!("/admin/empresas/{}/routers/{}/api-key-status", tenant.company, tenant.router);
    let status = async || world.get(&path, Some(&world.operator)).await.good();
    let body = status().await;
    assert_eq!(body["warning_code"], "api_key_never_used");
    assert_eq!((&body["expires_in_days"], &body["use_count"]), (&json!(365), &json!(0)));

    world.get(CONFIG, Some(&tenant.api_key)).await.good();
    world.get(CONFIG, Some(&tenant.api_key)).await.good();
    world.app.api_keys.flush_usage().await.expect("flushed");
    let body = status().await;
    assert_eq!((&body["warning_code"], &body["use_count"]), (&json!(null), &json!(2)));
    assert_eq!((&body["status"], &body["has_active_key"]), (&json!("active"), &json!(true)));

    world.advance(340 * DAY_MS);
    world.app.api_keys.forget();
    let operator = world.log_in(crate::world::SUPER_EMAIL, crate::world::PASSWORD).await;
    let body = world.get(&path, Some(&operator)).await.good();
    assert_eq!(
        (&body["warning_code"], &body["expires_in_days"]),
        (&json!("api_key_expires_soon"), &json!(25))
    );
    let revoke = format!(
        "/admin/empresas/{}/routers/{}/api-keys/{}/revoke",
        tenant.company, tenant.router, tenant.key_id
    );
    world.post(&revoke, Some(&operator), &json!({})).await.good();
    let body = world.get(&path, Some(&operator)).await.good();
    assert_eq!((&body["warning_code"], &body["status"]), (&json!("api_key_absent"), &json!("no_key")));
    assert_eq!((&body["warning"], &body["key_id"]), (&json!(null), &json!(null)));
    assert!(body["recommendation"].is_string());
}

#[tokio::test]
async fn a_switched_off_router_still_reads() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    let path = format!("/admin/empresas/{}/routers/{}/toggle-activo", tenant.company, tenant.router);
    world.put(&path, Some(&world.operator), &json!({})).await.is(200, "router_deactivated");
    world.get(CONFIG, Some(&tenant.api_key)).await.good();
    world.put(&path, Some(&world.operator), &json!({})).await.is(200, "router_activated");
}
