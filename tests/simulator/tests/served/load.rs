use crate::api_client::ApiClient;
use crate::simulator;
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const WORKERS: u64 = 32;
const PURCHASES_PER_WORKER: u64 = 300;

/// How many purchases a second the simulator itself can take, clients on the same cores: add and find a user, open,
/// charge and read an order, enable and log in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement; run with --release -- --ignored --nocapture"]
async fn purchases_per_second() {
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
            for n in 0..PURCHASES_PER_WORKER {
                purchase(&mut api, &mut http, &format!("u-{worker}-{n}")).await;
            }
        });
    }
    workers.join_all().await;
    let seconds = started.elapsed().as_secs_f64();
    println!("{} purchases in {seconds:.2} s", WORKERS * PURCHASES_PER_WORKER);
    let looked = Instant::now();
    let state =
        crate::http_client::send(&simulator.ready().control_url, "GET", "/state", "", "").await.unwrap();
    let orders = state.body["conekta"]["orders"].as_array().unwrap().len();
    println!("GET /state with {orders} orders took {:?}", looked.elapsed());
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
