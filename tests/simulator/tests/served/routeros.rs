use crate::api_client::ApiClient;
use crate::http_client::control;
use crate::simulator;
use pagos_simulator::routeros::login::response_to;
use serde_json::{Value, json};

async fn post_fault(url: &str, fault: Value) {
    assert_eq!(control(url, "POST", "/faults", &fault).await.status, 201, "{fault}");
}

async fn users(client: &mut ApiClient, name: &str) -> usize {
    let query = format!("?name={name}");
    let found = client.run(&["/ip/hotspot/user/print", &query, "=.proplist=name"]).await;
    found.iter().filter(|sentence| sentence[0] == "!re").count()
}

#[tokio::test]
async fn both_logins_work_over_the_wire() {
    let simulator = simulator(&["6.42.12", "6.49.18", "7.20.8"]).await;
    let routers = &simulator.ready().routers;
    for router in &routers[1..] {
        ApiClient::logged_in(router).await;
    }
    let mut old = ApiClient::connect(&routers[0]).await;
    let greeting = old.run(&["/login", "=name=admin", "=password=simulador"]).await;
    let challenge = greeting[0][1].strip_prefix("=ret=").unwrap();
    let mut bytes = [0; 16];
    hex::decode_to_slice(challenge, &mut bytes).unwrap();
    let answer = format!("=response={}", response_to(bytes, b"simulador"));
    assert_eq!(old.run(&["/login", "=name=admin", &answer]).await, [["!done"]]);
    assert_eq!(old.run(&["/system/identity/print"]).await[0], ["!re", "=name=6.42.12"]);
}

#[tokio::test]
async fn a_stranger_is_sent_away_and_a_wrong_password_is_not() {
    let simulator = simulator(&["7.20.8"]).await;
    let router = &simulator.ready().routers[0];
    let mut stranger = ApiClient::connect(router).await;
    assert_eq!(stranger.run(&["/system/identity/print"]).await, [["!fatal", "not logged in"]]);
    assert_eq!(stranger.receive().await, None);
    let mut client = ApiClient::connect(router).await;
    let refused = client.run(&["/login", "=name=admin", "=password=x", ".tag=9"]).await;
    let text = "=message=invalid user name or password (6)";
    assert_eq!(refused, [vec!["!trap", ".tag=9", text], vec!["!done", ".tag=9"]]);
    assert_eq!(client.run(&["/login", "=name=admin", "=password=simulador"]).await, [["!done"]]);
    assert_eq!(client.run(&["/quit"]).await, [["!fatal", "session terminated on request"]]);
    assert_eq!(client.receive().await, None);
}

#[tokio::test]
async fn an_empty_print_depends_on_the_version() {
    let simulator = simulator(&["7.17.2", "7.18"]).await;
    let print = ["/ip/hotspot/active/print", ".tag=1"];
    let mut older = ApiClient::logged_in(&simulator.ready().routers[0]).await;
    assert_eq!(older.run(&print).await, [["!done", ".tag=1"]]);
    let mut newer = ApiClient::logged_in(&simulator.ready().routers[1]).await;
    assert_eq!(newer.run(&print).await, [["!empty", ".tag=1"], ["!done", ".tag=1"]]);
    let count = newer.run(&["/ip/hotspot/active/print", "=count-only="]).await;
    assert_eq!(count, [["!done", "=ret=0"]]);
}

#[tokio::test]
async fn sentences_may_arrive_in_one_piece_and_in_many() {
    let simulator = simulator(&["7.20.8"]).await;
    let mut client = ApiClient::logged_in(&simulator.ready().routers[0]).await;
    for tag in 0..200 {
        client.send(&["/system/identity/print", &format!(".tag={tag}")]).await;
    }
    for tag in 0..200 {
        assert_eq!(client.receive().await.unwrap()[1], format!(".tag={tag}"));
        assert_eq!(client.receive().await.unwrap(), ["!done".to_owned(), format!(".tag={tag}")]);
    }
}

#[tokio::test]
async fn a_delayed_command_is_overtaken_and_can_be_cancelled() {
    let simulator = simulator(&["7.20.8"]).await;
    let control_url = &simulator.ready().control_url;
    let mut client = ApiClient::logged_in(&simulator.ready().routers[0]).await;
    post_fault(
        control_url,
        json!({"target": "router", "kind": "delay", "delay_ms": 60, "match": "/resource/"}),
    )
    .await;
    post_fault(control_url, json!({"target": "router", "kind": "hang", "match": "/user/add"})).await;
    client.send(&["/system/resource/print", "=.proplist=version", ".tag=slow"]).await;
    client.send(&["/system/identity/print", ".tag=quick"]).await;
    let order: Vec<String> = [client.receive().await, client.receive().await, client.receive().await]
        .into_iter()
        .map(|sentence| sentence.unwrap()[1].clone())
        .collect();
    assert_eq!(order, [".tag=quick", ".tag=quick", ".tag=slow"]);
    client.receive().await.unwrap();
    client.send(&["/ip/hotspot/user/add", "=name=maria", ".tag=stuck"]).await;
    assert!(client.silent().await);
    client.send(&["/cancel", "=tag=stuck", ".tag=c"]).await;
    let trap = client.receive().await.unwrap();
    assert_eq!(trap, ["!trap", ".tag=stuck", "=category=2", "=message=interrupted"]);
    assert_eq!(client.receive().await.unwrap(), ["!done", ".tag=stuck"]);
    assert_eq!(client.receive().await.unwrap(), ["!done", ".tag=c"]);
    assert_eq!(users(&mut client, "maria").await, 0);
}

