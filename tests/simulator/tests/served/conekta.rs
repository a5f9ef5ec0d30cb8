use crate::http_client::{Answer, control, send};
use crate::simulator;
use pagos_simulator::Simulator;
use serde_json::{Value, json};

pub(crate) const KEY: &str = "key_ana";

pub(crate) async fn call(simulator: &Simulator, method: &str, path: &str, body: &Value) -> Option<Answer> {
    call_as(simulator, KEY, method, path, body).await
}

pub(crate) async fn call_as(
    simulator: &Simulator,
    key: &str,
    method: &str,
    path: &str,
    body: &Value,
) -> Option<Answer> {
    let headers = format!(
        "Authorization: Bearer {key}\r\nAccept: application/vnd.conekta-v2.3.0+json\r\nAccept-Language: en\r\n"
    );
    let body = if body.is_null() { String::new() } else { body.to_string() };
    send(&simulator.ready().conekta_url, method, path, &headers, &body).await
}

pub(crate) fn order(sale_id: &str) -> Value {
    json!({
        "currency": "MXN",
        "customer_info": { "name": "Ana Diaz", "email": "ana@example.mx", "phone": "+525512345678" },
        "line_items": [{ "name": "WiFi 1 hora", "unit_price": 2000, "quantity": 1 }],
        "metadata": { "sale_id": sale_id },
    })
}

pub(crate) fn charge(token: &str) -> Value {
    json!({ "payment_method": { "type": "card", "token_id": token }, "reference_id": "attempt-1" })
}

pub(crate) async fn open(simulator: &Simulator, order: Value) -> String {
    let answer = call(simulator, "POST", "/orders", &order).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["id"].as_str().unwrap().to_owned()
}

pub(crate) async fn pay(simulator: &Simulator, id: &str, token: &str) -> Answer {
    call(simulator, "POST", &format!("/orders/{id}/charges"), &charge(token)).await.unwrap()
}

pub(crate) async fn read(simulator: &Simulator, id: &str) -> Value {
    call(simulator, "GET", &format!("/orders/{id}"), &Value::Null).await.unwrap().body
}

async fn ledger(simulator: &Simulator) -> Vec<(String, u64)> {
    let state = control(&simulator.ready().control_url, "GET", "/state", &Value::Null).await.body;
    let line =
        |entry: &Value| (entry["kind"].as_str().unwrap().to_owned(), entry["amount"].as_u64().unwrap());
    state["conekta"]["ledger"].as_array().unwrap().iter().map(line).collect()
}

#[tokio::test]
async fn an_order_is_opened_then_charged_then_read() {
    let simulator = simulator(&["7.20.8"]).await;
    let id = open(&simulator, order("sale-1")).await;
    let unpaid = read(&simulator, &id).await;
    assert_eq!((&unpaid["payment_status"], &unpaid["charges"]), (&Value::Null, &Value::Null));
    let paid = pay(&simulator, &id, "tok_one").await;
    assert_eq!(
        (paid.status, &paid.body["status"], &paid.body["order_id"]),
        (200, &json!("paid"), &json!(id))
    );
    assert!(paid.head.contains("content-type: application/vnd.conekta-v2.3.0+json"));
    let order = read(&simulator, &id).await;
    assert_eq!(order["payment_status"], "paid");
    assert_eq!(order["metadata"], json!({ "sale_id": "sale-1" }));
    assert_eq!(order["charges"]["data"][0]["reference_id"], "attempt-1");
    assert_eq!(order["charges"]["data"][0]["device_fingerprint"], Value::Null);
    assert_eq!(order["livemode"], false);
    assert_eq!(ledger(&simulator).await, [("charge".to_owned(), 2000)]);
}

#[tokio::test]
async fn a_second_charge_is_a_conflict_of_state_and_a_used_token_a_decline() {
    let simulator = simulator(&["7.20.8"]).await;
    let first = open(&simulator, order("1")).await;
    pay(&simulator, &first, "tok_one").await;
    let again = pay(&simulator, &first, "tok_two").await;
    assert_eq!((again.status, &again.body["type"]), (428, &json!("precondition_required_error")));
    let code = "conekta.errors.precondition_required.combo.order.cannot_be_updated_because_has_charge";
    assert_eq!(again.body["details"][0]["code"], code);
    let second = open(&simulator, order("2")).await;
    let used = pay(&simulator, &second, "tok_one").await;
    assert_eq!(used.status, 402);
    assert_eq!(used.body["details"][0]["code"], "conekta.errors.processing.tokenization.used");
    assert_eq!(read(&simulator, &second).await["charges"], Value::Null);
    assert_eq!(pay(&simulator, &second, "tok_two").await.status, 200, "the refused charge did not use it up");
}

