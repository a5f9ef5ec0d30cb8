use crate::api_client::ApiClient;
use crate::http_client::{control, send};
use crate::simulator;
use serde_json::{Value, json};

#[tokio::test]
async fn the_state_shows_routers_gateway_and_what_was_commanded() {
    let simulator = simulator(&["7.20.8", "6.49.18"]).await;
    let url = &simulator.ready().control_url;
    let mut client = ApiClient::logged_in(&simulator.ready().routers[1]).await;
    client.run(&["/ip/hotspot/user/add", "=name=maria", "=comment=pagos:1"]).await;
    client.run(&["/ip/hotspot/user/print"]).await;
    let state = control(url, "GET", "/state", &Value::Null).await.body;
    let names: Vec<&Value> =
        state["routers"].as_array().unwrap().iter().map(|router| &router["name"]).collect();
    assert_eq!(names, ["7.20.8", "6.49.18"]);
    let router = &state["routers"][1];
    assert_eq!(router["version"], "6.49.18");
    assert_eq!(
        (&router["users"][1]["name"], &router["users"][1]["comment"]),
        (&json!("maria"), &json!("pagos:1"))
    );
    for empty in ["active", "cookies", "hosts"] {
        assert_eq!(router[empty], json!([]));
    }
    assert_eq!(router["profiles"].as_array().unwrap().len(), 4);
    assert_eq!(
        router["commands"],
        json!({ "/ip/hotspot/user/add": 1, "/ip/hotspot/user/print": 1, "/login": 1 })
    );
    assert_eq!(state["conekta"], json!({ "orders": [], "ledger": [] }));
    assert_eq!(state["mercado_pago"], json!({ "payments": [], "ledger": [] }));
    let part =
        control(url, "GET", "/state?routers=6.49.18&users=false&orders=false", &Value::Null).await.body;
    assert_eq!(part["routers"].as_array().unwrap().len(), 1);
    assert_eq!(part["routers"][0].get("users"), None);
    assert_eq!(part["conekta"], json!({ "ledger": [] }));
    assert_eq!(control(url, "GET", "/state?color=red", &Value::Null).await.status, 400);
}

#[tokio::test]
async fn a_device_logs_in_and_the_clock_ends_what_it_paid_for() {
    let simulator = simulator(&["7.20.8"]).await;
    let url = &simulator.ready().control_url;
    let mut client = ApiClient::logged_in(&simulator.ready().routers[0]).await;
    client.run(&["/ip/hotspot/user/add", "=name=maria", "=limit-uptime=1h"]).await;
    let seen =
        control(url, "POST", "/hosts", &json!({ "mac": "02-00-00-00-00-aa", "ip": "10.5.50.9" })).await;
    assert_eq!((seen.status, &seen.body["mac"]), (200, &json!("02:00:00:00:00:AA")));
    let login = ["/ip/hotspot/active/login", "=user=maria", "=password=", "=ip=10.5.50.9"];
    assert_eq!(client.run(&login).await, [["!done"]]);
    control(url, "POST", "/clock", &json!({ "advance_s": 1800 })).await;
    let state = control(url, "GET", "/state", &Value::Null).await.body;
    assert_eq!(state["routers"][0]["active"][0]["session-time-left"], "30m");
    assert_eq!(state["routers"][0]["users"][1]["uptime"], "30m");
    let clock = control(url, "POST", "/clock", &json!({ "advance_s": 1800 })).await;
    assert_eq!(clock.body["offset_s"], 3600);
    let state = control(url, "GET", "/state", &Value::Null).await.body;
    assert_eq!(state["routers"][0]["active"], json!([]));
    assert_eq!(client.run(&login).await[0][1], "=message=user maria has reached uptime limit");
}

#[tokio::test]
async fn users_are_preloaded_and_counted() {
    let simulator = simulator(&["7.20.8"]).await;
    let url = &simulator.ready().control_url;
    let body = json!({ "count": 5000, "profile": "1h" });
    assert_eq!(control(url, "POST", "/users", &body).await.body["users"], 5001);
    let more = control(url, "POST", "/users", &json!({ "router": "7.20.8", "count": 1 })).await;
    assert_eq!(more.body, json!({ "router": "7.20.8", "added": 1, "users": 5002 }));
    let mut client = ApiClient::logged_in(&simulator.ready().routers[0]).await;
    let found = client.run(&["/ip/hotspot/user/print", "?name=preload-5001", "=.proplist=profile"]).await;
    assert_eq!(found[0], ["!re", "=profile=default"]);
}

