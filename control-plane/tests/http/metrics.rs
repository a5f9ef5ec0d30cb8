//! What whoever watches the service reads.

use pagos_control_plane::gateway::GatewayName;
use pagos_control_plane::purchase::state::Phase;
use pagos_control_plane::serve::metrics;
use pagos_control_plane::serve::public::{self, Door};
use tokio::net::TcpListener;

use crate::shop::Shop;

#[tokio::test]
async fn metrics_count_what_happened_and_what_is_left() {
    let shop = Shop::open().await;
    let sold = shop.sell(GatewayName::Conekta).await;
    shop.rework(&sold, |purchase| purchase.phase = Phase::Mismatch).await;
    shop.world.advance(90_000);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("listen");
    let url = format!("http://{}/metrics", listener.local_addr().expect("address"));
    tokio::spawn(public::serve(
        listener,
        metrics::router(&shop.world.app),
        Door::default(),
        std::future::pending(),
    ));
    let answer = shop.world.client.get(url).send().await.expect("an answer");
    assert!(answer.headers()["content-type"].to_str().is_ok_and(|kind| kind.starts_with("text/plain")));
    let text = answer.text().await.expect("text");
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("{name} in\n{text}")).parse::<i64>().expect("a number")
    };
    for phase in Phase::ALL {
        let expected = i64::from(phase == Phase::Mismatch);
        assert_eq!(value(&format!("pagos_purchases{{phase=\"{}\"}}", phase.as_str())), expected);
        let oldest = value(&format!("pagos_purchases_oldest_seconds{{phase=\"{}\"}}", phase.as_str()));
        assert!(if expected == 1 { oldest >= 90 } else { oldest == 0 }, "{phase:?} {oldest}");
    }
    assert_eq!(value("pagos_attention{kind=\"purchase\"}"), 1);
    assert_eq!(value("pagos_attention{kind=\"stray_payment\"}"), 0);
    assert_eq!((value("pagos_agents_connected"), value("pagos_refunds_under_way")), (1, 0));
    assert_eq!(value("pagos_database_up"), 1);
    // Counts are of the whole process, in which other tests run.
    assert!(value("pagos_purchases_ended_total{phase=\"completed\",gateway=\"conekta\"}") >= 1);
    assert!(value("pagos_gateway_calls_total{gateway=\"conekta\",call=\"charge\",result=\"accepted\"}") >= 1);
    assert!(value("pagos_gateway_call_seconds_count{gateway=\"conekta\",call=\"charge\"}") >= 1);
    assert!(value("pagos_effects_total{effect=\"confirm\",result=\"done\"}") >= 1);
    let public = shop.world.get("/metrics", None).await;
    public.is(404, "route_not_found");
    assert!(!text.contains(&shop.tenant.company) && !text.contains(&shop.tenant.router));
}
