//! What captive portals read.

use serde_json::{Value, json};

use crate::world::World;

const CATALOGUE: &str = "/api/v1/catalogo_perfiles_venta";

#[tokio::test]
async fn the_public_configuration_names_company_router_and_keys() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    let keys = json!({"conekta_public_key": "key_pub_1", "conekta_private_key": "key_priv_1"});
    let path = "/api/v1/admin/mi-empresa/configurar-conekta";
    world.post(path, Some(&tenant.session), &keys).await.is(200, "conekta_settings_updated");
    let body = world.get("/api/v1/config/public", Some(&tenant.api_key)).await.good();
    let expected = json!({
        "empresa": {"id": tenant.company, "nombre": "Parque", "conekta_public_key": "key_pub_1",
            "mercadopago_public_key": null, "conekta_mode": "test"},
        "router": {"id": tenant.router, "nombre": "Kiosco", "ubicacion": "Entrada"},
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn the_catalogue_holds_what_this_router_sells_in_order() {
    let world = World::start().await;
    let (tenant, other) = (world.tenant("Parque").await, world.tenant("Plaza").await);
    assert_eq!(world.get(CATALOGUE, Some(&tenant.api_key)).await.good(), json!([]));
    let add = |profile: &'static str, order: i64, featured: bool| {
        let more = json!({"perfil_mikrotik_id": profile, "nombre_venta": profile, "orden_visual": order,
            "destacado": featured, "precio": 19.99, "detalles": ["10 Mbps", {"label": "a", "value": 1}]});
        world.product(&tenant, more)
    };
    for (profile, order, featured) in [("*1", 2, false), ("*2", 1, false), ("*3", 1, true), ("*4", 1, false)]
    {
        add(profile, order, featured).await;
    }
    world.product(&tenant, json!({"perfil_mikrotik_id": "*5", "activo": false})).await;
    world.product(&other, json!({})).await;
    let products = world.get(CATALOGUE, Some(&tenant.api_key)).await.good();
    let names: Vec<&Value> =
        products.as_array().expect("a list").iter().map(|product| &product["nombre_venta"]).collect();
    assert_eq!(names, ["*3", "*2", "*4", "*1"]);
    let first = &products[0];
    assert_eq!(first["detalles"], json!([{"texto": "10 Mbps"}, {"label": "a", "value": 1}]));
    assert_eq!(
        (&first["precio"], &first["moneda"], &first["orden"]),
        (&json!(19.99), &json!("MXN"), &json!(1))
    );
    let page = world.get(&format!("{CATALOGUE}?limit=1&offset=1"), Some(&tenant.api_key)).await.good();
    assert_eq!((page.as_array().map(Vec::len), &page[0]["nombre_venta"]), (Some(1), &json!("*2")));
    for query in ["limit=0", "limit=1001", "limit=x", "offset=-1"] {
        world.get(&format!("{CATALOGUE}?{query}"), Some(&tenant.api_key)).await.issues();
    }
    world.get(CATALOGUE, None).await.is(401, "credentials_missing");
}

#[tokio::test]
async fn one_product_is_shown_only_to_its_router_while_it_is_sold() {
    let world = World::start().await;
    let (tenant, other) = (world.tenant("Parque").await, world.tenant("Plaza").await);
    let second = world.router(&tenant.company, "Patio").await;
    let product = world.product(&tenant, json!({})).await;
    let path = format!("{CATALOGUE}/{}", product["id"]);
    let shown = world.get(&path, Some(&tenant.api_key)).await.good();
    assert_eq!((&shown["id"], &shown["precio"]), (&product["id"], &json!(20.0)));
    for key in [other.api_key.as_str(), second["api_key"].as_str().expect("a key")] {
        world.get(&path, Some(key)).await.is(404, "product_not_found");
    }
    let issues = world.get(&format!("{CATALOGUE}/x"), Some(&tenant.api_key)).await.issues();
    assert_eq!(issues, [("int_parsing".to_owned(), "producto_id".to_owned())]);
    let admin = format!("/api/v1/admin/products/{}", product["id"]);
    world.delete(&admin, Some(&tenant.session)).await.is(200, "product_deactivated");
    world.get(&path, Some(&tenant.api_key)).await.is(404, "product_not_found");
    let debug = world.get(&format!("{CATALOGUE}/debug"), Some(&tenant.api_key)).await.good();
    assert_eq!((&debug["total_productos"], &debug["productos"][0]["activo"]), (&json!(1), &json!(false)));
    assert_eq!((&debug["empresa"], &debug["router"]), (&json!("Parque"), &json!("Kiosco")));
}
