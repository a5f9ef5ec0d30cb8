use crate::http_client::{Answer, control, send};
use crate::simulator;
use pagos_simulator::Simulator;
use serde_json::{Value, json};
use std::time::Duration;

pub(crate) const TOKEN: &str = "APP_USR-1-ana";

async fn call(simulator: &Simulator, method: &str, path: &str, key: &str, body: &Value) -> Option<Answer> {
    call_as(simulator, TOKEN, method, path, key, body).await
}

async fn call_as(
    simulator: &Simulator,
    token: &str,
    method: &str,
    path: &str,
    key: &str,
    body: &Value,
) -> Option<Answer> {
    let mut headers = format!("Authorization: Bearer {token}\r\nX-meli-session-id: device-1\r\n");
    if !key.is_empty() {
        headers = format!("{headers}X-Idempotency-Key: {key}\r\n");
    }
    let body = if body.is_null() { String::new() } else { body.to_string() };
    send(&simulator.ready().mercado_pago_url, method, path, &headers, &body).await
}

pub(crate) fn card(token: &str, reference: &str) -> Value {
    json!({
        "transaction_amount": 19.99, "token": token, "installments": 1, "payment_method_id": "visa",
        "external_reference": reference, "metadata": { "saleId": reference },
        "payer": { "email": "ana@example.mx" }, "description": "WiFi 1 hora",
    })
}

pub(crate) async fn pay(simulator: &Simulator, key: &str, body: &Value) -> Option<Answer> {
    call(simulator, "POST", "/v1/payments", key, body).await
}

pub(crate) async fn read(simulator: &Simulator, path: &str) -> Answer {
    call(simulator, "GET", path, "", &Value::Null).await.unwrap()
}

async fn fault(simulator: &Simulator, fault: Value) {
    assert_eq!(
        control(&simulator.ready().control_url, "POST", "/faults", &fault).await.status,
        201,
        "{fault}"
    );
}

