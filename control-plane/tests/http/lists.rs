//! Lists and dashboards: what they count, and how far back a page may be.

use pagos_control_plane::gateway::GatewayName;
use serde_json::{Value, json};

use crate::books::{Booked, book, noon, recount, settle};
use crate::shop::Shop;
use crate::world::{Tenant, World};

const MINE: &str = "/api/v1/admin/mi-empresa";

async fn dashboard(world: &World, tenant: &Tenant) -> Value {
    world.get(&format!("{MINE}/dashboard"), Some(&tenant.session)).await.good()
}

async fn page(world: &World, tenant: &Tenant, query: &str) -> Value {
    world.get(&format!("{MINE}/transacciones{query}"), Some(&tenant.session)).await.good()
}

fn ids(page: &Value) -> Vec<i64> {
    let rows = page["transacciones"].as_array().expect("a list").iter();
    rows.map(|row| row["id"].as_i64().expect("an id")).collect()
}

#[tokio::test]
async fn a_new_company_has_sold_nothing() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    let body = dashboard(&world, &tenant).await;
    assert_eq!(body["empresa"], json!({"nombre": "Parque", "activa": true}));
    assert_eq!(
        body["estadisticas"],
        json!({"total_transacciones": 0, "ingresos_totales": 0.0, "moneda": "MXN", "ingresos_por_moneda": [],
            "transacciones_pagadas": 0, "transacciones_pendientes": 0, "total_routers": 1})
    );
    assert_eq!(body["transacciones_recientes"], json!([]));
    world.get(&format!("{MINE}/dashboard"), None).await.is(401, "credentials_missing");
    world.get(&format!("{MINE}/dashboard"), Some(&world.operator)).await.is(403, "role_forbidden");
}

#[tokio::test]
async fn the_dashboard_counts_by_meaning_whether_rows_are_carried_over_or_not() {
    let world = World::start().await;
    let (tenant, other) = (world.tenant("Parque").await, world.tenant("Plaza").await);
    let now = world.app.clock.now().0;
    let dollars = Booked { amount_minor: 300, currency: "USD", ..Booked::paid(3, now) };
    let rows = vec![
        Booked::paid(1, now - 2),
        Booked { amount_minor: 1_999, ..Booked::paid(2, now - 1).in_state("approved") },
        dollars,
        Booked::paid(4, now).in_state("pending"),
        Booked::paid(5, now).in_state("declined"),
        Booked::paid(6, now).in_state("refunded"),
    ];
    book(&world, &tenant, rows).await;
    book(&world, &other, vec![Booked::paid(7, now)]).await;
    let expected = json!({"total_transacciones": 6, "ingresos_totales": 39.99, "moneda": "MXN",
        "ingresos_por_moneda": [
            {"moneda": "MXN", "ingresos": 39.99, "transacciones_pagadas": 2},
            {"moneda": "USD", "ingresos": 3.0, "transacciones_pagadas": 1}],
        "transacciones_pagadas": 3, "transacciones_pendientes": 1, "total_routers": 1});
    let body = dashboard(&world, &tenant).await;
    assert_eq!(body["estadisticas"], expected);
    let newest = body["transacciones_recientes"].as_array().expect("a list");
    assert_eq!(newest.iter().map(|row| row["id"].clone()).collect::<Vec<_>>(), [6, 5, 4, 3, 2]);
    assert_eq!((&newest[4]["monto"], &newest[4]["estado"]), (&json!(19.99), &json!("approved")));
    settle(&world).await;
    assert_eq!(dashboard(&world, &tenant).await["estadisticas"], expected);
    recount(&world).await;
    assert_eq!(dashboard(&world, &tenant).await["estadisticas"], expected);
    assert_eq!(dashboard(&world, &other).await["estadisticas"]["total_transacciones"], 1);
}

#[tokio::test]
async fn sales_and_refunds_move_between_the_counts() {
    let shop = Shop::open().await;
    let (world, tenant) = (&shop.world, &shop.tenant);
    let sold = shop.sell(GatewayName::Conekta).await;
    shop.sell(GatewayName::MercadoPago).await;
    let counted = async || {
        let counts = dashboard(world, tenant).await["estadisticas"].clone();
        (
            counts["total_transacciones"].clone(),
            counts["transacciones_pagadas"].clone(),
            counts["ingresos_totales"].clone(),
        )
    };
    let two_sold = (json!(2), json!(2), json!(40.0));
    assert_eq!(counted().await, two_sold);
    settle(world).await;
    assert_eq!(counted().await, two_sold);
    let path = format!("/transacciones/{}/reembolso", sold.transaction);
    let refund = shop.post(&path, &json!({})).await;
    assert!(refund.status.is_success(), "{}", refund.text);
    shop.settled(&sold).await;
    let one_refunded = (json!(2), json!(1), json!(20.0));
    assert_eq!(counted().await, one_refunded);
    settle(world).await;
    assert_eq!(counted().await, one_refunded);
    recount(world).await;
    assert_eq!(counted().await, one_refunded);
}

