//! A payment as Mercado Pago shows it.

use pagos_control_plane::gateway::GatewayName;
use serde_json::json;

use crate::shop::Shop;

const PATH: &str = "/api/v1/payments/estado-pago";

#[tokio::test]
async fn a_payment_is_shown_in_the_gateways_own_words() {
    let shop = Shop::open().await;
    let sold = shop.sell(GatewayName::MercadoPago).await;
    let key = Some(shop.tenant.api_key.as_str());
    let body = shop.world.get(&format!("{PATH}/{}", sold.payment), key).await.good();
    assert_eq!((&body["success"], body["payment_id"].to_string()), (&json!(true), sold.payment.clone()));
    assert_eq!((&body["status"], &body["status_detail"]), (&json!("approved"), &json!("accredited")));
    assert_eq!((body["amount"].as_f64(), &body["currency_id"]), (Some(20.0), &json!("MXN")));
    assert!(body["date_approved"].is_string() && body["date_last_updated"].is_string(), "{body}");
    assert_eq!(body.as_object().map(serde_json::Map::len), Some(8));
}

#[tokio::test]
async fn refusals_of_the_gateway_have_their_codes() {
    let shop = Shop::open().await;
    let key = Some(shop.tenant.api_key.as_str());
    let path = format!("{PATH}/987654321");
    shop.world.get(&path, key).await.is(404, "payment_not_found");
    for (status, answer, code) in
        [(400, 400, "request_invalid"), (401, 502, "gateway_auth_failed"), (500, 502, "gateway_error")]
    {
        let fault = json!({"target": "mercado_pago", "kind": "error", "match": "GET /v1/payments/",
            "status": status, "count": 1});
        shop.fault(fault).await;
        shop.world.get(&path, key).await.is(answer, code);
    }
    let cut = json!({"target": "mercado_pago", "kind": "drop_before", "match": "GET /v1/payments/"});
    shop.fault(cut).await;
    shop.world.get(&path, key).await.is(502, "gateway_error");
    let other = shop.world.tenant("Plaza").await;
    shop.world.get(&path, Some(&other.api_key)).await.is(400, "gateway_not_configured");
    let issues = shop.world.get(&format!("{PATH}/x"), key).await.issues();
    assert_eq!(issues, [("int_parsing".to_owned(), "payment_id".to_owned())]);
    shop.world.get(&path, None).await.is(401, "credentials_missing");
}

#[tokio::test]
async fn a_page_cannot_use_up_the_company_s_quota() {
    let shop = Shop::open().await;
    let key = Some(shop.tenant.api_key.as_str());
    let path = format!("{PATH}/987654321");
    for _ in 0..60 {
        shop.world.get(&path, key).await.is(404, "payment_not_found");
    }
    let refused = shop.world.get(&path, key).await;
    assert!(refused.headers.contains_key("retry-after"), "{}", refused.text);
    refused.is(429, "rate_limited");
}