async fn ledger(simulator: &Simulator) -> Vec<Value> {
    let state = control(&simulator.ready().control_url, "GET", "/state", &Value::Null).await.body;
    state["mercado_pago"]["ledger"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_payment_is_made_read_found_and_refunded() {
    let simulator = simulator(&["7.20.8"]).await;
    let made = pay(&simulator, "key-1", &card("tok-APRO-1", "sale-1")).await.unwrap();
    assert_eq!((made.status, &made.body["status"]), (201, &json!("approved")), "{}", made.body);
    assert!(made.head.contains("x-request-id: "));
    assert_eq!(made.body["transaction_amount"].to_string(), "19.99");
    assert_eq!((&made.body["currency_id"], &made.body["live_mode"]), (&json!("MXN"), &json!(false)));
    assert_eq!(made.body["metadata"], json!({ "sale_id": "sale-1" }));
    let path = format!("/v1/payments/{}", made.body["id"]);
    assert_eq!(read(&simulator, &path).await.body, made.body);
    let found =
        read(&simulator, "/v1/payments/search?external_reference=sale-1&sort=date_created&criteria=desc")
            .await;
    assert_eq!(found.body["paging"], json!({ "total": 1, "limit": 30, "offset": 0 }));
    assert_eq!(found.body["results"][0]["id"], made.body["id"]);
    let refunds = format!("{path}/refunds");
    let part = call(&simulator, "POST", &refunds, "r-1", &json!({ "amount": 5.00 })).await.unwrap();
    assert_eq!((part.status, &part.body["amount"]), (201, &json!(5)));
    let again = call(&simulator, "POST", &refunds, "r-1", &json!({ "amount": 5.00 })).await.unwrap();
    assert_eq!(again.body, part.body);
    let shown = read(&simulator, &path).await.body;
    assert_eq!(
        (&shown["status"], &shown["status_detail"]),
        (&json!("approved"), &json!("partially_refunded"))
    );
    assert_eq!(
        call(&simulator, "POST", &refunds, "r-2", &json!({ "amount": 15 })).await.unwrap().status,
        400
    );
    assert_eq!(
        call(&simulator, "POST", &refunds, "", &Value::Null).await.unwrap().body["cause"][0]["code"],
        4292
    );
    let rest = call(&simulator, "POST", &refunds, "r-3", &Value::Null).await.unwrap();
    assert_eq!(rest.body["amount"].to_string(), "14.99");
    assert_eq!(read(&simulator, &path).await.body["status"], "refunded");
    assert_eq!(read(&simulator, &refunds).await.body.as_array().unwrap().len(), 2);
    let one = read(&simulator, &format!("{refunds}/{}", rest.body["id"])).await;
    assert_eq!(one.body, rest.body);
    let ledger = ledger(&simulator).await;
    let moved: Vec<(&Value, u64)> =
        ledger.iter().map(|line| (&line["kind"], line["amount"].as_u64().unwrap())).collect();
    assert_eq!(moved, [(&json!("charge"), 1999), (&json!("refund"), 500), (&json!("refund"), 1499)]);
    assert_eq!(
        (&ledger[0]["idempotency_key"], &ledger[0]["device_id"]),
        (&json!("key-1"), &json!("device-1"))
    );
}

#[tokio::test]
async fn what_is_wrong_has_the_code_of_the_field() {
    let simulator = simulator(&["7.20.8"]).await;
    let with = |name: &str, value: Value| {
        let mut body = card("tok-APRO-1", "sale-1");
        body[name] = value;
        body
    };
    let rows = [
        (with("transaction_amount", Value::Null), 4002),
        (with("transaction_amount", json!("20")), 4003),
        (with("transaction_amount", json!(19.999)), 4037),
        (with("transaction_amount", json!(0)), 4037),
        (with("token", Value::Null), 4000),
        (with("token", json!("no token")), 2006),
        (with("installments", Value::Null), 4004),
        (with("payment_method_id", Value::Null), 4001),
        (with("payer", Value::Null), 4006),
        (with("payer", json!({ "email": "nobody" })), 4050),
        (with("notification_url", json!("localhost")), 4020),
        (with("date_of_expiration", json!("2026-12-31")), 1001),
        (json!([]), 1),
    ];
    for (body, code) in rows {
        let answer = pay(&simulator, "key", &body).await.unwrap();
        assert_eq!((answer.status, &answer.body["cause"][0]["code"]), (400, &json!(code)), "{body}");
    }
    let missing = pay(&simulator, "", &card("tok-APRO-1", "sale-1")).await.unwrap();
    assert_eq!((missing.status, &missing.body["cause"][0]["code"]), (400, &json!(4292)));
    let url = &simulator.ready().mercado_pago_url;
    assert_eq!(send(url, "GET", "/v1/payments/1", "", "").await.unwrap().status, 401);
    let chilean =
        call_as(&simulator, "APP_USR-CLP-1", "POST", "/v1/payments", "k", &card("tok-1", "s")).await.unwrap();
    assert_eq!(chilean.body["cause"][0]["code"], 4037, "this currency takes no decimals");
    assert!(ledger(&simulator).await.is_empty());
}

#[tokio::test]
async fn accounts_see_their_own_payments_only() {
    let simulator = simulator(&["7.20.8"]).await;
    let made = pay(&simulator, "key", &card("tok-APRO-1", "sale-1")).await.unwrap();
    let path = format!("/v1/payments/{}", made.body["id"]);
    for (method, path) in [("GET", path.clone()), ("POST", format!("{path}/refunds"))] {
        let other = call_as(&simulator, "APP_USR-2-eva", method, &path, "k", &Value::Null).await.unwrap();
        assert_eq!((other.status, &other.body["error"]), (404, &json!("not_found")));
    }
    let search = "/v1/payments/search?external_reference=sale-1";
    let found = call_as(&simulator, "APP_USR-2-eva", "GET", search, "", &Value::Null).await.unwrap();
    assert_eq!(found.body["results"], json!([]));
    let live =
        call_as(&simulator, "APP_USR-live-1", "POST", "/v1/payments", "key", &card("tok-2", "s")).await;
    assert_eq!(live.unwrap().body["live_mode"], true);
}

#[tokio::test]
async fn a_key_answers_409_for_another_body_and_423_while_the_first_is_running() {
    let simulator = simulator(&["7.20.8"]).await;
    fault(&simulator, json!({ "target": "mercado_pago", "kind": "delay", "delay_ms": 500, "count": 1 }))
        .await;
    let body = card("tok-APRO-1", "sale-1");
    let first = pay(&simulator, "key", &body);
    let second = async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        pay(&simulator, "key", &body).await
    };
    let (first, second) = tokio::join!(first, second);
    assert_eq!((first.unwrap().status, second.unwrap().status), (201, 423));
    assert_eq!(pay(&simulator, "key", &body).await.unwrap().status, 201);
    assert_eq!(pay(&simulator, "key", &card("tok-APRO-2", "sale-1")).await.unwrap().status, 409);
    assert_eq!(ledger(&simulator).await.len(), 1);
}

#[tokio::test]
async fn each_fault_leaves_the_money_as_it_says() {
    let simulator = simulator(&["7.20.8"]).await;
    // Kind, status that the client gets, how often money moved.
    let rows = [
        ("drop_before", None, 0),
        ("drop_after", None, 1),
        ("drop_middle", None, 1),
        ("error", Some(500), 0),
        ("error_after", Some(500), 1),
        ("bad_gateway", Some(502), 0),
        ("bad_gateway_after", Some(502), 1),
    ];
    let mut before = 0;
    for (kind, status, moved) in rows {
        fault(
            &simulator,
            json!({ "target": "mercado_pago", "kind": kind, "match": "POST /v1/payments", "count": 1 }),
        )
        .await;
        let body = card(&format!("tok-{kind}"), kind);
        let answer = pay(&simulator, kind, &body).await;
        assert_eq!(answer.map(|answer| answer.status), status, "{kind}");
        assert_eq!(ledger(&simulator).await.len(), before + moved, "{kind}");
        assert_eq!(pay(&simulator, kind, &body).await.unwrap().body["status"], "approved", "{kind}");
        before += 1;
        assert_eq!(ledger(&simulator).await.len(), before, "{kind}: once, whatever happened");
    }
    let throttle =
        json!({ "target": "mercado_pago", "kind": "error", "status": 429, "retry_after_s": 7, "count": 1 });
    fault(&simulator, throttle).await;
    let throttled = read(&simulator, "/v1/payments/search").await;
    assert!(throttled.status == 429 && throttled.head.contains("retry-after: 7"), "{}", throttled.head);
    let twice =
        json!({ "/cause": [{ "code": 2001, "description": "posted in the last minute" }], "/status": "400" });
    fault(
        &simulator,
        json!({ "target": "mercado_pago", "kind": "error", "status": 400, "set": twice, "count": 1 }),
    )
    .await;
    let told = read(&simulator, "/v1/payments/search").await;
    assert_eq!((told.status, &told.body["cause"][0]["code"]), (400, &json!(2001)));
    fault(&simulator, json!({ "target": "mercado_pago", "kind": "bad_gateway", "count": 1 })).await;
    assert!(read(&simulator, "/v1/payments/search").await.body.as_str().unwrap().starts_with("<html>"));
}

#[tokio::test]
async fn reads_lag_and_answers_lie_while_the_charge_is_fine() {
    let simulator = simulator(&["7.20.8"]).await;
    let made = pay(&simulator, "key", &card("tok-APRO-1", "sale-1")).await.unwrap();
    let path = format!("/v1/payments/{}", made.body["id"]);
    fault(&simulator, json!({ "target": "mercado_pago", "kind": "lag", "match": &path, "count": 2 })).await;
    let seen = [
        read(&simulator, &path).await.status,
        read(&simulator, &path).await.status,
        read(&simulator, &path).await.status,
    ];
    assert_eq!(seen, [404, 404, 200]);
    fault(&simulator, json!({ "target": "mercado_pago", "kind": "lag", "match": "/search", "lag_s": 60 }))
        .await;
    let search = "/v1/payments/search?external_reference=sale-1";
    assert_eq!(read(&simulator, search).await.body["results"], json!([]));
    control(&simulator.ready().control_url, "POST", "/clock", &json!({ "advance_s": 61 })).await;
    assert_eq!(read(&simulator, search).await.body["paging"]["total"], 1);
    let lie =
        json!({ "/transaction_amount": 1, "/currency_id": "USD", "/live_mode": true, "/status": "strange" });
    fault(&simulator, json!({ "target": "mercado_pago", "kind": "alter", "match": "GET /v1/payments/9", "set": lie, "count": 1 })).await;
    let told = read(&simulator, &path).await.body;
    assert_eq!((&told["status"], &told["currency_id"]), (&json!("strange"), &json!("USD")));
    fault(&simulator, json!({ "target": "mercado_pago", "kind": "error", "status": 503, "match": "GET /" }))
        .await;
    assert_eq!(read(&simulator, &path).await.status, 503);
    assert_eq!(pay(&simulator, "key-2", &card("tok-APRO-2", "sale-2")).await.unwrap().status, 201);
}

#[tokio::test]
async fn a_slow_answer_comes_after_its_effect() {
    let simulator = simulator(&["7.20.8"]).await;
    fault(
        &simulator,
        json!({ "target": "mercado_pago", "kind": "delay_after", "delay_ms": 3000, "count": 1 }),
    )
    .await;
    let body = card("tok-APRO-1", "sale-1");
    let hasty = tokio::time::timeout(Duration::from_millis(400), pay(&simulator, "key", &body)).await;
    assert!(hasty.is_err());
    assert_eq!(ledger(&simulator).await.len(), 1);
    assert_eq!(pay(&simulator, "key", &body).await.unwrap().status, 201);
}

#[tokio::test]
async fn pending_ones_are_cancelled_and_holds_captured_or_released() {
    let simulator = simulator(&["7.20.8"]).await;
    let cash = json!({ "transaction_amount": 20, "payment_method_id": "oxxo", "payer": { "email": "ana@example.mx" } });
    let made = pay(&simulator, "a", &cash).await.unwrap().body;
    let path = format!("/v1/payments/{}", made["id"]);
    let cancel = json!({ "status": "cancelled" });
    let closed = call(&simulator, "PUT", &path, "", &cancel).await.unwrap();
    assert_eq!((closed.status, &closed.body["status"]), (200, &json!("cancelled")));
    let again = call(&simulator, "PUT", &path, "", &cancel).await.unwrap();
    assert_eq!((again.status, &again.body["cause"][0]["code"]), (400, &json!(126)));
    let mut hold = card("tok-APRO-1", "sale-1");
    hold["capture"] = json!(false);
    let made = pay(&simulator, "b", &hold).await.unwrap().body;
    assert_eq!((&made["status"], &made["captured"]), (&json!("authorized"), &json!(false)));
    let taken = call(
        &simulator,
        "PUT",
        &format!("/v1/payments/{}", made["id"]),
        "",
        &json!({ "capture": true, "transaction_amount": 10.00 }),
    )
    .await
    .unwrap()
    .body;
    assert_eq!((&taken["status"], &taken["transaction_amount"]), (&json!("approved"), &json!(10)));
    hold["token"] = json!("tok-APRO-2");
    let made = pay(&simulator, "c", &hold).await.unwrap().body;
    call(&simulator, "PUT", &format!("/v1/payments/{}", made["id"]), "", &cancel).await.unwrap();
    let kinds: Vec<Value> = ledger(&simulator).await.iter().map(|line| line["kind"].clone()).collect();
    assert_eq!(kinds, ["hold", "capture", "hold", "release"]);
}

#[tokio::test]
async fn one_gateway_is_away_while_the_other_answers() {
    let simulator = simulator(&["7.20.8"]).await;
    fault(&simulator, json!({ "target": "mercado_pago", "kind": "away" })).await;
    assert!(pay(&simulator, "key", &card("tok-APRO-1", "sale-1")).await.is_none());
    let orders = crate::conekta::call(&simulator, "GET", "/orders", &Value::Null).await.unwrap();
    assert_eq!(orders.status, 200);
    control(&simulator.ready().control_url, "DELETE", "/faults", &Value::Null).await;
    assert_eq!(pay(&simulator, "key", &card("tok-APRO-1", "sale-1")).await.unwrap().status, 201);
}

#[tokio::test]
async fn a_key_whose_sender_has_left_a_hanging_request_is_free_again() {
    let simulator = simulator(&["7.20.8"]).await;
    fault(&simulator, json!({ "target": "mercado_pago", "kind": "hang", "count": 1 })).await;
    let body = card("tok-APRO-1", "sale-1");
    let hasty = tokio::time::timeout(Duration::from_millis(300), pay(&simulator, "key", &body)).await;
    assert!(hasty.is_err());
    for _ in 0..200 {
        let answer = pay(&simulator, "key", &body).await.unwrap();
        if answer.status == 201 {
            assert_eq!(ledger(&simulator).await.len(), 1);
            return;
        }
        assert_eq!(answer.status, 423);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the key was never free again");
}
