//! What happens at the gateways without the merchant asking, and reads that are behind.

use crate::conekta::{call, charge, open, order, pay, read};
use crate::http_client::{Answer, control};
use crate::{mercado_pago, simulator};
use pagos_simulator::Simulator;
use serde_json::{Value, json};

async fn happen(simulator: &Simulator, path: &str, body: Value) -> Answer {
    control(&simulator.ready().control_url, "POST", &format!("/gateway/{path}"), &body).await
}

async fn ledger(simulator: &Simulator, gateway: &str) -> Vec<(String, u64)> {
    let state = control(&simulator.ready().control_url, "GET", "/state", &Value::Null).await.body;
    let line =
        |entry: &Value| (entry["kind"].as_str().unwrap().to_owned(), entry["amount"].as_u64().unwrap());
    state[gateway]["ledger"].as_array().unwrap().iter().map(line).collect()
}

fn lines<const N: usize>(rows: [(&str, u64); N]) -> Vec<(String, u64)> {
    rows.map(|(kind, amount)| (kind.to_owned(), amount)).to_vec()
}

#[tokio::test]
async fn a_conekta_challenge_hides_the_charge_until_it_is_passed_or_failed() {
    let simulator = simulator(&["7.20.8"]).await;
    let mut body = order("1");
    body["three_ds_mode"] = json!("smart");
    body["return_url"] = json!("https://pay.example.mx/r/1");
    for (action, token, status) in
        [("complete_3ds", "tok_3ds_1", "paid"), ("fail_3ds", "tok_3ds_2", "declined")]
    {
        let id = open(&simulator, body.clone()).await;
        let charged = pay(&simulator, &id, token).await;
        assert_eq!((charged.status, &charged.body["status"]), (200, &json!("pending_payment")));
        let waiting = read(&simulator, &id).await;
        assert_eq!(
            (&waiting["payment_status"], &waiting["charges"]),
            (&json!("pending_payment"), &Value::Null)
        );
        let redirect = &waiting["next_action"]["redirect_to_url"];
        assert!(redirect["url"].as_str().unwrap().starts_with("https://3ds-pay.conekta.com/"));
        assert_eq!(redirect["return_url"], body["return_url"]);
        assert_eq!(happen(&simulator, &format!("conekta/{id}/pay"), Value::Null).await.status, 422);
        assert_eq!(
            happen(&simulator, &format!("conekta/{id}/{action}"), Value::Null).await.body["payment_status"],
            status
        );
        let decided = read(&simulator, &id).await;
        assert_eq!(
            (&decided["next_action"], &decided["charges"]["data"][0]["status"]),
            (&Value::Null, &json!(status))
        );
    }
    let id = open(&simulator, body).await;
    pay(&simulator, &id, "tok_3ds_3").await;
    let closed = call(&simulator, "POST", &format!("/orders/{id}/cancel"), &Value::Null).await.unwrap();
    assert_eq!(
        (&closed.body["payment_status"], &closed.body["next_action"]),
        (&json!("canceled"), &Value::Null)
    );
    assert_eq!(ledger(&simulator, "conekta").await, lines([("charge", 2000), ("declined", 2000)]));
}

#[tokio::test]
async fn cash_and_transfers_at_conekta_are_paid_or_run_out() {
    let simulator = simulator(&["7.20.8"]).await;
    let (paid, late) = (open(&simulator, order("1")).await, open(&simulator, order("2")).await);
    let later = |kind: &str| json!({ "payment_method": { "type": kind } });
    let cash =
        call(&simulator, "POST", &format!("/orders/{paid}/charges"), &later("cash")).await.unwrap().body;
    assert_eq!(
        (&cash["status"], &cash["payment_method"]["object"]),
        (&json!("pending_payment"), &json!("cash_payment"))
    );
    let spei =
        call(&simulator, "POST", &format!("/orders/{late}/charges"), &later("spei")).await.unwrap().body;
    assert_eq!(spei["payment_method"]["clabe"].as_str().unwrap().len(), 18);
    assert_eq!(
        happen(&simulator, &format!("conekta/{paid}/pay"), Value::Null).await.body["payment_status"],
        "paid"
    );
    control(&simulator.ready().control_url, "POST", "/clock", &json!({ "advance_s": 31 * 86_400 })).await;
    let closed = read(&simulator, &late).await;
    assert_eq!(
        (&closed["payment_status"], &closed["charges"]["data"][0]["status"]),
        (&json!("expired"), &json!("expired"))
    );
    assert_eq!(ledger(&simulator, "conekta").await, lines([("charge", 2000)]));
}

#[tokio::test]
async fn conekta_reviews_take_money_only_when_they_end_well() {
    let simulator = simulator(&["7.20.8"]).await;
    for (action, token, status) in [("pay", "tok_review_1", "paid"), ("fail", "tok_review_2", "fraudulent")] {
        let id = open(&simulator, order("1")).await;
        assert_eq!(pay(&simulator, &id, token).await.body["status"], "under_fraud_review");
        happen(&simulator, &format!("conekta/{id}/{action}"), Value::Null).await;
        assert_eq!(read(&simulator, &id).await["payment_status"], status);
    }
    let id = open(&simulator, order("2")).await;
    pay(&simulator, &id, "tok_one").await;
    happen(&simulator, &format!("conekta/{id}/review"), Value::Null).await;
    let gone = happen(&simulator, &format!("conekta/{id}/fail"), Value::Null).await.body;
    assert_eq!((&gone["payment_status"], &gone["amount_refunded"]), (&json!("fraudulent"), &json!(2000)));
    assert_eq!(
        ledger(&simulator, "conekta").await,
        lines([("charge", 2000), ("charge", 2000), ("refund", 2000)])
    );
}

