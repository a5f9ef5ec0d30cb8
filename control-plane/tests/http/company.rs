//! What a company's admin sees and changes.

use pagos_control_plane::domain::id::CompanyId;
use pagos_control_plane::store::credentials::{self, CONEKTA, CONEKTA_PRIVATE_KEY};
use pagos_control_plane::vault::Context;
use serde_json::json;

use crate::world::{Tenant, World};

const MINE: &str = "/api/v1/admin/mi-empresa";

#[tokio::test]
async fn an_admin_sees_the_own_company() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    let body = world.get(MINE, Some(&tenant.session)).await.good();
    assert_eq!((&body["id"], &body["nombre"]), (&json!(tenant.company), &json!("Parque")));
    assert_eq!((&body["activa"], &body["conekta_mode"]), (&json!(true), &json!("test")));
    assert_eq!(
        (&body["telegram_bot_token"], &body["desactivar_por_reembolso"]),
        (&json!(null), &json!(true))
    );
    world.get(MINE, None).await.is(401, "credentials_missing");
}

async fn private_key(world: &World, tenant: &Tenant) -> Option<(i64, String)> {
    let company = CompanyId::new(tenant.company.as_str());
    let mut reader = world.app.store.reader().await.expect("reader");
    let current = credentials::current(&mut reader.conn(), &company, CONEKTA).await.expect("read")?;
    let context = Context { tenant: company.as_str(), field: CONEKTA_PRIVATE_KEY };
    let key = world.app.vault.open_sealed(&context, &current.key_sealed).expect("opens");
    Some((current.version, key.to_string()))
}

#[tokio::test]
async fn gateway_keys_are_versioned_and_never_shown() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    let session = Some(tenant.session.as_str());
    let show = format!("{MINE}/conekta");
    let body = world.get(&show, session).await.is(200, "settings_loaded");
    assert_eq!(body["configuracion_actual"]["conekta_private_key"], json!(null));
    assert_eq!(private_key(&world, &tenant).await, None);

    let first =
        json!({"conekta_private_key": " key_1 ", "conekta_public_key": "pub_1", "conekta_mode": "live"});
    world
        .post(&format!("{MINE}/configurar-conekta"), session, &first)
        .await
        .is(200, "conekta_settings_updated");
    assert_eq!(private_key(&world, &tenant).await, Some((1, "key_1".into())));
    let unchanged =
        json!({"conekta_private_key": "********", "conekta_public_key": "", "conekta_mode": null});
    world
        .put(&format!("{MINE}/conekta-config"), session, &unchanged)
        .await
        .is(200, "conekta_settings_updated");
    assert_eq!(private_key(&world, &tenant).await, Some((1, "key_1".into())));
    let second = json!({"conekta_private_key": "key_2"});
    world.put(&format!("{MINE}/conekta-config"), session, &second).await.good();
    assert_eq!(private_key(&world, &tenant).await, Some((2, "key_2".into())));

    let body = world.get(&show, session).await.good();
    let expected =
        json!({"conekta_public_key": "pub_1", "conekta_mode": "live", "conekta_private_key": "********"});
    assert_eq!(body["configuracion_actual"], expected);
    let wrong = world.put(&format!("{MINE}/conekta-config"), session, &json!({"conekta_mode": "x"})).await;
    assert_eq!(wrong.issues(), [("literal_error".to_owned(), "conekta_mode".to_owned())]);
    world.put(&format!("{MINE}/conekta-config"), None, &second).await.is(401, "credentials_missing");
}

