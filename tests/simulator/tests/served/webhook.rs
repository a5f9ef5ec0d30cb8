use crate::http_client::{Answer, control};
use crate::receiver::{Message, Receiver};
use crate::{conekta, mercado_pago, simulator};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pagos_simulator::Simulator;
use ring::hmac;
use rsa::RsaPublicKey;
use rsa::pkcs1v15::{Signature, VerifyingKey};
use rsa::pkcs8::DecodePublicKey;
use rsa::sha2::Sha256;
use rsa::signature::Verifier;
use serde_json::{Value, json};
use std::time::Duration;

const SECRET: &str = "a secret";

async fn order(simulator: &Simulator, method: &str, path: &str, body: Value) -> Answer {
    control(&simulator.ready().control_url, method, path, &body).await
}

async fn post(simulator: &Simulator, path: &str, body: Value) -> Value {
    let answer = order(simulator, "POST", path, body).await;
    assert!((200..300).contains(&answer.status), "{}", answer.body);
    answer.body
}

async fn listen(simulator: &Simulator, target: &str, receiver: &Receiver) -> Value {
    let mut body = json!({ "target": target, "url": receiver.url, "retry_ms": 20, "attempts": 3 });
    if target == "mercado_pago" {
        body["secret"] = json!(SECRET);
    }
    post(simulator, "/webhooks", body).await
}

async fn deliveries(simulator: &Simulator) -> Vec<Value> {
    let state = order(simulator, "GET", "/state", Value::Null).await.body;
    state["webhooks"]["deliveries"].as_array().unwrap().clone()
}

fn signed_by(pem: &Value, message: &Message) -> bool {
    let key = RsaPublicKey::from_public_key_pem(pem.as_str().unwrap()).unwrap();
    let bytes = STANDARD.decode(&message.headers["digest"]).unwrap();
    let signature = Signature::try_from(bytes.as_slice()).unwrap();
    VerifyingKey::<Sha256>::new(key).verify(message.text.as_bytes(), &signature).is_ok()
}

fn signed_with(secret: &str, message: &Message) -> bool {
    let (ts, v1) = message.headers["x-signature"].strip_prefix("ts=").unwrap().split_once(",v1=").unwrap();
    let id = message.target.split("data.id=").nth(1).unwrap().split('&').next().unwrap();
    let manifest = format!("id:{id};request-id:{};ts:{ts};", message.headers["x-request-id"]);
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    hmac::verify(&key, manifest.as_bytes(), &hex::decode(v1).unwrap()).is_ok()
}