#[tokio::test]
async fn a_declined_order_can_be_paid_with_another_token() {
    let simulator = simulator(&["7.20.8"]).await;
    let id = open(&simulator, order("1")).await;
    for (token, code) in [
        ("tok_test_card_declined", "conekta.errors.processing.bank.declined"),
        ("tok_test_insufficient_funds", "conekta.errors.processing.bank.insufficient_funds"),
        ("tok_test_stolen_card", "conekta.errors.processing.bank.stolen_card"),
    ] {
        let declined = pay(&simulator, &id, token).await;
        assert_eq!((declined.status, &declined.body["type"]), (402, &json!("processing_error")));
        assert_eq!(declined.body["details"][0]["code"], code);
        assert_eq!(declined.body["data"]["id"], id);
        assert_eq!(declined.body["data"]["payment_status"], "declined");
    }
    assert_eq!(pay(&simulator, &id, "tok_test_visa_4242").await.status, 200);
    let order = read(&simulator, &id).await;
    assert_eq!((&order["payment_status"], &order["charges"]["total"]), (&json!("paid"), &json!(4)));
}

#[tokio::test]
async fn the_one_call_form_pays_or_leaves_a_declined_order_behind() {
    let simulator = simulator(&["7.20.8"]).await;
    let with = |token: &str| {
        let mut order = order("1");
        order["charges"] = json!([charge(token)]);
        order
    };
    let paid = call(&simulator, "POST", "/orders", &with("tok_one")).await.unwrap();
    assert_eq!((paid.status, &paid.body["payment_status"]), (200, &json!("paid")));
    let declined = call(&simulator, "POST", "/orders", &with("tok_test_card_declined")).await.unwrap();
    assert_eq!(declined.status, 402);
    let id = declined.body["data"]["id"].as_str().unwrap();
    assert_eq!(read(&simulator, id).await["payment_status"], "declined");
    let unknown = call(&simulator, "POST", "/orders", &with("4242")).await.unwrap();
    assert_eq!(
        (unknown.status, &unknown.body["details"][0]["code"]),
        (422, &json!("conekta.errors.parameter_validation.payment_method.token_id.nonexistent_token"))
    );
}

#[tokio::test]
async fn money_goes_back_in_parts_below_zero_and_never_more_than_was_paid() {
    let simulator = simulator(&["7.20.8"]).await;
    let id = open(&simulator, order("1")).await;
    let path = format!("/orders/{id}/refunds");
    let part = |amount: u64| json!({ "amount": amount, "reason": "requested_by_client" });
    assert_eq!(call(&simulator, "POST", &path, &part(1)).await.unwrap().status, 428);
    pay(&simulator, &id, "tok_one").await;
    let first = call(&simulator, "POST", &path, &part(500)).await.unwrap();
    assert_eq!(
        (&first.body["payment_status"], &first.body["amount_refunded"]),
        (&json!("partially_refunded"), &json!(500))
    );
    assert_eq!(first.body["charges"]["data"][0]["refunds"]["data"][0]["amount"], -500);
    assert_eq!(call(&simulator, "POST", &path, &part(1501)).await.unwrap().status, 422);
    let rest = call(&simulator, "POST", &path, &part(1500)).await.unwrap();
    assert_eq!(
        (&rest.body["payment_status"], &rest.body["is_refundable"]),
        (&json!("refunded"), &json!(false))
    );
    assert_eq!(call(&simulator, "POST", &path, &part(1)).await.unwrap().status, 428);
    let moved =
        [("charge", 2000), ("refund", 500), ("refund", 1500)].map(|(kind, amount)| (kind.to_owned(), amount));
    assert_eq!(ledger(&simulator).await, moved);
}

#[tokio::test]
async fn an_unpaid_order_is_canceled_and_then_closed() {
    let simulator = simulator(&["7.20.8"]).await;
    let id = open(&simulator, order("1")).await;
    let path = format!("/orders/{id}/cancel");
    assert_eq!(
        call(&simulator, "POST", &path, &Value::Null).await.unwrap().body["payment_status"],
        "canceled"
    );
    assert_eq!(call(&simulator, "POST", &path, &Value::Null).await.unwrap().status, 428);
    assert_eq!(pay(&simulator, &id, "tok_one").await.status, 428);
}