#[tokio::test]
async fn what_the_control_api_cannot_do_it_says() {
    let simulator = simulator(&["7.20.8"]).await;
    let url = &simulator.ready().control_url;
    let rows = [
        ("POST", "/faults", json!({ "target": "telegram", "kind": "hang" }), 400, "not there yet"),
        ("POST", "/faults", json!({ "target": "router", "kind": "explode" }), 422, "error_after"),
        ("POST", "/faults", json!({ "target": "router", "kind": "hang", "wen": 1 }), 422, "wen"),
        ("POST", "/faults", json!({ "target": "router", "kind": "hang", "router": "x" }), 422, "7.20.8"),
        ("DELETE", "/faults/7", Value::Null, 404, "GET /faults"),
        ("POST", "/hosts", json!({ "mac": "x", "ip": "10.0.0.1" }), 422, "AA:BB:CC"),
        ("POST", "/hosts", json!({ "mac": "02:00:00:00:00:01", "ip": "x" }), 422, "IPv4"),
        (
            "POST",
            "/hosts",
            json!({ "mac": "02:00:00:00:00:01", "ip": "10.0.0.1", "router": "x" }),
            422,
            "7.20.8",
        ),
        ("POST", "/users", json!({ "count": 1, "profile": "x" }), 422, "does not match"),
        ("POST", "/users", json!({ "count": 100_001 }), 422, "at most"),
        ("POST", "/clock", json!({ "advance_s": -1 }), 422, "advance"),
        ("GET", "/nothing", Value::Null, 404, "/state"),
    ];
    for (method, path, body, status, part) in rows {
        let answer = control(url, method, path, &body).await;
        assert_eq!(answer.status, status, "{method} {path} {body}");
        let text = answer.body["error"].as_str().unwrap();
        assert!(text.contains(part) || part == "advance", "{method} {path} {body}: {text}");
    }
    assert_eq!(send(url, "POST", "/faults", "", "{").await.unwrap().status, 400);
}

#[tokio::test]
async fn one_fault_is_deleted_by_its_number() {
    let simulator = simulator(&["7.20.8"]).await;
    let url = &simulator.ready().control_url;
    let first =
        control(url, "POST", "/faults", &json!({ "target": "conekta", "kind": "error", "status": 429 }))
            .await;
    assert_eq!(
        first.body,
        json!({ "id": 1, "target": "conekta", "kind": "error", "status": 429, "hits": 0, "active": true })
    );
    control(url, "POST", "/faults", &json!({ "target": "router", "kind": "hang" })).await;
    assert_eq!(control(url, "DELETE", "/faults/1", &Value::Null).await.body, json!({ "deleted": 1 }));
    let left = control(url, "GET", "/faults", &Value::Null).await.body;
    assert_eq!(
        left["faults"].as_array().unwrap().iter().map(|f| f["id"].as_u64()).collect::<Vec<_>>(),
        [Some(2)]
    );
}

#[tokio::test]
async fn devices_send_bytes_and_power_is_lost() {
    let simulator = simulator(&["7.20.8"]).await;
    let url = &simulator.ready().control_url;
    let mut client = ApiClient::logged_in(&simulator.ready().routers[0]).await;
    client.run(&["/ip/hotspot/user/add", "=name=maria", "=limit-bytes-out=1000"]).await;
    let (device, traffic) = (json!({ "mac": "02:00:00:00:00:AA", "ip": "10.5.50.9" }), "/traffic");
    let sent = json!({ "mac": "02:00:00:00:00:AA", "bytes_in": 5, "bytes_out": 600 });
    assert_eq!(control(url, "POST", traffic, &sent).await.status, 422);
    control(url, "POST", "/hosts", &device).await;
    let login = ["/ip/hotspot/active/login", "=user=maria", "=password=", "=ip=10.5.50.9"];
    assert_eq!(client.run(&login).await, [["!done"]]);
    assert_eq!(control(url, "POST", traffic, &sent).await.status, 200);
    let state = control(url, "GET", "/state", &Value::Null).await.body;
    assert_eq!(state["routers"][0]["active"][0]["bytes-out"], "600");
    assert_eq!(state["routers"][0]["users"][1]["bytes-in"], "5");
    assert_eq!(control(url, "POST", "/reboot", &json!({})).await.status, 200);
    let state = control(url, "GET", "/state", &Value::Null).await.body;
    for empty in ["active", "hosts"] {
        assert_eq!(state["routers"][0][empty], json!([]));
    }
    assert_eq!(client.run(&login).await[0][1], "=message=unknown host IP 10.5.50.9");
    // The cookie lets the device in as soon as it is seen.
    control(url, "POST", "/hosts", &device).await;
    assert_eq!(control(url, "POST", traffic, &sent).await.status, 200);
    let state = control(url, "GET", "/state", &Value::Null).await.body;
    assert_eq!(state["routers"][0]["active"], json!([]), "more than it may");
    assert_eq!(client.run(&login).await[0][1], "=message=user maria has reached traffic limit");
}
