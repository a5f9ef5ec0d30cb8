//! Every way in which gateways and routers refuse, as the portal is told.

use std::sync::{Arc, Mutex};

use pagos_control_plane::gateway::GatewayName;
use pagos_protocol::outcome::Profile;
use pagos_protocol::{Action, Code, Command, Done, Outcome};
use reqwest::Method;
use serde_json::{Value, json};

use crate::shop::{Shop, obey};
use crate::world::{Answer, World};

const CONEKTA: [(&str, &str); 14] = [
    ("invalid_parameter", "request_invalid"),
    ("invalid_amount", "amount_invalid"),
    ("invalid_currency", "currency_invalid"),
    ("invalid_email", "email_invalid"),
    ("invalid_phone", "phone_invalid"),
    ("conekta.errors.processing.tokenization.used", "token_used"),
    ("conekta.errors.processing.tokenization.invalid", "token_invalid"),
    ("conekta.errors.processing.tokenization.expired", "token_expired"),
    ("expired_card", "card_expired"),
    ("invalid_card", "card_invalid"),
    ("card_number_incorrect", "card_number_invalid"),
    ("cvv_incorrect", "card_cvv_invalid"),
    ("card_not_supported", "card_not_supported"),
    ("processing_error", "processing_error"),
];
const CONEKTA_UNPAID: [(&str, &str); 4] = [
    ("card_declined", "card_declined"),
    ("insufficient_funds", "insufficient_funds"),
    ("call_issuer", "call_issuer"),
    ("declined_by_3ds", "three_ds_failed"),
];
const CONEKTA_AT_FAULT: [(u16, &str, &str); 5] = [
    (401, "invalid_api_key", "gateway_auth_failed"),
    (404, "order_not_found", "gateway_not_found"),
    (409, "gateway_error", "gateway_error"),
    (409, "bank_connection_error", "bank_unreachable"),
    (409, "quota_exceeded", "gateway_quota_exceeded"),
];

async fn buy(shop: &Shop, gateway: GatewayName, change: impl FnOnce(&mut Value)) -> Answer {
    let (path, mut body) = shop.order(gateway);
    change(&mut body);
    shop.world.post(path, Some(&shop.tenant.api_key), &body).await
}

/// Asks for the status of the newest purchase: it ended as the portal was told.
async fn told_again(shop: &Shop, first: &Answer) {
    let list = shop.get("/transacciones?limit=1").await.good();
    let shown = shop.get(&format!("/transacciones/{}", list["transacciones"][0]["id"])).await.good();
    let purchase = shown["compra_id"].as_str().expect("an id");
    let path = format!("/api/v1/payments/{purchase}");
    let again = shop.world.get(&path, Some(&shop.tenant.api_key)).await;
    assert_eq!((again.status, &again.json()["code"]), (first.status, &first.json()["code"]));
}

#[tokio::test]
async fn what_conekta_refuses_is_told_with_its_status() {
    let shop = Shop::open().await;
    let values =
        CONEKTA.iter().flat_map(|(word, code)| [400, 402, 422].map(|status| (status, status, *word, *code)));
    let unpaid = CONEKTA_UNPAID.iter().map(|(word, code)| (402, 402, *word, *code));
    let fault = CONEKTA_AT_FAULT.iter().map(|(status, word, code)| (*status, 502, *word, *code));
    for (status, told, word, code) in values.chain(unpaid).chain(fault) {
        shop.fault(json!({"target": "conekta", "kind": "error", "match": "POST /orders", "status": status,
            "count": 1, "set": {"/details": [{"code": word}], "/type": word}}))
            .await;
        let answer = buy(&shop, GatewayName::Conekta, |_| {}).await;
        answer.is(told, code);
        told_again(&shop, &answer).await;
    }
    shop.fault(
        json!({"target": "conekta", "kind": "error", "match": "POST /orders", "status": 429, "count": 1}),
    )
    .await;
    buy(&shop, GatewayName::Conekta, |_| {}).await.is(429, "rate_limited");
}

#[tokio::test]
async fn what_mercado_pago_refuses_is_told_with_its_status() {
    let shop = Shop::open().await;
    let table: [(u16, u16, Value, &str); 18] = [
        (400, 400, json!("4000"), "request_invalid"),
        (400, 400, json!("129"), "amount_invalid"),
        (400, 400, json!("204"), "payment_method_invalid"),
        (400, 400, json!("2034"), "payer_invalid"),
        (400, 400, json!("109"), "installments_invalid"),
        (400, 400, json!("2006"), "token_invalid"),
        (422, 422, json!("4000"), "request_invalid"),
        (422, 422, json!("129"), "amount_invalid"),
        (422, 422, json!("204"), "payment_method_invalid"),
        (422, 422, json!("2034"), "payer_invalid"),
        (422, 422, json!("109"), "installments_invalid"),
        (422, 422, json!("2006"), "token_invalid"),
        (400, 402, json!("E301"), "card_number_invalid"),
        (400, 402, json!("E203"), "card_cvv_invalid"),
        (401, 502, json!("1"), "gateway_auth_failed"),
        (404, 502, json!("1"), "gateway_not_found"),
        (405, 502, json!("1"), "gateway_error"),
        (429, 429, json!("1"), "rate_limited"),
    ];
    for (status, told, cause, code) in table {
        shop.fault(
            json!({"target": "mercado_pago", "kind": "error", "match": "POST /v1/payments", "status": status,
            "count": 1, "set": {"/cause": [{"code": cause}]}}),
        )
        .await;
        let answer = buy(&shop, GatewayName::MercadoPago, |_| {}).await;
        answer.is(told, code);
        told_again(&shop, &answer).await;
    }
}