#[tokio::test]
async fn a_chargeback_takes_money_back_and_may_be_won() {
    let simulator = simulator(&["7.20.8"]).await;
    let id = open(&simulator, order("1")).await;
    pay(&simulator, &id, "tok_one").await;
    let gone = happen(&simulator, &format!("conekta/{id}/chargeback"), Value::Null).await.body;
    let charge = &gone["charges"]["data"][0];
    assert_eq!(
        (&gone["payment_status"], &charge["chargeback"]["status"]),
        (&json!("charged_back"), &json!("action_required"))
    );
    let back = happen(&simulator, &format!("conekta/{id}/win_chargeback"), Value::Null).await.body;
    assert_eq!(
        (&back["payment_status"], &back["charges"]["data"][0]["chargeback"]["status"]),
        (&json!("paid"), &json!("won"))
    );
    let events = call(&simulator, "GET", "/events", &Value::Null).await.unwrap().body;
    let names: Vec<&Value> = events["data"].as_array().unwrap().iter().map(|event| &event["type"]).collect();
    assert!(
        names.contains(&&json!("order.charged_back")) && names.contains(&&json!("charge.chargeback.won"))
    );
    let moved = [("charge", 2000), ("chargeback", 2000), ("chargeback_won", 2000)];
    assert_eq!(ledger(&simulator, "conekta").await, lines(moved));
}

#[tokio::test]
async fn conekta_shows_a_charge_only_on_the_third_read_and_lists_are_behind() {
    let simulator = simulator(&["7.20.8"]).await;
    let url = &simulator.ready().control_url;
    let id = open(&simulator, order("sale-1")).await;
    pay(&simulator, &id, "tok_one").await;
    let lag = json!({ "target": "conekta", "kind": "lag", "match": format!("GET /orders/{id}"), "count": 2 });
    control(url, "POST", "/faults", &lag).await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(read(&simulator, &id).await["payment_status"].clone());
    }
    assert_eq!(seen, [Value::Null, Value::Null, json!("paid")]);
    control(
        url,
        "POST",
        "/faults",
        &json!({ "target": "conekta", "kind": "lag", "match": "GET /orders", "lag_s": 60 }),
    )
    .await;
    let found = async || {
        call(&simulator, "GET", "/orders?search=sale-1", &Value::Null).await.unwrap().body["total"].clone()
    };
    assert_eq!(found().await, 0);
    control(url, "POST", "/clock", &json!({ "advance_s": 61 })).await;
    assert_eq!(found().await, 1);
    let lie = json!({ "/amount": 1, "/currency": "USD", "/livemode": true, "/payment_status": "strange" });
    control(
        url,
        "POST",
        "/faults",
        &json!({ "target": "conekta", "kind": "alter", "match": &id, "set": lie }),
    )
    .await;
    assert_eq!(read(&simulator, &id).await["payment_status"], "strange");
}

#[tokio::test]
async fn pages_of_a_filtered_list_keep_the_filter() {
    let simulator = simulator(&["7.20.8"]).await;
    for number in 0..3 {
        let id = open(&simulator, order(&number.to_string())).await;
        if number != 1 {
            call(&simulator, "POST", &format!("/orders/{id}/charges"), &charge(&format!("tok_{number}")))
                .await
                .unwrap();
        }
    }
    let first =
        call(&simulator, "GET", "/orders?payment_status=paid&limit=1", &Value::Null).await.unwrap().body;
    let next = first["next_page_url"].as_str().unwrap().strip_prefix(&simulator.ready().conekta_url).unwrap();
    let second = call(&simulator, "GET", next, &Value::Null).await.unwrap().body;
    assert_eq!(
        (&second["data"][0]["metadata"]["sale_id"], &second["has_more"]),
        (&json!("0"), &json!(false))
    );
}

#[tokio::test]
async fn mercado_pago_pays_late_cash_and_gives_money_back_by_itself() {
    let simulator = simulator(&["7.20.8"]).await;
    let cash = json!({ "transaction_amount": 20, "payment_method_id": "oxxo", "payer": { "email": "ana@example.mx" } });
    let id = mercado_pago::pay(&simulator, "a", &cash).await.unwrap().body["id"].to_string();
    assert_eq!(
        happen(&simulator, &format!("mercado_pago/{id}/pay"), Value::Null).await.body["status"],
        "approved"
    );
    let part = happen(&simulator, &format!("mercado_pago/{id}/refund"), json!({ "amount": 500 })).await.body;
    assert_eq!(part["status_detail"], "partially_refunded");
    assert_eq!(
        happen(&simulator, &format!("mercado_pago/{id}/refund"), json!({ "amount": 1501 })).await.status,
        422
    );
    happen(&simulator, &format!("mercado_pago/{id}/refund"), Value::Null).await;
    let shown = mercado_pago::read(&simulator, &format!("/v1/payments/{id}")).await.body;
    assert_eq!((&shown["status"], &shown["transaction_amount_refunded"]), (&json!("refunded"), &json!(20)));
    let moved = [("charge", 2000), ("refund", 500), ("refund", 1500)];
    assert_eq!(ledger(&simulator, "mercado_pago").await, lines(moved));
}
