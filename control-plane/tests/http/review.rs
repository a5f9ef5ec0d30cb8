//! What waits for a person, and what persons decide.

use pagos_control_plane::domain::code::Code;
use pagos_control_plane::domain::failure::{Failure, FailureKind};
use pagos_control_plane::domain::id::{CompanyId, RouterId};
use pagos_control_plane::gateway::GatewayName;
use pagos_control_plane::purchase::state::{Phase, Purchase};
use pagos_control_plane::store::unknown_reservations::{self, Found};
use pagos_control_plane::store::{StoreError, sweeps};
use serde_json::{Value, json};

use crate::shop::{Shop, Sold};

fn stuck_unpaid(purchase: &mut Purchase) {
    purchase.phase = Phase::Stuck;
    purchase.paid_at = None;
    purchase.confirmed = false;
    purchase.failure = Some(Failure::new(Code::PaymentPending, FailureKind::Payment));
}

fn mismatch(purchase: &mut Purchase) {
    purchase.phase = Phase::Mismatch;
    purchase.paid_at = None;
    purchase.confirmed = false;
}

async fn decide(shop: &Shop, sold: &Sold, choice: &str) -> crate::world::Answer {
    shop.post(&format!("/transacciones/{}/resolver", sold.transaction), &json!({"accion": choice})).await
}

async fn cases(shop: &Shop) -> Vec<Value> {
    let body = shop.get("/revision").await.good();
    let cases = body["pendientes"].as_array().expect("a list").clone();
    assert_eq!(body["total"], cases.len());
    cases
}

#[tokio::test]
async fn a_payment_that_shows_something_else_waits_for_a_person() {
    let shop = Shop::open().await;
    assert_eq!(cases(&shop).await, Vec::<Value>::new());
    let other =
        json!({"target": "conekta", "kind": "alter", "match": "GET /orders/", "set": {"/amount": 1999}});
    shop.fault(other).await;
    let sold = shop.try_to_sell(GatewayName::Conekta).await;
    let purchase = shop.until(&sold, |purchase| purchase.phase == Phase::Mismatch).await;
    assert!(purchase.needs_person());
    let found = cases(&shop).await;
    let case = &found[0];
    assert_eq!((&case["tipo"], &case["pasarela"]), (&json!("compra"), &json!("conekta")));
    assert_eq!(case["motivos"][0]["code"], "attention_mismatch");
    assert_eq!((&case["monto"], &case["moneda"]), (&json!(20.0), &json!("MXN")));
    assert_eq!(case["acciones"], json!(["entregar", "reembolsar", "reintentar"]));
    assert!(case["pago_id"].as_str().is_some_and(|id| id.starts_with("ord_")));
    assert!(case["desde"].as_str().is_some_and(|since| since.starts_with("20")));
    let all = shop.world.get("/admin/revision", Some(&shop.world.operator)).await.good();
    assert_eq!(all["pendientes"][0]["empresa_id"], shop.tenant.company.as_str());
    assert_eq!(all["total"], 1);
}