#[tokio::test]
async fn a_payment_that_mercado_pago_rejects_is_402_with_the_reason() {
    let shop = Shop::open().await;
    let words = [
        ("cc_rejected_other_reason", "card_declined"),
        ("cc_rejected_call_for_authorize", "call_issuer"),
        ("cc_rejected_insufficient_amount", "insufficient_funds"),
        ("cc_rejected_bad_filled_security_code", "card_cvv_invalid"),
        ("cc_rejected_bad_filled_date", "card_expiry_invalid"),
        ("cc_rejected_bad_filled_other", "card_invalid"),
        ("cc_rejected_card_type_not_allowed", "card_not_supported"),
        ("cc_rejected_invalid_installments", "installments_invalid"),
        ("cc_rejected_card_disabled", "card_blocked"),
        ("cc_rejected_max_attempts", "too_many_attempts"),
        ("cc_rejected_3ds_challenge", "three_ds_failed"),
        ("cc_rejected_card_error", "processing_error"),
        ("invalid_payment_method", "payment_method_invalid"),
        ("invalid_user", "payer_invalid"),
        ("invalid_token", "token_invalid"),
        ("cc_rejected_duplicated_payment", "duplicate_payment"),
    ];
    for (number, (word, code)) in words.into_iter().enumerate() {
        let id = shop
            .fault_with_id(json!({"target": "mercado_pago", "kind": "alter", "match": "/v1/payments",
            "set": {"/status_detail": word}}))
            .await;
        let answer =
            buy(&shop, GatewayName::MercadoPago, |body| body["token"] = json!(format!("tok-OTHE-{number}")))
                .await;
        answer.is(402, code);
        shop.mend(id).await;
        told_again(&shop, &answer).await;
    }
}

#[tokio::test]
async fn a_payment_in_review_is_202_until_it_ends() {
    let shop = Shop::open().await;
    let key = Some(shop.tenant.api_key.as_str());
    shop.fault(json!({"target": "mercado_pago", "kind": "alter", "match": "/v1/payments",
        "set": {"/status": "in_process", "/status_detail": "pending_review_manual"}}))
        .await;
    let answer = buy(&shop, GatewayName::MercadoPago, |_| {}).await;
    answer.is(202, "payment_in_review");
    let url = answer.json()["estado_url"].as_str().expect("an address").to_owned();
    let again = shop.world.get(&url, key).await;
    again.is(202, "payment_in_review");
    assert!(again.header("retry-after").parse::<u64>().is_ok(), "{}", again.text);
}

#[tokio::test]
async fn what_is_refused_before_anything_is_tried() {
    let shop = Shop::open().await;
    let other = shop.world.tenant("Plaza").await;
    for gateway in GatewayName::ALL {
        let (path, body) = shop.order(gateway);
        let world = &shop.world;
        world.post(path, Some(&other.api_key), &body).await.is(400, "gateway_not_configured");
        let token = if gateway == GatewayName::Conekta { "token_tarjeta" } else { "token" };
        buy(&shop, gateway, |body| body[token] = json!("")).await.is(400, "token_missing");
        buy(&shop, gateway, |body| body["card_number"] = json!("4242")).await.is(400, "card_data_refused");
        buy(&shop, gateway, |body| body["producto_id"] = json!(987_654)).await.is(404, "product_not_found");
        let headers = [("idempotency-key", gateway.as_str())];
        let key = Some(shop.tenant.api_key.as_str());
        let sent = Some(body.to_string());
        let first = world.send(Method::POST, path, key, sent, &headers).await;
        assert_eq!(first.status.as_u16(), 200, "{}", first.text);
        let mut changed = body.clone();
        changed["nombre_cliente"] = json!("Otra");
        let sent = Some(changed.to_string());
        let answer = world.send(Method::POST, path, key, sent, &headers).await;
        answer.is(409, "idempotency_conflict");
    }
    buy(&shop, GatewayName::Conekta, |body| body["telefono_cliente"] = json!("12"))
        .await
        .is(400, "phone_required");
    buy(&shop, GatewayName::MercadoPago, |body| body["monto"] = json!(19)).await.is(400, "amount_mismatch");
    let toggle =
        format!("/admin/empresas/{}/routers/{}/toggle-activo", shop.tenant.company, shop.tenant.router);
    shop.world.put(&toggle, Some(&shop.world.operator), &json!({})).await.good();
    for gateway in GatewayName::ALL {
        buy(&shop, gateway, |_| {}).await.is(403, "router_inactive");
    }
}

