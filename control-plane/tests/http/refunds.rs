//! Money that admins give back.

use pagos_control_plane::gateway::GatewayName;
use pagos_control_plane::purchase::state::Phase;
use serde_json::json;

use crate::shop::Shop;

const BOTH: [GatewayName; 2] = GatewayName::ALL;

#[tokio::test]
async fn all_the_money_goes_back_and_the_record_says_who_gave_it() {
    let shop = Shop::open().await;
    for gateway in BOTH {
        let before = shop.refunds().len();
        let sold = shop.sell(gateway).await;
        let path = format!("/transacciones/{}", sold.transaction);
        let shown = shop.get(&path).await.good();
        assert_eq!((&shown["reembolsable"], &shown["reembolsado"]), (&json!(20.0), &json!(0.0)));
        let body = shop.refund(&sold, &json!({"motivo": " se fue la luz "})).await.is(200, "refund_done");
        let refund = &body["reembolso"];
        assert_eq!((&refund["monto"], &refund["moneda"]), (&json!(20.0), &json!("MXN")));
        assert_eq!((&refund["estado"], &refund["origen"]), (&json!("devuelto"), &json!("solicitado")));
        assert_eq!((&refund["motivo"], &refund["falla"]), (&json!("se fue la luz"), &json!(null)));
        assert_eq!(refund["pedido_por"]["email"], shop.tenant.email.as_str());
        assert_eq!(body["transaccion"]["estado_pago"], "refunded");
        assert_eq!(shop.refunds()[before..], [2000]);
        shop.settled(&sold).await;

        let shown = shop.get(&path).await.good();
        assert_eq!((&shown["fase"], &shown["estado_hotspot"]), (&json!("reversed"), &json!("disabled")));
        assert_eq!((&shown["reembolsable"], &shown["reembolsado"]), (&json!(0.0), &json!(20.0)));
        assert_eq!(shown["reembolsos"][0], *refund);
        assert_eq!(shown["pasarela"]["pago_id"], sold.payment.as_str());
        assert_eq!(shown["pasarela"]["nombre"], gateway.as_str());
        assert_eq!(
            (&shown["router"]["nombre"], &shown["producto"]["nombre"]),
            (&json!("Kiosco"), &json!("Una hora"))
        );
        assert_eq!((&shown["cliente"]["nombre"], &shown["acciones"]), (&json!("Ana Ruiz"), &json!([])));
        let lines = shown["linea_de_tiempo"].as_array().expect("a list").clone();
        let steps: Vec<&str> = lines.iter().filter_map(|line| line["paso"].as_str()).collect();
        for step in ["asked", "reserve", "charge", "read", "confirm", "refund_asked", "refund", "revoke"] {
            assert!(steps.contains(&step), "{step} in {steps:?}");
        }
        let asked = lines.iter().find(|line| line["paso"] == "refund_asked").expect("a line");
        assert_eq!(asked["quien"]["tipo"], "persona");
        assert_eq!(asked["quien"]["email"], shop.tenant.email.as_str());
        let state = shop.state(&sold.purchase).await;
        let text = shown.to_string();
        assert!(!text.contains("contrasena\":") && !text.contains(&state.user.password_sealed), "{text}");
        shop.refund(&sold, &json!({})).await.is(409, "refund_not_possible");
    }
}

#[tokio::test]
async fn parts_go_back_until_nothing_is_left() {
    let shop = Shop::open().await;
    for gateway in BOTH {
        let before = shop.refunds().len();
        let sold = shop.sell(gateway).await;
        for amount in [json!(0), json!(-1), json!(20.01), json!("1.005"), json!(99_999_999)] {
            shop.refund(&sold, &json!({"monto": amount})).await.is(400, "refund_amount_invalid");
        }
        let issues = shop.refund(&sold, &json!({"monto": "x", "motivo": 1})).await.issues();
        assert_eq!(issues.len(), 2);
        let body = shop.refund(&sold, &json!({"monto": 12.5})).await.is(200, "refund_done");
        assert_eq!(body["transaccion"]["estado_pago"], "partially_refunded");
        assert_eq!(body["transaccion"]["reembolsable"], 7.5);
        assert_eq!(body["transaccion"]["estado_hotspot"], "active");
        shop.refund(&sold, &json!({"monto": 12.5})).await.is(400, "refund_amount_invalid");
        let body = shop.refund(&sold, &json!({})).await.is(200, "refund_done");
        assert_eq!(
            (&body["reembolso"]["monto"], &body["transaccion"]["reembolsado"]),
            (&json!(7.5), &json!(20.0))
        );
        assert_eq!(shop.refunds()[before..], [1250, 750]);
    }
}