#[tokio::test]
async fn each_choice_leads_where_it_says() {
    let shop = Shop::open().await;
    type Change = fn(&mut Purchase);
    let undelivered: Change = |purchase| {
        purchase.phase = Phase::Stuck;
        purchase.confirmed = false;
        purchase.wake_at = purchase.wake_at.plus(3_600_000);
    };
    let table: [(Change, &str, &str, Phase, &[i64]); 7] = [
        (mismatch, "attention_mismatch", "entregar", Phase::Completed, &[]),
        (mismatch, "attention_mismatch", "reembolsar", Phase::Reversed, &[2000]),
        (stuck_unpaid, "attention_undecided", "entregar", Phase::Completed, &[]),
        (stuck_unpaid, "attention_undecided", "cerrar", Phase::RolledBack, &[]),
        (stuck_unpaid, "attention_undecided", "reintentar", Phase::Completed, &[]),
        (undelivered, "attention_undelivered", "reintentar", Phase::Completed, &[]),
        (undelivered, "attention_undelivered", "reembolsar", Phase::Reversed, &[2000]),
    ];
    for (change, cause, choice, end, money) in table {
        let before = shop.refunds().len();
        let sold = shop.sell(GatewayName::Conekta).await;
        decide(&shop, &sold, choice).await.is(409, "choice_not_open");
        shop.rework(&sold, change).await;
        let case =
            cases(&shop).await.into_iter().find(|case| case["id"] == sold.transaction).expect("a case");
        assert_eq!(case["motivos"][0]["code"], cause);
        decide(&shop, &sold, "enterado").await.is(409, "choice_not_open");
        let answer = decide(&shop, &sold, choice).await;
        assert_eq!(answer.status.as_u16(), 200, "{cause} {choice}: {}", answer.text);
        assert_eq!(answer.json()["accion"], choice);
        let purchase = shop.until(&sold, |purchase| purchase.phase == end && !purchase.is_open()).await;
        assert!(!purchase.needs_person(), "{cause} {choice}");
        assert_eq!(shop.refunds()[before..], *money, "{cause} {choice}");
        let shown = shop.get(&format!("/transacciones/{}", sold.transaction)).await.good();
        let lines = shown["linea_de_tiempo"].as_array().expect("a list").clone();
        let decided = lines.iter().find(|line| line["paso"] == "decided").expect("a line");
        assert_eq!((&decided["resultado"], &decided["quien"]["tipo"]), (&json!(choice), &json!("persona")));
        assert_eq!(cases(&shop).await.len(), 0, "{cause} {choice}");
    }
}

#[tokio::test]
async fn decisions_are_checked_and_operators_decide_for_companies() {
    let shop = Shop::open().await;
    let sold = shop.sell(GatewayName::MercadoPago).await;
    let other = shop.world.tenant("Plaza").await;
    shop.rework(&sold, mismatch).await;
    let world = &shop.world;
    let mine = format!("/api/v1/admin/mi-empresa/transacciones/{}/resolver", sold.transaction);
    let body = json!({"accion": "entregar"});
    world.post(&mine, Some(&other.session), &body).await.is(404, "transaction_not_found");
    world.post(&mine, Some(&world.operator), &body).await.is(403, "role_forbidden");
    let issues = decide(&shop, &sold, "borrar").await.issues();
    assert_eq!(issues, [("literal_error".to_owned(), "accion".to_owned())]);
    let issues =
        shop.post(&format!("/transacciones/{}/resolver", sold.transaction), &json!({})).await.issues();
    assert_eq!(issues, [("missing".to_owned(), "accion".to_owned())]);

    let theirs = |company: &str| format!("/admin/empresas/{company}/transacciones/{}", sold.transaction);
    let operator = Some(world.operator.as_str());
    world.get(&theirs(&other.company), operator).await.is(404, "transaction_not_found");
    let path = theirs(&shop.tenant.company);
    world.get(&path, Some(&shop.tenant.session)).await.is(403, "role_forbidden");
    let resolve = format!("{path}/resolver");
    world.post(&resolve, Some(&shop.tenant.session), &body).await.is(403, "role_forbidden");
    world.get("/admin/revision", Some(&shop.tenant.session)).await.is(403, "role_forbidden");
    world.post(&resolve, operator, &body).await.is(200, "decision_taken");
    shop.settled(&sold).await;
    let by = |shown: &Value| {
        let lines = shown["linea_de_tiempo"].as_array().expect("a list").clone();
        lines.into_iter().find(|line| line["paso"] == "decided").expect("a line")["quien"].clone()
    };
    let seen = by(&world.get(&path, operator).await.good());
    assert_eq!((&seen["tipo"], &seen["nombre"]), (&json!("persona"), &json!("Operadora")));
    let seen = by(&shop.get(&format!("/transacciones/{}", sold.transaction)).await.good());
    assert_eq!(seen, json!({"tipo": "operador", "id": null, "nombre": null, "email": null}));
}