#[tokio::test]
async fn each_fault_leaves_the_router_as_it_says() {
    let simulator = simulator(&["7.20.8"]).await;
    let (control_url, router) = (&simulator.ready().control_url, &simulator.ready().routers[0]);
    let mut witness = ApiClient::logged_in(router).await;
    // Kind, sentences that the client gets, users there are afterwards.
    let trap = vec![vec!["!trap", "=message=action failed"], vec!["!done"]];
    let rows = [
        ("drop_before", vec![], 0),
        ("drop_after", vec![], 1),
        ("error", trap.clone(), 0),
        ("error_after", trap, 1),
    ];
    for (kind, answer, there) in rows {
        let mut client = ApiClient::logged_in(router).await;
        post_fault(control_url, json!({"target": "router", "kind": kind, "match": "/user/add", "count": 1}))
            .await;
        let name = format!("=name={kind}");
        assert_eq!(client.run(&["/ip/hotspot/user/add", &name]).await, answer, "{kind}");
        assert_eq!(users(&mut witness, kind).await, there, "{kind}");
    }
    let faults = control(control_url, "GET", "/faults", &Value::Null).await.body;
    assert!(
        faults["faults"]
            .as_array()
            .unwrap()
            .iter()
            .all(|fault| fault["hits"] == 1 && fault["active"] == false)
    );
}

#[tokio::test]
async fn a_delayed_command_takes_place_even_if_the_client_has_left() {
    let simulator = simulator(&["7.20.8"]).await;
    let (control_url, router) = (&simulator.ready().control_url, &simulator.ready().routers[0]);
    let mut witness = ApiClient::logged_in(router).await;
    let mut client = ApiClient::logged_in(router).await;
    post_fault(
        control_url,
        json!({"target": "router", "kind": "delay", "delay_ms": 50, "match": "/user/add"}),
    )
    .await;
    client.send(&["/ip/hotspot/user/add", "=name=maria"]).await;
    // The sentence has to be read before the connection ends.
    client.send(&["/system/identity/print"]).await;
    client.receive().await.unwrap();
    drop(client);
    for _ in 0..200 {
        if users(&mut witness, "maria").await == 1 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("the user never came");
}

#[tokio::test]
async fn what_hangs_goes_on_when_the_fault_is_deleted_and_is_forgotten_when_the_client_leaves() {
    let simulator = simulator(&["7.20.8"]).await;
    let (control_url, router) = (&simulator.ready().control_url, &simulator.ready().routers[0]);
    post_fault(control_url, json!({"target": "router", "kind": "hang", "match": "/user/add"})).await;
    let mut patient = ApiClient::logged_in(router).await;
    let mut hasty = ApiClient::logged_in(router).await;
    patient.send(&["/ip/hotspot/user/add", "=name=patient"]).await;
    hasty.send(&["/ip/hotspot/user/add", "=name=hasty"]).await;
    assert!(patient.silent().await && hasty.silent().await);
    drop(hasty);
    assert!(patient.silent().await);
    assert_eq!(control(control_url, "DELETE", "/faults", &Value::Null).await.body, json!({"deleted": 1}));
    assert_eq!(patient.receive().await.unwrap()[0], "!done");
    assert_eq!((users(&mut patient, "patient").await, users(&mut patient, "hasty").await), (1, 0));
}

#[tokio::test]
async fn a_router_that_is_away_cuts_what_is_open_and_refuses_what_comes() {
    let simulator = simulator(&["7.20.8", "6.49.18"]).await;
    let (control_url, routers) = (&simulator.ready().control_url, &simulator.ready().routers);
    let mut client = ApiClient::logged_in(&routers[0]).await;
    let mut other = ApiClient::logged_in(&routers[1]).await;
    post_fault(control_url, json!({"target": "router", "router": "7.20.8", "kind": "away"})).await;
    assert_eq!(client.receive().await, None);
    let refused = match tokio::net::TcpStream::connect(crate::address(&routers[0])).await {
        Err(_) => true,
        Ok(mut stream) => tokio::io::AsyncReadExt::read(&mut stream, &mut [0]).await.is_err(),
    };
    assert!(refused);
    assert_eq!(other.run(&["/system/identity/print"]).await.len(), 2, "the other router is there");
    control(control_url, "DELETE", "/faults", &Value::Null).await;
    ApiClient::logged_in(&routers[0]).await;
}

#[tokio::test]
async fn a_client_that_breaks_the_protocol_is_dropped() {
    use tokio::io::AsyncWriteExt;
    let simulator = simulator(&["7.20.8"]).await;
    let mut client = ApiClient::connect(&simulator.ready().routers[0]).await;
    client.stream.write_all(&[0xFF]).await.unwrap();
    assert_eq!(client.receive().await, None);
}