#[tokio::test]
async fn one_key_is_one_refund() {
    let shop = Shop::open().await;
    let sold = shop.sell(GatewayName::Conekta).await;
    let half = json!({"monto": 10, "motivo": "queja"});
    let first = shop.refund_with_key(&sold, "k1", &half).await.is(200, "refund_done");
    let again = shop.refund_with_key(&sold, "k1", &half).await.is(200, "refund_done");
    assert_eq!(first["reembolso"], again["reembolso"]);
    for other in [json!({"monto": 5, "motivo": "queja"}), json!({"monto": 10}), json!({"motivo": "queja"})] {
        shop.refund_with_key(&sold, "k1", &other).await.is(409, "idempotency_conflict");
    }
    assert_eq!(shop.refunds(), [1000]);
    // What was refused leaves its key free.
    shop.refund_with_key(&sold, "k2", &json!({"monto": 15})).await.is(400, "refund_amount_invalid");
    shop.refund_with_key(&sold, "k2", &json!({"monto": 10})).await.is(200, "refund_done");
    assert_eq!(shop.refunds(), [1000, 1000]);
    assert_eq!(shop.refund_with_key(&sold, "a b", &half).await.issues().len(), 1);
}

#[tokio::test]
async fn a_double_click_without_a_key_is_one_refund() {
    let shop = Shop::open().await;
    let sold = shop.sell(GatewayName::MercadoPago).await;
    shop.fault(json!({"target": "mercado_pago", "kind": "delay", "match": "/refunds", "delay_ms": 300}))
        .await;
    let part = json!({"monto": 3});
    let (one, two) = tokio::join!(shop.refund(&sold, &part), shop.refund(&sold, &part));
    let (one, two) = (one.is(200, "refund_done"), two.is(200, "refund_done"));
    assert_eq!(one["reembolso"]["id"], two["reembolso"]["id"]);
    assert_eq!(shop.refunds(), [300]);
    let other = json!({"monto": 4});
    let (one, two) = tokio::join!(shop.refund(&sold, &part), shop.refund(&sold, &other));
    let refused = if one.status.as_u16() == 200 { two } else { one };
    refused.is(409, "refund_under_way");
}

#[tokio::test]
async fn what_another_process_works_on_is_to_be_asked_for_again() {
    let shop = Shop::open().await;
    let sold = shop.sell(GatewayName::Conekta).await;
    shop.run_elsewhere(&sold).await;
    let refused = shop.refund(&sold, &json!({})).await;
    assert!(refused.headers.contains_key("retry-after"), "{}", refused.text);
    refused.is(503, "purchase_busy");
    assert_eq!(shop.refunds(), [0; 0]);
}

#[tokio::test]
async fn a_lost_reply_is_neither_lost_money_nor_a_second_refund() {
    let shop = Shop::open().await;
    for (gateway, target) in BOTH.into_iter().zip(["conekta", "mercado_pago"]) {
        let before = shop.refunds().len();
        let sold = shop.sell(gateway).await;
        shop.fault(json!({"target": target, "kind": "drop_after", "match": "/refunds", "count": 1})).await;
        shop.refund(&sold, &json!({})).await.is(200, "refund_done");
        assert_eq!(shop.refunds()[before..], [2000]);
    }
}

