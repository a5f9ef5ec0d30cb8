//! Routers that were restarted, restored or replaced.

use std::time::Duration;

use pagos_agent::routeros::Request;
use pagos_protocol::{
    Action, Done,
    command::{Confirm, PurchaseRef, Reserve},
};
use pagos_simulator::fault::FaultKind;

use crate::site::*;

/// The next look finds the router freshly started.
async fn restarted(site: &mut Site) {
    site.executor.look_after(ROUTER).await;
    site.executor.close().await;
    let file = rusqlite::Connection::open(site.journal_path()).expect("journal");
    let changed = file.execute("UPDATE router_seen SET uptime_s = 900000000", []).expect("update");
    assert_eq!(changed, 1);
    drop(file);
    site.restart().await;
}

async fn sell(site: &Site, purchase_id: &str, name: &str) {
    let purchase = |version| PurchaseRef { id: purchase_id.into(), version };
    let reserve = Reserve { purchase: purchase(1), name: name.into(), ..reservation(1) };
    assert_eq!(site.run(Action::Reserve(reserve)).await, done(Done::Reserved));
    let confirm = Confirm { purchase: purchase(2), name: name.into(), profile: PROFILE.into() };
    assert_eq!(site.run(Action::Confirm(confirm)).await, done(Done::Confirmed));
}

async fn missing(site: &Site) -> Vec<String> {
    site.executor.missing(ROUTER, "").await.expect("journal")
}

fn add(name: &str, comment: &str) -> Request {
    Request::new("/ip/hotspot/user/add")
        .attribute("name", name)
        .attribute("profile", PROFILE)
        .attribute("comment", comment)
}

#[tokio::test]
async fn router_that_stays_up_is_asked_nothing_but_its_uptime() {
    let site = Site::new().await;
    sell(&site, "TRX_1", "PT-A1B2C").await;
    site.executor.look_after(ROUTER).await;
    let commands = site.commands();
    site.executor.look_after(ROUTER).await;
    assert_eq!(site.commands(), commands + 1);
}

#[tokio::test]
async fn paid_user_that_is_gone_after_a_restart_is_missing_until_it_is_made_again() {
    let mut site = Site::new().await;
    sell(&site, "TRX_1", "PT-A1B2C").await;
    sell(&site, "TRX_2", "PT-STAYS").await;
    restarted(&mut site).await;
    site.operator_removes("PT-A1B2C").await;
    site.executor.look_after(ROUTER).await;
    assert_eq!(missing(&site).await, ["TRX_1"]);
    tokio::time::timeout(Duration::from_secs(1), site.executor.missing_found()).await.expect("rung");
    site.restart().await;
    assert_eq!(missing(&site).await, ["TRX_1"], "told again with each new link");
    assert_eq!(site.run(reserve(3)).await, done(Done::Reserved));
    assert!(missing(&site).await.is_empty());
}

#[tokio::test]
async fn removed_user_that_a_backup_brought_back_is_removed_again() {
    let mut site = Site::new().await;
    site.run(reserve(1)).await;
    assert_eq!(site.run(release(2)).await, done(Done::Released));
    restarted(&mut site).await;
    site.operator(add("PT-A1B2C", "pagos:TRX_1")).await;
    site.executor.look_after(ROUTER).await;
    assert!(site.user("PT-A1B2C").is_none());
    assert_eq!(site.run(release(2)).await, done(Done::Released));
}

