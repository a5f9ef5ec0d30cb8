use crate::api_client::ApiClient;
use crate::http_client::control;
use crate::simulator;
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const WORKERS: u64 = 32;
/// Says how many purchases each worker makes, for a measurement; a few without it.
const PURCHASES: &str = "PAGOS_SIMULATOR_PURCHASES";

/// Add and find a user, open, charge and read an order, confirm the user: all clients at once, none in another's way.
/// Prints how long it took, clients on the same cores.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_purchases_at_once_are_all_made_once() {
    let each: u64 = std::env::var(PURCHASES).map_or(5, |count| count.parse().unwrap());
    let simulator = simulator(&["7.20.8"]).await;
    let router = simulator.ready().routers[0].clone();
    simulator.control().routers[0].preload(5000, b"default").unwrap();
    let started = Instant::now();
    let mut workers = tokio::task::JoinSet::new();
    for worker in 0..WORKERS {
        let (router, url) = (router.clone(), simulator.ready().conekta_url.clone());
        workers.spawn(async move {
            let mut api = ApiClient::logged_in(&router).await;
            let mut http = TcpStream::connect(url.strip_prefix("http://").unwrap()).await.unwrap();
            http.set_nodelay(true).unwrap();
            for n in 0..each {
                purchase(&mut api, &mut http, &format!("u-{worker}-{n}")).await;
            }
        });
    }
    workers.join_all().await;
    println!("{} purchases in {:?}", WORKERS * each, started.elapsed());
    let looked = Instant::now();
    let state = control(&simulator.ready().control_url, "GET", "/state", &Value::Null).await.body;
    println!("GET /state took {:?}", looked.elapsed());
    let ledger = state["conekta"]["ledger"].as_array().unwrap();
    let charged: BTreeSet<&str> = ledger.iter().map(|entry| entry["order_id"].as_str().unwrap()).collect();
    assert_eq!((ledger.len() as u64, charged.len() as u64), (WORKERS * each, WORKERS * each));
    assert!(
        state["conekta"]["orders"].as_array().unwrap().iter().all(|order| order["payment_status"] == "paid")
    );
    let users = state["routers"][0]["users"].as_array().unwrap();
    assert_eq!(users.len() as u64, 5001 + WORKERS * each);
}

async fn purchase(api: &mut ApiClient, http: &mut TcpStream, name: &str) {
    let added = api.run(&["/ip/hotspot/user/add", &format!("=name={name}"), "=profile=1h"]).await;
    let id = added[0][1].strip_prefix("=ret=").unwrap().to_owned();
    assert_eq!(api.run(&["/ip/hotspot/user/print", &format!("?name={name}")]).await.len(), 2);
    let order = r#"{"currency":"MXN","customer_info":{"name":"Ana Diaz","email":"ana@example.mx","phone":"+525512345678"},"line_items":[{"name":"WiFi 1 hora","unit_price":2000,"quantity":1}],"metadata":{"sale_id":"x"}}"#;
    let opened = request(http, "POST", "/orders", order).await;
    let at = opened.find("\"ord_").unwrap() + 1;
    let order_id = &opened[at..at + 21];
    let charge = format!(r#"{{"payment_method":{{"type":"card","token_id":"tok_{name}"}}}}"#);
    request(http, "POST", &format!("/orders/{order_id}/charges"), &charge).await;
    request(http, "GET", &format!("/orders/{order_id}"), "").await;
    api.run(&["/ip/hotspot/user/set", &format!("=.id={id}"), "=comment="]).await;
}

async fn request(http: &mut TcpStream, method: &str, path: &str, body: &str) -> String {
    let length = body.len();
    let text = format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer key_load\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    http.write_all(text.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    loop {
        let mut part = [0; 8192];
        let count = http.read(&mut part).await.unwrap();
        bytes.extend_from_slice(&part[..count]);
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        if body.len() >= length.parse::<usize>().unwrap() {
            assert!(head.starts_with("HTTP/1.1 200"), "{text}");
            return body.to_owned();
        }
    }
}