#[tokio::test]
async fn strays_and_unknown_reservations_are_listed_and_strays_acknowledged() {
    let shop = Shop::open().await;
    let other = shop.world.tenant("Plaza").await;
    let now = shop.world.app.clock.now();
    let stray = sweeps::Stray {
        company_id: shop.tenant.company.clone(),
        gateway: "mercado_pago".into(),
        payment_id: "123".into(),
        reference: Some("otra cosa".into()),
        amount_minor: 1999,
        currency: "MXN".into(),
        found_at: now.0,
    };
    let (company, router) = (CompanyId::new(&shop.tenant.company), RouterId::new(&shop.tenant.router));
    let found = Found { purchase_id: "TRX_X".into(), name: "PT-1".into(), profile: "1h".into() };
    let planted = shop.world.app.store.write::<_, StoreError, _>(move |conn| {
        Box::pin(async move {
            sweeps::stray(conn, &stray).await?;
            unknown_reservations::note(conn, &company, &router, &found, now.plus(1)).await.map(|_| ())
        })
    });
    planted.await.expect("planted");
    let found = cases(&shop).await;
    assert_eq!(found.len(), 2);
    assert_eq!((&found[0]["tipo"], &found[0]["pago_id"]), (&json!("pago_suelto"), &json!("123")));
    assert_eq!((&found[0]["monto"], &found[0]["acciones"]), (&json!(19.99), &json!(["enterado"])));
    assert_eq!(
        (&found[1]["tipo"], &found[1]["usuario_hotspot"]),
        (&json!("reserva_desconocida"), &json!("PT-1"))
    );
    let page = shop.get("/revision?limit=1&offset=1").await.good();
    assert_eq!((&page["total"], &page["pendientes"][0]["tipo"]), (&json!(2), &json!("reserva_desconocida")));
    shop.get("/revision?limit=0").await.issues();

    let path = "/api/v1/admin/mi-empresa/revision/pagos-sueltos/mercado_pago/123/enterado";
    shop.world.post(path, Some(&other.session), &json!({})).await.is(404, "stray_payment_not_found");
    shop.world.post(path, Some(&shop.tenant.session), &json!({})).await.is(200, "stray_payment_acknowledged");
    shop.world.post(path, Some(&shop.tenant.session), &json!({})).await.is(404, "stray_payment_not_found");
    let wrong = path.replace("mercado_pago", "otra");
    shop.world.post(&wrong, Some(&shop.tenant.session), &json!({})).await.is(404, "stray_payment_not_found");
    assert_eq!(cases(&shop).await.len(), 1);
    let theirs = format!("/admin/empresas/{}/revision/pagos-sueltos/conekta/1/enterado", other.company);
    shop.world.post(&theirs, Some(&shop.world.operator), &json!({})).await.is(404, "stray_payment_not_found");
    let empty = shop.world.get("/api/v1/admin/mi-empresa/revision", Some(&other.session)).await.good();
    assert_eq!((&empty["total"], &empty["pendientes"]), (&json!(0), &json!([])));
}

#[tokio::test]
async fn a_purchase_that_cannot_be_read_hides_none_of_the_others() {
    let shop = Shop::open().await;
    let missed = shop.sell(GatewayName::Conekta).await;
    shop.rework(&missed, mismatch).await;
    let damaged = shop.sell(GatewayName::Conekta).await;
    // It is open, and the process that ran it is gone.
    shop.damage(&damaged).await;
    assert!(shop.world.app.purchases.recover().await.is_ok());
    let found = cases(&shop).await;
    assert_eq!(found.len(), 2);
    let case = found.iter().find(|case| case["compra_id"] == damaged.purchase.as_str()).expect("listed");
    assert_eq!(case["motivos"][0]["code"], "attention_unreadable");
    assert_eq!((&case["acciones"], &case["pago_id"]), (&json!([]), &Value::Null));
    assert_eq!(shop.world.get("/admin/revision", Some(&shop.world.operator)).await.good()["total"], 2);
}
