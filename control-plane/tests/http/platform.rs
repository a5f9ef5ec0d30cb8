//! What an operator does with companies and routers.

use pagos_protocol::enrolment::Token;
use serde_json::json;

use crate::stored::sell;
use crate::world::{World, text};

#[tokio::test]
async fn companies_are_made_listed_and_counted() {
    let world = World::start().await;
    let operator = Some(world.operator.as_str());
    let body = json!({"nombre": "Parque", "contacto_email": "not an address", "conekta_private_key": "key_test_default"});
    let made = world.post("/admin/empresas", operator, &body).await.good();
    let id = text(&made["id"]);
    assert!(id.starts_with("EMP_") && id.len() == 14);
    assert_eq!(
        (&made["activa"], &made["conekta_mode"], &made["contacto_telefono"]),
        (&json!(true), &json!("test"), &json!(null))
    );
    let missing =
        world.post("/admin/empresas", operator, &json!({"nombre": "X", "conekta_mode": "y"})).await.issues();
    assert_eq!(missing.len(), 2, "{missing:?}");
    let number = json!({"nombre": "X", "contacto_email": "x", "contacto_telefono": 5_512_345_678_i64});
    let issues = world.post("/admin/empresas", operator, &number).await.issues();
    assert_eq!(issues, [("string_type".to_owned(), "contacto_telefono".to_owned())]);
    world.advance(1000);
    let tenant = world.tenant("Plaza").await;
    let list = world.get("/admin/empresas", operator).await.good();
    assert_eq!(list[0], made);
    assert_eq!(list[1]["id"], tenant.company.as_str());
    let dashboard = world.get("/admin/dashboard", operator).await.good();
    let expected = json!({"total_empresas": 2, "empresas_activas": 2, "total_usuarios": 2});
    assert_eq!(dashboard["estadisticas"], expected);

    let stats = world.get(&format!("/admin/empresas/{}/stats", tenant.company), operator).await.good();
    let expected = json!({"total_routers": 1, "routers_activos": 1, "routers_inactivos": 0, "total_usuarios_admin": 1,
        "api_keys_activas": 1});
    assert_eq!(stats["estadisticas"], expected);
    world.get("/admin/empresas/EMP_X/stats", operator).await.is(404, "company_not_found");
    world.post("/admin/empresas", Some(&tenant.session), &body).await.is(403, "role_forbidden");
    world.get("/admin/empresas", None).await.is(401, "credentials_missing");
}

#[tokio::test]
async fn a_router_is_made_with_its_key() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    let operator = Some(world.operator.as_str());
    let routers = format!("/admin/empresas/{}/routers", tenant.company);
    let body = json!({"nombre": "Patio", "host": "10.0.0.2", "usuario": "u", "password": 1234, "empresa_id": tenant.company});
    let made = world.post(&routers, operator, &body).await.good();
    assert_eq!(
        (&made["puerto"], &made["ubicacion"], &made["activo"]),
        (&json!(8728), &json!(null), &json!(true))
    );
    assert!(text(&made["api_key"]).starts_with("jwt_"));
    assert_eq!(made["api_key_info"]["type"], "router_api_key");
    assert!(made.get("password").is_none());

    let mut other = body.clone();
    other["empresa_id"] = json!("EMP_OTHER");
    world.post(&routers, operator, &other).await.is(400, "company_mismatch");
    let missing = world.post(&routers, operator, &json!({})).await.issues();
    assert_eq!(missing.len(), 4, "{missing:?}");
    let mut nobody = body.clone();
    nobody["empresa_id"] = json!("EMP_X");
    world.post("/admin/empresas/EMP_X/routers", operator, &nobody).await.is(404, "company_not_found");
    world.post(&routers, Some(&tenant.session), &body).await.is(403, "role_forbidden");

    let list = world.get(&routers, operator).await.good();
    assert_eq!(list.as_array().map(Vec::len), Some(2));
    let one = format!("{routers}/{}", tenant.router);
    assert_eq!(world.get(&one, operator).await.good()["nombre"], "Kiosco");
    world
        .get(&format!("/admin/empresas/EMP_X/routers/{}", tenant.router), operator)
        .await
        .is(404, "company_not_found");
    world.get(&format!("{routers}/RTR_X"), operator).await.is(404, "router_not_found");
    world.get("/admin/empresas/EMP_X/routers", operator).await.is(404, "company_not_found");
}

#[tokio::test]
async fn only_a_router_that_sells_nothing_is_deleted() {
    let world = World::start().await;
    let (tenant, other) = (world.tenant("Parque").await, world.tenant("Plaza").await);
    let operator = Some(world.operator.as_str());
    world.get("/api/v1/config/public", Some(&tenant.api_key)).await.good();
    let path = |company: &str, router: &str| format!("/admin/empresas/{company}/routers/{router}");
    world.product(&other, json!({})).await;
    world.delete(&path(&other.company, &other.router), operator).await.is(400, "router_has_products");
    let seller = world.tenant("Puerto").await;
    sell(&world, &seller, "conekta", "TRX_1", "ord_1", 1).await;
    let sold = world.delete(&path(&seller.company, &seller.router), operator).await;
    sold.is(400, "router_has_transactions");
    world.delete(&path(&other.company, &tenant.router), operator).await.is(404, "router_not_found");
    let body = world.delete(&path(&tenant.company, &tenant.router), operator).await.is(200, "router_deleted");
    assert_eq!((&body["router_id"], &body["empresa_id"]), (&json!(tenant.router), &json!(tenant.company)));
    world.delete(&path(&tenant.company, &tenant.router), operator).await.is(404, "router_not_found");
    world.get("/api/v1/config/public", Some(&tenant.api_key)).await.is(401, "api_key_revoked");
}

#[tokio::test]
async fn an_enrolment_names_the_address_and_the_authority() {
    let world = World::start().await;
    let (tenant, other) = (world.tenant("Parque").await, world.tenant("Plaza").await);
    let path = |company: &str| format!("/admin/empresas/{company}/routers/{}/enrolamiento", tenant.router);
    let body = world.post(&path(&tenant.company), Some(&world.operator), &json!({})).await.good();
    let token = Token::decode(&text(&body["token"])).expect("a token");
    assert_eq!(token.address, "site.example.org:8443");
    assert_eq!(token.authority_fingerprint, world.app.authority.fingerprint());
    assert_eq!(text(&body["comando"]), format!("pagos-agent enroll {}", text(&body["token"])));
    assert!(body["expira_en"].is_string());
    world.post(&path(&other.company), Some(&world.operator), &json!({})).await.is(404, "router_not_found");
    world.post(&path(&tenant.company), Some(&tenant.session), &json!({})).await.is(403, "role_forbidden");
}