#[tokio::test]
async fn kill_while_a_user_is_removed_again_is_made_good_by_the_next_look() {
    for word in ["/ip/hotspot/user/set", "/ip/hotspot/active/print", "/ip/hotspot/user/remove"] {
        let mut site = Site::new().await;
        site.run(reserve(1)).await;
        site.run(release(2)).await;
        restarted(&mut site).await;
        site.operator(add("PT-A1B2C", "pagos:TRX_1")).await;
        site.fault(FaultKind::Hang, Some(word), Some(1));
        let (executor, before) = (site.executor.clone(), site.count(word));
        let cut_off = tokio::spawn(async move { executor.look_after(ROUTER).await });
        while site.count(word) == before {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let killed = site.killed();
        killed.look_after(ROUTER).await;
        assert!(site.user("PT-A1B2C").is_none(), "{word}");
        cut_off.abort();
    }
}

#[tokio::test]
async fn user_that_somebody_made_by_the_name_of_a_removed_one_is_left_alone() {
    let mut site = Site::new().await;
    site.run(reserve(1)).await;
    site.run(release(2)).await;
    restarted(&mut site).await;
    site.operator(add("PT-A1B2C", "cuarto 4")).await;
    site.executor.look_after(ROUTER).await;
    assert!(site.user("PT-A1B2C").is_some());
}

#[tokio::test]
async fn paid_user_restored_as_a_reservation_is_confirmed_again() {
    let mut site = Site::new().await;
    site.run(reserve_pin(1)).await;
    site.run(confirm(2)).await;
    restarted(&mut site).await;
    site.operator_sets("PT-A1B2C", "comment", "pagos:TRX_1").await;
    site.operator_sets("PT-A1B2C", "disabled", "yes").await;
    site.executor.look_after(ROUTER).await;
    let user = site.user("PT-A1B2C").expect("user");
    assert_eq!(user["disabled"], "false");
    assert_eq!(user.get("comment").map_or("", String::as_str), "");
}

#[tokio::test]
async fn user_that_was_shut_out_is_shut_out_again() {
    let mut site = Site::new().await;
    sell(&site, "TRX_1", "PT-A1B2C").await;
    site.run(revoke(3)).await;
    restarted(&mut site).await;
    site.operator_sets("PT-A1B2C", "disabled", "no").await;
    site.executor.look_after(ROUTER).await;
    assert_eq!(site.user("PT-A1B2C").expect("user")["disabled"], "true");
}

#[tokio::test]
async fn renamed_paid_user_is_not_missing() {
    let mut site = Site::new().await;
    sell(&site, "TRX_1", "PT-A1B2C").await;
    site.operator_sets("PT-A1B2C", "name", "otro-nombre").await;
    restarted(&mut site).await;
    site.executor.look_after(ROUTER).await;
    assert!(missing(&site).await.is_empty());
    assert_eq!(site.run(release(3)).await, done(Done::Released));
    assert!(site.user("otro-nombre").is_none());
}

#[tokio::test]
async fn another_box_is_known_by_its_serial_number() {
    let mut site = Site::new().await;
    sell(&site, "TRX_1", "PT-A1B2C").await;
    sell(&site, "TRX_2", "PT-MOVED").await;
    site.executor.look_after(ROUTER).await;
    // The other box has one of the two, and somebody in the row of the other.
    site.operator_at(1, add("PT-SOMEBODY", "")).await;
    site.operator_at(1, add("PT-MOVED", "")).await;
    let other_box = site.settings(ROUTER, 1, 2);
    site.executor.welcome(&[ROUTER.to_owned()], vec![other_box]).await.expect("welcome");
    site.executor.look_after(ROUTER).await;
    assert_eq!(missing(&site).await, ["TRX_1"]);
    site.restart().await;
    site.executor.look_after(ROUTER).await;
    assert_eq!(missing(&site).await, ["TRX_1"]);
}

#[tokio::test]
async fn look_that_was_cut_off_begins_anew() {
    let mut site = Site::new().await;
    for number in 0..60 {
        sell(&site, &format!("TRX_{number:02}"), &format!("PT-{number:05}")).await;
    }
    restarted(&mut site).await;
    site.operator_removes("PT-00001").await;
    site.operator_removes("PT-00055").await;
    let prints = site.count("/ip/hotspot/user/print");
    site.fault(FaultKind::Away, None, None);
    site.executor.look_after(ROUTER).await;
    assert!(missing(&site).await.is_empty());
    site.mend();
    // The breaker of the router may be open for a moment.
    for _ in 0..100 {
        site.executor.look_after(ROUTER).await;
        if !missing(&site).await.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(missing(&site).await, ["TRX_01", "TRX_55"]);
    let asked = site.count("/ip/hotspot/user/print") - prints;
    assert!(asked <= 6, "{asked} questions for 60 users");
}

#[tokio::test]
async fn agent_that_is_refused_leaves_its_routers_alone() {
    let site = Site::new().await;
    site.executor.stand_down();
    let commands = site.commands();
    site.executor.look_after(ROUTER).await;
    assert_eq!(site.commands(), commands);
    site.executor.agree(None, false);
    site.executor.look_after(ROUTER).await;
    assert!(site.commands() > commands);
}