#[tokio::test]
async fn a_hold_is_captured_or_given_up() {
    let simulator = simulator(&["7.20.8"]).await;
    let mut held = order("1");
    held["pre_authorize"] = json!(true);
    let (taken, left) = (open(&simulator, held.clone()).await, open(&simulator, held).await);
    assert_eq!(pay(&simulator, &taken, "tok_one").await.body["status"], "pre_authorized");
    pay(&simulator, &left, "tok_two").await;
    let capture = format!("/orders/{taken}/capture");
    assert_eq!(
        call(&simulator, "POST", &capture, &json!({ "amount": 2000 })).await.unwrap().body["payment_status"],
        "paid"
    );
    assert_eq!(call(&simulator, "POST", &capture, &Value::Null).await.unwrap().status, 428);
    let cancel = format!("/orders/{left}/cancel");
    assert_eq!(
        call(&simulator, "POST", &cancel, &Value::Null).await.unwrap().body["payment_status"],
        "voided"
    );
    let kinds: Vec<String> = ledger(&simulator).await.into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["hold", "hold", "capture", "release"]);
}

#[tokio::test]
async fn keys_see_their_own_orders_only() {
    let simulator = simulator(&["7.20.8"]).await;
    let id = open(&simulator, order("1")).await;
    for (method, path, body) in [
        ("GET", format!("/orders/{id}"), Value::Null),
        ("POST", format!("/orders/{id}/charges"), charge("tok_one")),
        ("POST", format!("/orders/{id}/cancel"), Value::Null),
    ] {
        let answer = call_as(&simulator, "key_eva", method, &path, &body).await.unwrap();
        assert_eq!((answer.status, &answer.body["type"]), (404, &json!("resource_not_found_error")));
    }
    let list = call_as(&simulator, "key_eva", "GET", "/orders", &Value::Null).await.unwrap();
    assert_eq!(list.body["data"], json!([]));
    let live = call_as(&simulator, "key_live_1", "POST", "/orders", &order("2")).await.unwrap();
    assert_eq!(live.body["livemode"], true);
}

#[tokio::test]
async fn keys_versions_and_languages_are_read_from_the_headers() {
    let simulator = simulator(&["7.20.8"]).await;
    let url = &simulator.ready().conekta_url;
    // The key `key_ana` as Basic user with an empty password.
    let rows = [
        ("", 401),
        ("Authorization: Bearer \r\n", 401),
        ("Authorization: Bearer sk_ana\r\n", 401),
        ("Authorization: Basic a2V5X2FuYTo=\r\n", 200),
        ("Authorization: bearer key_ana\r\n", 200),
        ("Authorization: Bearer key_ana\r\nAccept: application/vnd.conekta-v2.1.0+json\r\n", 200),
        ("Authorization: Bearer key_ana\r\nAccept: application/vnd.conekta-v9.0.0+json\r\n", 409),
        ("Authorization: Bearer key_ana\r\nAccept: */*\r\n", 200),
    ];
    for (headers, status) in rows {
        let answer = send(url, "GET", "/orders", headers, "").await.unwrap();
        assert_eq!(answer.status, status, "{headers}");
    }
    let message = |answer: Answer| answer.body["details"][0]["message"].as_str().unwrap().to_owned();
    let spanish = send(url, "GET", "/orders", "", "").await.unwrap();
    assert_eq!(spanish.body["details"][0]["code"], "conekta.errors.authentication.missing_key");
    assert_eq!(message(spanish), "Acceso no autorizado.");
    let english = send(url, "GET", "/orders", "Accept-Language: en\r\n", "").await.unwrap();
    assert_eq!(message(english), "Access is not authorized.");
    let malformed = send(url, "POST", "/orders", "Authorization: Bearer key_ana\r\n", "{").await.unwrap();
    assert_eq!((malformed.status, &malformed.body["type"]), (400, &json!("malformed_request_error")));
}