#[tokio::test]
async fn a_slow_refund_is_told_to_be_asked_for_later() {
    let shop = Shop::open().await;
    let sold = shop.sell(GatewayName::Conekta).await;
    shop.fault(json!({"target": "conekta", "kind": "delay", "match": "/refunds", "delay_ms": 11_000})).await;
    let answer = shop.refund(&sold, &json!({"monto": 5})).await;
    let body = answer.is(202, "refund_pending");
    assert_eq!((&body["success"], &body["reembolso"]["estado"]), (&json!(false), &json!("en_proceso")));
    assert_eq!(
        (body["transaccion"]["reembolsable"].as_f64(), answer.header("retry-after")),
        (Some(0.0), "2")
    );
    let url = body["estado_url"].as_str().expect("an address").to_owned();
    shop.until(&sold, |purchase| purchase.refund_under_way().is_none()).await;
    let shown = shop.world.get(&url, Some(&shop.tenant.session)).await.good();
    assert_eq!(shown["reembolsos"][0]["estado"], "devuelto");
}

#[tokio::test]
async fn what_the_gateway_refuses_waits_for_a_person() {
    let shop = Shop::open().await;
    for (gateway, target) in BOTH.into_iter().zip(["conekta", "mercado_pago"]) {
        let before = shop.refunds().len();
        let sold = shop.sell(gateway).await;
        let refusal =
            json!({"target": target, "kind": "error", "match": "/refunds", "status": 400, "count": 1});
        shop.fault(refusal).await;
        let answer = shop.refund(&sold, &json!({"monto": 5})).await;
        assert_eq!(answer.status.as_u16(), 502, "{}", answer.text);
        assert_eq!(shop.refunds().len(), before);
        let path = format!("/transacciones/{}", sold.transaction);
        let shown = shop.get(&path).await.good();
        assert_eq!(shown["requiere_revision"][0]["code"], "attention_refund_refused");
        assert_eq!(shown["acciones"], json!(["enterado"]));
        let refund = &shown["reembolsos"][0];
        assert_eq!(
            (&refund["estado"], &refund["falla"]["code"]),
            (&json!("rechazado"), &answer.json()["code"])
        );
        assert_eq!((&shown["fase"], &shown["estado_hotspot"]), (&json!("completed"), &json!("active")));
        // The same again is a new try, not the old refusal.
        shop.refund(&sold, &json!({"monto": 5})).await.is(200, "refund_done");
        let body = shop.post(&format!("{path}/resolver"), &json!({"accion": "enterado"})).await;
        assert_eq!(body.is(200, "decision_taken")["requiere_revision"], json!([]));
    }
}

#[tokio::test]
async fn only_admins_of_the_company_refund_what_was_paid() {
    let shop = Shop::open().await;
    let sold = shop.sell(GatewayName::Conekta).await;
    let other = shop.world.tenant("Plaza").await;
    let path = format!("/api/v1/admin/mi-empresa/transacciones/{}", sold.transaction);
    let refund = format!("{path}/reembolso");
    let body = json!({});
    let world = &shop.world;
    world.post(&refund, Some(&other.session), &body).await.is(404, "transaction_not_found");
    world.get(&path, Some(&other.session)).await.is(404, "transaction_not_found");
    world.post(&refund, Some(&world.operator), &body).await.is(403, "role_forbidden");
    world.get(&path, Some(&world.operator)).await.is(403, "role_forbidden");
    world.post(&refund, None, &body).await.is(401, "credentials_missing");
    world.post(&refund, Some(&shop.tenant.api_key), &body).await.is(401, "session_invalid");
    shop.post("/transacciones/987654/reembolso", &body).await.is(404, "transaction_not_found");
    assert_eq!(shop.get("/transacciones/x").await.issues(), [("int_parsing".to_owned(), "id".to_owned())]);
    shop.rework(&sold, |purchase| {
        purchase.phase = Phase::RolledBack;
        purchase.paid_at = None;
    })
    .await;
    shop.refund(&sold, &body).await.is(409, "refund_not_possible");
    assert!(shop.refunds().is_empty());
}