#[tokio::test]
async fn a_page_far_back_is_the_same_whether_days_are_skipped_or_not() {
    let world = World::start().await;
    let (tenant, other) = (world.tenant("Parque").await, world.tenant("Plaza").await);
    // Three rows share each moment, so that the id decides; the days are of different lengths.
    let rows: Vec<Booked> = (0..3_000_i64)
        .map(|number| Booked::paid(number + 1, noon(&world, 40 - number * number / 250_000) + number % 7 / 3))
        .collect();
    let mut order: Vec<(i64, i64)> = rows.iter().map(|row| (row.created_at, row.id)).collect();
    order.sort_unstable_by(|one, two| two.cmp(one));
    let order: Vec<i64> = order.into_iter().map(|(_, id)| id).collect();
    book(&world, &tenant, rows).await;
    book(&world, &other, (0..50).map(|at| Booked::paid(10_000 + at, noon(&world, at))).collect()).await;
    for carried in [false, true] {
        if carried {
            settle(&world).await;
        }
        for offset in [0, 999, 1_000, 1_001, 1_500, 2_993, 2_999, 3_000, 9_999] {
            let body = page(&world, &tenant, &format!("?limit=7&offset={offset}")).await;
            let expected: Vec<i64> = order.iter().skip(offset).take(7).copied().collect();
            assert_eq!(ids(&body), expected, "offset {offset}, carried over: {carried}");
            assert_eq!((&body["total"], &body["limit"]), (&json!(3_000), &json!(7)));
        }
    }
    book(&world, &tenant, vec![Booked::paid(20_000, noon(&world, 0))]).await;
    let body = page(&world, &tenant, "?limit=1&offset=3000").await;
    assert_eq!((&body["total"], ids(&body)), (&json!(3_001), vec![order[2_999]]));
}

#[tokio::test]
async fn every_list_takes_a_page() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    world.product(&tenant, json!({})).await;
    world.product(&tenant, json!({"perfil_mikrotik_id": "*4"})).await;
    let path = "/api/v1/catalogo_perfiles_venta/debug";
    let all = world.get(path, Some(&tenant.api_key)).await.good();
    let one = world.get(&format!("{path}?limit=1&offset=1"), Some(&tenant.api_key)).await.good();
    assert_eq!((&one["total_productos"], &one["productos"][0]), (&json!(2), &all["productos"][1]));
    assert_eq!(one["productos"].as_array().map(Vec::len), Some(1));
    let (operator, session, key) = (&world.operator, &tenant.session, &tenant.api_key);
    let routers = format!("/admin/empresas/{}/routers", tenant.company);
    for (path, token) in [
        (path.to_owned(), key),
        ("/api/v1/catalogo_perfiles_venta".to_owned(), key),
        (format!("{MINE}/transacciones"), session),
        (format!("{MINE}/routers"), session),
        (format!("{MINE}/revision"), session),
        ("/api/v1/admin/products".to_owned(), session),
        (format!("/api/v1/admin/routers/{}/mikrotik-profiles", tenant.router), session),
        ("/admin/empresas".to_owned(), operator),
        ("/admin/usuarios".to_owned(), operator),
        ("/admin/revision".to_owned(), operator),
        (format!("{routers}/{}/api-keys", tenant.router), operator),
        (routers, operator),
    ] {
        for bad in ["limit=0", "limit=1001", "offset=-1", "limit=x"] {
            let answer = world.get(&format!("{path}?{bad}"), Some(token)).await;
            assert_eq!(answer.issues().len(), 1, "{path}?{bad}");
        }
    }
}

#[tokio::test]
async fn a_key_learns_whether_its_router_can_be_reached() {
    let path = "/api/v1/routers/validar-empresa-router";
    let shop = Shop::open().await;
    let (world, key) = (&shop.world, Some(shop.tenant.api_key.as_str()));
    let ask = async || world.send(reqwest::Method::POST, path, key, None, &[]).await;
    let good = ask().await.is(200, "router_online");
    assert_eq!(
        (&good["success"], &good["conexion_ok"], &good["estado"], &good["error_detalle"]),
        (&json!(true), &json!(true), &json!("activo"), &json!(null))
    );
    assert!(good["mensaje"].is_string() && good["timestamp"].is_string());

    let toggle =
        format!("/admin/empresas/{}/routers/{}/toggle-activo", shop.tenant.company, shop.tenant.router);
    world.put(&toggle, Some(&world.operator), &json!({})).await.good();
    let off = ask().await.is(200, "router_inactive");
    assert_eq!((&off["success"], &off["estado"]), (&json!(false), &json!("router_inactivo")));

    let alone = world.tenant("Plaza").await;
    let away = world.send(reqwest::Method::POST, path, Some(&alone.api_key), None, &[]).await;
    let away = away.is(200, "router_unreachable");
    assert_eq!(
        (&away["success"], &away["conexion_ok"], &away["estado"], &away["error_detalle"]),
        (&json!(false), &json!(false), &json!("router_inactivo"), &json!("router_inactivo"))
    );
    world.send(reqwest::Method::POST, path, None, None, &[]).await.is(401, "credentials_missing");
    world
        .send(reqwest::Method::POST, path, Some(&alone.session), None, &[])
        .await
        .is(401, "api_key_malformed");
}
