use std::time::{Duration, Instant};

use pagos_protocol::{Action, Command, Done, Outcome, command::PurchaseRef};
use pagos_simulator::fault::FaultKind;

use crate::site::*;

#[tokio::test]
async fn commands_per_purchase_do_not_grow_with_the_users() {
    let mut counts = Vec::new();
    for users in [0, 2_000] {
        let site = Site::new().await;
        site.simulator.control().routers[0].preload(users, b"default").expect("users");
        site.device_seen(DEVICE, [10, 5, 50, 2]);
        let mut spent = Vec::new();
        for action in [reserve(1), confirm(2), login(3), release(4)] {
            let before = site.commands();
            assert!(matches!(site.run(action).await, Outcome::Done { .. }));
            spent.push(site.commands() - before);
        }
        counts.push(spent);
    }
    assert_eq!(counts[0], counts[1]);
    assert_eq!(counts[0][0], 2, "a reservation is one question and one add");
    assert_eq!(counts[0][1], 2, "a confirmation is one question and one set");
    assert!(counts[0][2] <= 4 && counts[0][3] <= 12, "{counts:?}");
}

fn reserve_number(number: usize) -> Command {
    let mut reservation = reservation(1);
    reservation.purchase = PurchaseRef { id: format!("TRX_{number}"), version: 1 };
    reservation.name = format!("PT-{number:05}");
    let action = Action::Reserve(reservation);
    Command { id: "c".into(), router_id: ROUTER.into(), deadline_ms: DEADLINE_MS, action }
}

#[tokio::test]
async fn purchases_of_one_router_share_one_connection_and_run_side_by_side() {
    let site = Site::new().await;
    let mut running = tokio::task::JoinSet::new();
    for number in 0..256 {
        let executor = site.executor.clone();
        running.spawn(async move { executor.execute(reserve_number(number)).await });
    }
    while let Some(outcome) = running.join_next().await {
        assert_eq!(outcome.expect("command"), done(Done::Reserved));
    }
    assert_eq!(site.rows("users").iter().filter(|row| row["name"].starts_with("PT-")).count(), 256);
    assert_eq!(site.count("/login"), 1);
}

#[tokio::test]
async fn slow_command_delays_no_other() {
    let site = Site::new().await;
    site.run(Action::Probe).await;
    site.fault(FaultKind::Hang, Some("/ip/hotspot/user/add"), Some(1));
    let executor = site.executor.clone();
    let hanging = tokio::spawn(async move { executor.execute(reserve_number(1)).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    let before = Instant::now();
    assert_eq!(site.executor.execute(reserve_number(2)).await, done(Done::Reserved));
    assert!(before.elapsed() < Duration::from_secs(1));
    site.mend();
    assert_eq!(hanging.await.expect("command"), done(Done::Reserved));
}

#[tokio::test]
async fn dead_router_delays_no_other() {
    let site = Site::new().await;
    let second = site.settings("RTR_2", 1, 1);
    let both = ["RTR_1".to_owned(), "RTR_2".to_owned()];
    site.executor.welcome(&both, vec![second]).await.expect("welcome");
    site.fault(FaultKind::Hang, None, None);
    let mut hanging = tokio::task::JoinSet::new();
    for number in 0..60 {
        let executor = site.executor.clone();
        let command = Command { deadline_ms: 3_000, ..reserve_number(number) };
        hanging.spawn(async move { executor.execute(command).await });
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    for number in 100..120 {
        let before = Instant::now();
        let command = Command { router_id: "RTR_2".into(), ..reserve_number(number) };
        assert_eq!(site.executor.execute(command).await, done(Done::Reserved));
        assert!(before.elapsed() < Duration::from_secs(1));
    }
    while let Some(outcome) = hanging.join_next().await {
        assert_eq!(refused(&outcome.expect("command")), pagos_protocol::Code::DeadlinePassed);
    }
}

#[tokio::test]
async fn router_that_is_away_is_refused_at_once_and_tried_again_later() {
    let site = Site::new().await;
    site.fault(FaultKind::Away, None, None);
    for number in 0..4 {
        let outcome = site.executor.execute(reserve_number(number)).await;
        assert_eq!(refused(&outcome), pagos_protocol::Code::RouterUnreachable);
    }
    let before = Instant::now();
    for number in 10..110 {
        refused(&site.executor.execute(reserve_number(number)).await);
    }
    assert!(before.elapsed() < Duration::from_secs(2));
    site.mend();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(site.executor.execute(reserve_number(200)).await, done(Done::Reserved));
}