#[tokio::test]
async fn lists_filter_search_and_page() {
    let simulator = simulator(&["7.20.8"]).await;
    let paid = open(&simulator, order("sale-paid")).await;
    pay(&simulator, &paid, "tok_one").await;
    control(&simulator.ready().control_url, "POST", "/clock", &json!({ "advance_s": 3600 })).await;
    let newer = open(&simulator, order("sale-newer")).await;
    let ids = async |query: &str| -> Vec<String> {
        let list = call(&simulator, "GET", &format!("/orders{query}"), &Value::Null).await.unwrap().body;
        list["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids("").await, [newer.clone(), paid.clone()]);
    assert_eq!(ids("?payment_status=paid").await, std::slice::from_ref(&paid));
    assert_eq!(ids("?search=SALE-PAID").await, std::slice::from_ref(&paid));
    assert_eq!(ids("?search=attempt-1").await, std::slice::from_ref(&paid));
    let made = read(&simulator, &newer).await["created_at"].as_u64().unwrap();
    assert_eq!(ids(&format!("?created_at.gte={made}")).await, std::slice::from_ref(&newer));
    assert_eq!(ids(&format!("?created_at.lte={}", made - 1)).await, std::slice::from_ref(&paid));
    assert_eq!(ids("?limit=1").await, std::slice::from_ref(&newer));
    assert_eq!(ids(&format!("?limit=1&next={newer}")).await, [paid]);
    let page = call(&simulator, "GET", "/orders?limit=1", &Value::Null).await.unwrap().body;
    assert_eq!((&page["has_more"], &page["total"]), (&json!(true), &json!(2)));
    assert_eq!(call(&simulator, "GET", "/orders?limit=251", &Value::Null).await.unwrap().status, 422);
    let charges = call(&simulator, "GET", "/charges", &Value::Null).await.unwrap().body;
    assert_eq!(charges["data"][0]["status"], "paid");
}

#[tokio::test]
async fn each_fault_leaves_the_money_as_it_says() {
    let simulator = simulator(&["7.20.8"]).await;
    let control_url = &simulator.ready().control_url;
    // Kind, status that the client gets, what the order says afterwards.
    let rows = [
        ("drop_before", None, Value::Null),
        ("drop_after", None, json!("paid")),
        ("error", Some(503), Value::Null),
        ("error_after", Some(503), json!("paid")),
        ("drop_middle", None, json!("paid")),
        ("bad_gateway", Some(502), Value::Null),
        ("bad_gateway_after", Some(504), json!("paid")),
    ];
    for (kind, status, payment_status) in rows {
        let id = open(&simulator, order(kind)).await;
        let mut fault = json!({ "target": "conekta", "kind": kind, "match": "/charges", "count": 1 });
        if let Some(status) = status {
            fault["status"] = json!(status);
        }
        assert_eq!(control(control_url, "POST", "/faults", &fault).await.status, 201);
        let path = format!("/orders/{id}/charges");
        let answer = call(&simulator, "POST", &path, &charge(&format!("tok_{kind}"))).await;
        assert_eq!(answer.map(|answer| answer.status), status, "{kind}");
        assert_eq!(read(&simulator, &id).await["payment_status"], payment_status, "{kind}");
    }
}

#[tokio::test]
async fn a_delayed_charge_takes_place_even_if_the_client_has_left() {
    let simulator = simulator(&["7.20.8"]).await;
    let id = open(&simulator, order("1")).await;
    let fault = json!({ "target": "conekta", "kind": "delay", "delay_ms": 600, "match": "/charges" });
    control(&simulator.ready().control_url, "POST", "/faults", &fault).await;
    let (path, body) = (format!("/orders/{id}/charges"), charge("tok_one"));
    let hasty =
        tokio::time::timeout(std::time::Duration::from_millis(300), call(&simulator, "POST", &path, &body));
    assert!(hasty.await.is_err());
    assert_eq!(read(&simulator, &id).await["payment_status"], Value::Null);
    for _ in 0..400 {
        if read(&simulator, &id).await["payment_status"] == "paid" {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("the charge never came");
}

#[tokio::test]
async fn a_gateway_that_is_away_answers_nobody_until_it_is_back() {
    let simulator = simulator(&["7.20.8"]).await;
    let control_url = &simulator.ready().control_url;
    control(control_url, "POST", "/faults", &json!({ "target": "conekta", "kind": "away" })).await;
    assert!(call(&simulator, "GET", "/orders", &Value::Null).await.is_none());
    control(control_url, "DELETE", "/faults", &Value::Null).await;
    assert_eq!(call(&simulator, "GET", "/orders", &Value::Null).await.unwrap().status, 200);
}
