//! What happens to a payment long after it was made, when nobody tells us.

use pagos_control_plane::gateway::GatewayName;
use pagos_control_plane::purchase::state::{Notice, Phase};
use serde_json::json;

use crate::shop::{Shop, Sold};

const DAY_MS: i64 = 86_400_000;

async fn charge_back(shop: &Shop, gateway: GatewayName, sold: &Sold) {
    let url = format!(
        "{}/gateway/{}/{}/chargeback",
        shop.simulator.ready().control_url,
        gateway.as_str(),
        sold.payment
    );
    let answer = shop.world.client.post(url).send().await.expect("an answer");
    assert!(answer.status().is_success(), "{}", answer.text().await.expect("text"));
}

async fn look_back(shop: &Shop) {
    shop.world.app.purchases.look_back().await.expect("looked back");
}

#[tokio::test]
async fn a_chargeback_that_nobody_told_of_is_found() {
    let shop = Shop::open().await;
    let mut sold = Vec::new();
    for gateway in GatewayName::ALL {
        let one = shop.sell(gateway).await;
        charge_back(&shop, gateway, &one).await;
        sold.push(one);
    }
    look_back(&shop).await;
    for one in &sold {
        assert_eq!(shop.state(&one.purchase).await.looked_back, 0, "its time has not come");
    }
    shop.world.advance(DAY_MS);
    look_back(&shop).await;
    for one in &sold {
        let found = shop.until(one, |purchase| purchase.phase == Phase::Reversed).await;
        assert_eq!((found.looked_back, found.paid_at.is_some()), (1, true));
        assert!(shop.settled(one).await.revoked, "the access is taken away");
    }
}

#[tokio::test]
async fn what_is_still_paid_is_looked_at_three_times_and_then_left_alone() {
    let shop = Shop::open().await;
    let sold = shop.sell(GatewayName::Conekta).await;
    let mut seen = Vec::new();
    for days in [1, 1, 5, 23, 400] {
        shop.world.advance(days * DAY_MS);
        look_back(&shop).await;
        let state = shop.settled(&sold).await;
        assert_eq!((state.phase, state.notice), (Phase::Completed, None));
        seen.push(state.looked_back);
    }
    assert_eq!(seen, [1, 1, 2, 3, 3]);
}

#[tokio::test]
async fn times_that_passed_unseen_are_one_look() {
    let shop = Shop::open().await;
    let sold = shop.sell(GatewayName::MercadoPago).await;
    shop.world.advance(8 * DAY_MS);
    look_back(&shop).await;
    let state = shop.until(&sold, |purchase| purchase.looked_back > 0).await;
    assert_eq!(state.looked_back, 2);
}

#[tokio::test]
async fn news_that_could_not_be_read_wait_for_a_person_who_asks_again() {
    let shop = Shop::open().await;
    let sold = shop.sell(GatewayName::Conekta).await;
    shop.rework(&sold, |purchase| purchase.notice = Some(Notice::NewsUnread)).await;
    let case = &shop.get("/revision").await.good()["pendientes"][0];
    assert_eq!(case["motivos"][0]["code"], "attention_news_unread");
    assert_eq!(case["acciones"], json!(["reintentar", "enterado"]));
    let path = format!("/transacciones/{}/resolver", sold.transaction);
    shop.post(&path, &json!({"accion": "reintentar"})).await.is(200, "decision_taken");
    let read = shop.until(&sold, |purchase| purchase.notice.is_none()).await;
    assert_eq!(read.phase, Phase::Completed);
}

#[tokio::test]
async fn a_key_that_was_withdrawn_at_the_gateway_is_followed_by_the_newer_one() {
    let shop = Shop::open().await;
    let sold = shop.sell(GatewayName::Conekta).await;
    let refused = |path: &str| {
        let body = json!({"/type": "authentication_error"});
        json!({"target": "conekta", "kind": "error", "match": path, "status": 401, "count": 1, "set": body})
    };
    shop.fault(refused("POST /orders/")).await;
    // There is no newer key yet.
    shop.refund(&sold, &json!({"monto": 5})).await.is(502, "gateway_auth_failed");

    let keys = json!({"conekta_public_key": "key_pub_1", "conekta_private_key": "key_priv_1"});
    shop.post("/configurar-conekta", &keys).await.good();
    shop.fault(refused("POST /orders/")).await;
    shop.refund(&sold, &json!({"monto": 5})).await.is(200, "refund_done");
    assert_eq!(shop.refunds(), [500]);
    charge_back(&shop, GatewayName::Conekta, &sold).await;
    shop.fault(refused("GET /orders/")).await;
    shop.world.advance(DAY_MS);
    look_back(&shop).await;
    let found = shop.until(&sold, |purchase| !purchase.recheck && purchase.looked_back > 0).await;
    assert_eq!((found.phase, found.recheck_asks), (Phase::Reversed, 0), "read at once");
}