fn kinds(messages: &[Message], field: &str) -> Vec<String> {
    messages.iter().map(|message| message.body[field].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn conekta_tells_of_a_paid_and_refunded_order_under_its_key() {
    let simulator = simulator(&["7.20.8"]).await;
    let receiver = Receiver::start().await;
    let made = listen(&simulator, "conekta", &receiver).await;
    let id = conekta::open(&simulator, conekta::order("1")).await;
    conekta::pay(&simulator, &id, "tok_one").await;
    let messages = receiver.messages(2).await;
    let mut names = kinds(&messages, "type");
    names.sort();
    assert_eq!(names, ["charge.paid", "order.paid"]);
    for message in &messages {
        assert!(signed_by(&made["public_key"], message));
        assert_eq!(message.body["data"]["previous_attributes"], json!({}));
    }
    let paid = messages.iter().find(|message| message.body["type"] == "order.paid").unwrap();
    assert_eq!((&paid.body["data"]["object"]["id"], &paid.body["object"]), (&json!(id), &json!("event")));
    let part = json!({ "amount": 500, "reason": "other" });
    conekta::call(&simulator, "POST", &format!("/orders/{id}/refunds"), &part).await.unwrap();
    let messages = receiver.messages(3).await;
    assert_eq!(messages[2].body["type"], "order.partially_refunded");
    let events = conekta::call(&simulator, "GET", "/events?limit=2", &Value::Null).await.unwrap().body;
    assert_eq!((&events["data"][0]["id"], &events["has_more"]), (&messages[2].body["id"], &json!(true)));
    assert!(
        deliveries(&simulator).await.iter().all(|row| row["outcome"] == "delivered" && row["status"] == 200)
    );
}

#[tokio::test]
async fn conektas_keys_are_listed_rotated_and_switched_off() {
    let simulator = simulator(&["7.20.8"]).await;
    let receiver = Receiver::start().await;
    let body = json!({ "target": "conekta", "account": conekta::KEY, "url": receiver.url });
    let first = post(&simulator, "/webhooks", body).await["public_key"].clone();
    let id = conekta::open(&simulator, conekta::order("1")).await;
    let ping = json!({ "target": "conekta", "id": id, "event": "webhook_ping" });
    post(&simulator, "/webhooks/send", ping.clone()).await;
    let message = receiver.messages(1).await.remove(0);
    assert!(signed_by(&first, &message));
    assert_eq!(message.body["data"], json!({ "action": "ping", "livemode": false }));
    let listed = conekta::call(&simulator, "GET", "/webhook_keys", &Value::Null).await.unwrap().body;
    assert_eq!((&listed["total"], &listed["data"][0]["public_key"]), (&json!(1), &first));
    let second = post(&simulator, "/webhooks/keys", json!({ "account": conekta::KEY })).await;
    post(&simulator, "/webhooks/send", ping).await;
    let message = receiver.messages(2).await.remove(1);
    assert!(signed_by(&second["public_key"], &message) && !signed_by(&first, &message));
    let third =
        conekta::call(&simulator, "POST", "/webhook_keys", &json!({ "active": true })).await.unwrap().body;
    let one = format!("/webhook_keys/{}", third["id"].as_str().unwrap());
    assert_eq!(conekta::call(&simulator, "GET", &one, &Value::Null).await.unwrap().body, third);
    let off = conekta::call(&simulator, "PUT", &one, &json!({ "active": false })).await.unwrap().body;
    assert_eq!(off["active"], false);
    assert_eq!(conekta::call_as(&simulator, "key_eva", "GET", &one, &Value::Null).await.unwrap().status, 404);
}

#[tokio::test]
async fn mercado_pago_signs_ids_and_time_in_either_unit() {
    let simulator = simulator(&["7.20.8"]).await;
    let receiver = Receiver::start().await;
    listen(&simulator, "mercado_pago", &receiver).await;
    let made = mercado_pago::pay(&simulator, "a", &mercado_pago::card("tok-1", "s-1")).await.unwrap().body;
    let message = receiver.messages(1).await.remove(0);
    assert_eq!(message.target, format!("/hook?data.id={}&type=payment", made["id"]));
    assert!(signed_with(SECRET, &message) && !signed_with("another", &message));
    let body = &message.body;
    assert_eq!(
        (&body["action"], &body["data"]["id"]),
        (&json!("payment.created"), &json!(made["id"].to_string()))
    );
    let panel = json!({ "target": "mercado_pago", "url": receiver.url, "secret": SECRET, "ts_unit": "ms" });
    post(&simulator, "/webhooks", panel).await;
    post(&simulator, &format!("/gateway/mercado_pago/{}/refund", made["id"]), json!({ "amount": 1 })).await;
    let message = receiver.messages(2).await.remove(1);
    assert_eq!(message.body["action"], "payment.updated");
    assert_eq!(message.headers["x-signature"].split(',').next().unwrap().len(), "ts=".len() + 13);
    assert!(signed_with(SECRET, &message));
}

#[tokio::test]
async fn a_live_payment_is_told_to_the_address_it_names_and_a_test_payment_to_the_panel() {
    let simulator = simulator(&["7.20.8"]).await;
    let (panel, own) = (Receiver::start().await, Receiver::start().await);
    listen(&simulator, "mercado_pago", &panel).await;
    let mut body = mercado_pago::card("tok-1", "s-1");
    body["notification_url"] = json!(format!("{}?from=payment", own.url));
    mercado_pago::pay(&simulator, "a", &body).await.unwrap();
    panel.messages(1).await;
    body["token"] = json!("tok-2");
    let headers = "Authorization: Bearer APP_USR-live\r\nX-Idempotency-Key: b\r\n";
    let url = &simulator.ready().mercado_pago_url;
    crate::http_client::send(url, "POST", "/v1/payments", headers, &body.to_string()).await.unwrap();
    let message = own.messages(1).await.remove(0);
    assert!(message.target.starts_with("/hook?from=payment&data.id="), "{}", message.target);
    panel.messages(1).await;
}

#[tokio::test]
async fn what_is_not_taken_is_tried_again_and_given_up() {
    let simulator = simulator(&["7.20.8"]).await;
    let receiver = Receiver::start().await;
    listen(&simulator, "mercado_pago", &receiver).await;
    receiver.answer(500);
    mercado_pago::pay(&simulator, "a", &mercado_pago::card("tok-1", "s-1")).await.unwrap();
    receiver.messages(3).await;
    let row = deliveries(&simulator).await.remove(0);
    assert_eq!(
        (&row["outcome"], &row["attempts"], &row["status"]),
        (&json!("given_up"), &json!(3), &json!(500))
    );
    let nobody = json!({ "target": "mercado_pago", "url": "http://127.0.0.1:9/x", "attempts": 1 });
    post(&simulator, "/webhooks", nobody).await;
    mercado_pago::pay(&simulator, "b", &mercado_pago::card("tok-2", "s-2")).await.unwrap();
    for _ in 0..200 {
        let row = deliveries(&simulator).await.remove(1);
        if row["outcome"] == "given_up" {
            assert_eq!(row["error"], "there is no connection");
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never gave up");
}

#[tokio::test]
async fn webhooks_are_lost_doubled_reordered_and_signed_wrongly_on_demand() {
    let simulator = simulator(&["7.20.8"]).await;
    let receiver = Receiver::start().await;
    listen(&simulator, "mercado_pago", &receiver).await;
    let fault = |kind: &'static str| json!({ "target": "webhook", "kind": kind, "match": "payment.created", "count": 1 });
    let pay = async |name: &str| {
        let body = mercado_pago::card(&format!("tok-{name}"), name);
        mercado_pago::pay(&simulator, name, &body).await.unwrap().body["id"].to_string()
    };
    post(&simulator, "/faults", fault("lose")).await;
    pay("lost").await;
    post(&simulator, "/faults", fault("duplicate")).await;
    pay("doubled").await;
    let doubled = receiver.messages(2).await;
    assert_eq!(doubled[0].body, doubled[1].body);
    post(&simulator, "/faults", fault("reorder")).await;
    let (held, next) = (pay("held").await, pay("next").await);
    let later = receiver.messages(4).await;
    assert_eq!(
        [&later[2], &later[3]].map(|message| message.body["data"]["id"].as_str().unwrap()),
        [&next, &held]
    );
    post(&simulator, "/faults", fault("bad_signature")).await;
    pay("bad").await;
    assert!(!signed_with(SECRET, &receiver.messages(5).await[4]));
    post(&simulator, "/faults", fault("no_signature")).await;
    let id = pay("none").await;
    assert!(!receiver.messages(6).await[5].headers.contains_key("x-signature"));
    let again = json!({ "target": "mercado_pago", "id": id, "event": "payment.created", "event_id": "77",
        "signature": "bad", "duplicate": 2, "delay_ms": 10 });
    assert_eq!(post(&simulator, "/webhooks/send", again).await["messages"], 3);
    let all = receiver.messages(9).await;
    assert!(all[6..].iter().all(|message| message.body["id"] == 77 && !signed_with(SECRET, message)));
    let outcomes: Vec<Value> =
        deliveries(&simulator).await.iter().map(|row| row["outcome"].clone()).collect();
    assert_eq!(outcomes[0], "lost");
}

#[tokio::test]
async fn nothing_is_sent_until_somebody_wants_to_be_told() {
    let simulator = simulator(&["7.20.8"]).await;
    let made = mercado_pago::pay(&simulator, "a", &mercado_pago::card("tok-1", "s-1")).await.unwrap().body;
    assert_eq!(deliveries(&simulator).await.len(), 0);
    let rows = [
        (
            "/webhooks/send",
            json!({ "target": "mercado_pago", "id": made["id"].to_string() }),
            422,
            "POST /webhooks",
        ),
        ("/webhooks/send", json!({ "target": "conekta", "id": "ord_none" }), 404, "GET /state"),
        ("/webhooks", json!({ "target": "conekta" }), 422, "url is needed"),
        ("/webhooks", json!({ "target": "conekta", "url": "https://x.mx" }), 422, "no TLS"),
        (
            "/webhooks",
            json!({ "target": "conekta", "url": "http://x.mx", "secret": "s" }),
            422,
            "leave secret out",
        ),
        ("/gateway/mercado_pago/1/pay", Value::Null, 404, "GET /state"),
        ("/gateway/bank/1/pay", Value::Null, 404, "conekta"),
        ("/gateway/conekta/1/explode", Value::Null, 404, "chargeback"),
    ];
    for (path, body, status, part) in rows {
        let answer = order(&simulator, "POST", path, body.clone()).await;
        assert_eq!(answer.status, status, "{path} {body}");
        let text = answer.body["error"].as_str().unwrap();
        assert!(text.contains(part), "{path} {body}: {text}");
    }
    assert_eq!(order(&simulator, "DELETE", "/webhooks", Value::Null).await.body, json!({ "deleted": 0 }));
}
