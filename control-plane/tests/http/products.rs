//! Products as their company's admin manages them.

use serde_json::json;

use crate::world::World;

const PRODUCTS: &str = "/api/v1/admin/products";

#[tokio::test]
async fn a_product_is_made_with_defaults() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    let product =
        world.product(&tenant, json!({"precio": "19.9", "detalles": ["a", {"texto": "b"}, {"x": 1}]})).await;
    assert_eq!(product["detalles"], json!(["a", "b", ""]));
    assert_eq!((&product["precio"], &product["moneda"]), (&json!(19.9), &json!("MXN")));
    assert_eq!(
        (&product["activo"], &product["destacado"], &product["orden_visual"]),
        (&json!(true), &json!(false), &json!(0))
    );
    assert_eq!((&product["descripcion"], &product["imagen_url"]), (&json!(null), &json!(null)));
    let shown = world.get(&format!("{PRODUCTS}/{}", product["id"]), Some(&tenant.session)).await.good();
    assert_eq!(shown, product);
}

#[tokio::test]
async fn a_product_that_does_not_fit_is_refused() {
    let world = World::start().await;
    let (tenant, other) = (world.tenant("Parque").await, world.tenant("Plaza").await);
    world.product(&tenant, json!({})).await;
    let send = |more: serde_json::Value| {
        let mut body = json!({"router_id": tenant.router, "perfil_mikrotik_id": "*3", "perfil_mikrotik_nombre": "1h",
            "nombre_venta": "Una hora", "precio": 20});
        body.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("an object"));
        let (world, session) = (&world, tenant.session.as_str());
        async move { world.post(PRODUCTS, Some(session), &body).await }
    };
    send(json!({})).await.is(409, "product_profile_taken");
    send(json!({"router_id": other.router})).await.is(404, "router_not_found");
    send(json!({"moneda": "BTC"})).await.is(422, "currency_not_allowed");
    for (field, value, kind) in [
        ("precio", json!(1.005), "value_error"),
        ("precio", json!(-1), "value_error"),
        ("precio", json!("x"), "float_parsing"),
        ("nombre_venta", json!(5), "string_type"),
        ("detalles", json!("x"), "list_type"),
        ("activo", json!("maybe"), "bool_parsing"),
        ("orden_visual", json!(1.5), "int_from_float"),
    ] {
        let issues = send(json!({field: value})).await.issues();
        assert_eq!(issues, [(kind.to_owned(), field.to_owned())], "{field} {value}");
    }
    let missing = world.post(PRODUCTS, Some(&tenant.session), &json!({})).await.issues();
    assert_eq!(missing.len(), 5, "{missing:?}");
    world.post(PRODUCTS, None, &json!({})).await.is(401, "credentials_missing");
    world.post(PRODUCTS, Some(&world.operator), &json!({})).await.is(403, "role_forbidden");
}

#[tokio::test]
async fn a_change_touches_only_what_was_sent() {
    let world = World::start().await;
    let (tenant, other) = (world.tenant("Parque").await, world.tenant("Plaza").await);
    let product = world.product(&tenant, json!({"descripcion": "x", "detalles": ["a"]})).await;
    let path = format!("{PRODUCTS}/{}", product["id"]);
    let changed = world
        .put(&path, Some(&tenant.session), &json!({"precio": 25.5, "perfil_mikrotik_id": "*9"}))
        .await
        .good();
    assert_eq!((&changed["precio"], &changed["descripcion"]), (&json!(25.5), &json!("x")));
    assert_eq!((&changed["perfil_mikrotik_id"], &changed["detalles"]), (&json!("*3"), &json!(["a"])));
    let changed =
        world.put(&path, Some(&tenant.session), &json!({"descripcion": null, "moneda": "usd"})).await.good();
    assert_eq!((&changed["descripcion"], &changed["moneda"]), (&json!(null), &json!("USD")));
    world.put(&path, Some(&tenant.session), &json!({"moneda": "BTC"})).await.is(422, "currency_not_allowed");
    world.put(&path, Some(&other.session), &json!({"precio": 1})).await.is(404, "product_not_found");
    world.get(&path, Some(&other.session)).await.is(404, "product_not_found");
    world.delete(&path, Some(&other.session)).await.is(404, "product_not_found");
    for _ in 0..2 {
        let body = world.delete(&path, Some(&tenant.session)).await.is(200, "product_deactivated");
        assert_eq!((&body["producto_id"], &body["activo"]), (&product["id"], &json!(false)));
    }
}

#[tokio::test]
async fn the_list_holds_all_states_of_this_company() {
    let world = World::start().await;
    let (tenant, other) = (world.tenant("Parque").await, world.tenant("Plaza").await);
    world.product(&tenant, json!({"perfil_mikrotik_id": "*1", "activo": false})).await;
    world.advance(1000);
    world.product(&tenant, json!({"perfil_mikrotik_id": "*2"})).await;
    world.product(&other, json!({})).await;
    let list = world.get(PRODUCTS, Some(&tenant.session)).await.good();
    let profiles: Vec<_> =
        list.as_array().expect("a list").iter().map(|product| &product["perfil_mikrotik_id"]).collect();
    assert_eq!(profiles, ["*2", "*1"], "newest first among equals");
    let own = format!("{PRODUCTS}?router_id={}", tenant.router);
    assert_eq!(world.get(&own, Some(&tenant.session)).await.good(), list);
    let foreign = format!("{PRODUCTS}?router_id={}", other.router);
    world.get(&foreign, Some(&tenant.session)).await.is(404, "router_not_found");
}