#[tokio::test]
async fn routers_are_listed_without_their_login() {
    let world = World::start().await;
    let (tenant, other) = (world.tenant("Parque").await, world.tenant("Plaza").await);
    world.advance(1000);
    world.router(&tenant.company, "Patio").await;
    let body = world.get(&format!("{MINE}/routers"), Some(&tenant.session)).await.good();
    assert_eq!((&body["empresa_id"], &body["total"]), (&json!(tenant.company), &json!(2)));
    assert_eq!(
        (&body["routers"][0]["nombre"], &body["routers"][1]["nombre"]),
        (&json!("Kiosco"), &json!("Patio"))
    );
    assert!(body["routers"][0].get("usuario").is_none() && body["routers"][0].get("password").is_none());
    let page = world.get(&format!("{MINE}/routers?limit=1"), Some(&other.session)).await.good();
    assert_eq!(page["total"], 1);
}

#[tokio::test]
async fn a_router_changes_only_in_what_was_sent() {
    let world = World::start().await;
    let (tenant, other) = (world.tenant("Parque").await, world.tenant("Plaza").await);
    let path = format!("{MINE}/routers/{}", tenant.router);
    let session = Some(tenant.session.as_str());
    let body = world
        .put(&path, session, &json!({"nombre": "Nuevo", "puerto": "8729"}))
        .await
        .is(200, "router_updated");
    let expected = json!({"id": tenant.router, "nombre": "Nuevo", "host": "10.0.0.1", "puerto": 8729, "usuario": "agente",
        "ubicacion": "Entrada", "activo": true});
    assert_eq!(body["router"], expected);
    let body =
        world.put(&path, session, &json!({"ubicacion": null, "password_encrypted": "********"})).await.good();
    assert_eq!((&body["router"]["ubicacion"], &body["router"]["puerto"]), (&json!(null), &json!(8729)));
    let issues = world.put(&path, session, &json!({"puerto": 70_000})).await.issues();
    assert_eq!(issues, [("value_error".to_owned(), "puerto".to_owned())]);
    world.put(&path, Some(&other.session), &json!({"nombre": "X"})).await.is(404, "router_not_found");
    world.put(&path, Some(&world.operator), &json!({"nombre": "X"})).await.is(403, "role_forbidden");
}

#[tokio::test]
async fn transactions_come_in_pages() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    let path = format!("{MINE}/transacciones");
    let body = world.get(&path, Some(&tenant.session)).await.good();
    let expected =
        json!({"empresa_id": tenant.company, "total": 0, "limit": 50, "offset": 0, "transacciones": []});
    assert_eq!(body, expected);
    let body = world.get(&format!("{path}?limit=5&offset=7"), Some(&tenant.session)).await.good();
    assert_eq!((&body["limit"], &body["offset"]), (&json!(5), &json!(7)));
    world.get(&format!("{path}?limit=5000"), Some(&tenant.session)).await.issues();
    world.get(&path, None).await.is(401, "credentials_missing");
}

#[tokio::test]
async fn a_live_check_without_an_agent_says_so() {
    let world = World::start().await;
    let (tenant, other) = (world.tenant("Parque").await, world.tenant("Plaza").await);
    let path = |router: &str, check: &str| format!("/api/v1/admin/routers/{router}/{check}");
    let session = Some(tenant.session.as_str());
    let body =
        world.get(&path(&tenant.router, "test-connection"), session).await.is(200, "router_unreachable");
    assert_eq!((&body["success"], &body["error"]), (&json!(false), &json!("router_unreachable")));
    assert_eq!((&body["router"]["id"], &body["router_name"]), (&json!(tenant.router), &json!(null)));
    let body = world.get(&path(&other.router, "test-connection"), session).await.is(200, "router_not_found");
    assert_eq!((&body["success"], &body["error"]), (&json!(false), &json!("router_not_found")));

    world.get(&path(&tenant.router, "mikrotik-profiles"), session).await.is(400, "router_unreachable");
    world.get(&path(&other.router, "mikrotik-profiles"), session).await.is(404, "router_not_found");
    let toggle = format!("/admin/empresas/{}/routers/{}/toggle-activo", tenant.company, tenant.router);
    world.put(&toggle, Some(&world.operator), &json!({})).await.good();
    world.get(&path(&tenant.router, "mikrotik-profiles"), session).await.is(400, "router_inactive");
}