#[tokio::test]
async fn a_device_is_not_sold_to_without_end() {
    let more = [("PAGOS_LIMITS__ATTEMPTS_PER_DEVICE_PER_MINUTE", "1".to_owned())];
    let shop = Shop::open_with(&more).await;
    for (gateway, mac) in GatewayName::ALL.into_iter().zip(["A0B1C2D3E4F5", "A0B1C2D3E4F6"]) {
        let mut last = 200;
        for _ in 0..4 {
            let answer = buy(&shop, gateway, |body| body["mac_cliente"] = json!(mac)).await;
            last = answer.status.as_u16();
            if last == 429 {
                answer.is(429, "rate_limited");
                break;
            }
        }
        assert_eq!(last, 429);
    }
}

/// What the router says to what it is asked next; it does everything while nothing is set.
type Mood = Arc<Mutex<Option<Outcome>>>;

fn moody(mood: Mood) -> impl Fn(&Command) -> Outcome {
    move |command| {
        let set = mood.lock().expect("unpoisoned").clone();
        match (&command.action, set) {
            (Action::Reserve(_) | Action::ListProfiles | Action::Probe, Some(outcome)) => outcome,
            (Action::ListProfiles, None) => Outcome::done(Done::Profiles { profiles: vec![profile()] }),
            _ => obey(command),
        }
    }
}

fn profile() -> Profile {
    serde_json::from_value(json!({"id": "*3", "name": "1h", "session_timeout": "1h"})).expect("a profile")
}

#[tokio::test]
async fn what_the_router_refuses_is_told() {
    let mood = Mood::default();
    let shop = Shop::open_obeying(&[], moody(mood.clone())).await;
    let profiles = format!("/api/v1/admin/routers/{}/mikrotik-profiles", shop.tenant.router);
    let session = Some(shop.tenant.session.as_str());
    assert_eq!(shop.world.get(&profiles, session).await.good()[0]["name"], "1h");
    let table = [
        (Code::RouterUnreachable, (503, "router_unreachable"), (400, "router_unreachable")),
        (Code::RouterLoginFailed, (500, "router_login_failed"), (400, "router_login_failed")),
        (Code::RouterError, (500, "router_error"), (500, "router_error")),
        (Code::ProfileNotFound, (500, "profile_not_found"), (500, "router_error")),
    ];
    for (code, (sale, sale_code), (check, check_code)) in table {
        *mood.lock().expect("unpoisoned") = Some(Outcome::refused(code, ""));
        for gateway in GatewayName::ALL {
            let answer = buy(&shop, gateway, |_| {}).await;
            answer.is(sale, sale_code);
            told_again(&shop, &answer).await;
        }
        shop.world.get(&profiles, session).await.is(check, check_code);
    }
    shop.world
        .get("/api/v1/admin/routers/RTR_X/mikrotik-profiles", session)
        .await
        .is(404, "router_not_found");
    crate::stored::run(&shop.world, "UPDATE routers SET host = ''".into()).await;
    shop.world.get(&profiles, session).await.is(400, "router_credentials_incomplete");
    crate::stored::run(&shop.world, "UPDATE routers SET active = FALSE".into()).await;
    shop.world.get(&profiles, session).await.is(400, "router_inactive");
}

#[tokio::test]
async fn a_site_without_an_agent_sells_nothing() {
    let shop = Shop::open().await;
    let world: &World = &shop.world;
    let away = world.tenant("Plaza").await;
    let mine = "/api/v1/admin/mi-empresa";
    let keys = json!({"conekta_private_key": "key_2", "conekta_public_key": "key_pub_2"});
    world.post(&format!("{mine}/configurar-conekta"), Some(&away.session), &keys).await.good();
    let keys = json!({"access_token": "TEST-2", "public_key": "TEST-2"});
    world.post(&format!("{mine}/configurar-credenciales"), Some(&away.session), &keys).await.good();
    let product = world.product(&away, json!({})).await["id"].clone();
    for gateway in GatewayName::ALL {
        let (path, mut body) = shop.order(gateway);
        body["producto_id"] = product.clone();
        let answer = world.post(path, Some(&away.api_key), &body).await;
        answer.is(503, "agent_offline");
        assert_eq!(answer.header("retry-after"), "5");
        let list = world.get(&format!("{mine}/transacciones?limit=1"), Some(&away.session)).await.good();
        let id = list["transacciones"][0]["transaccion_id"].as_str().expect("an id").to_owned();
        let status = world.get(&format!("/api/v1/payments/{id}"), Some(&away.api_key)).await;
        status.is(503, "agent_offline");
    }
}
