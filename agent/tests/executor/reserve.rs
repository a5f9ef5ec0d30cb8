use pagos_agent::routeros::Request;
use pagos_protocol::{
    Action, Code, Done,
    command::{PurchaseRef, Reserve},
};
use pagos_simulator::fault::FaultKind;

use crate::site::*;

#[tokio::test]
async fn user_is_made_as_asked_on_both_generations() {
    for version in VERSIONS {
        let site = Site::of(version).await;
        assert_eq!(site.run(reserve(1)).await, done(Done::Reserved), "{version}");
        let user = site.user("PT-A1B2C").expect("user");
        assert_eq!(user["password"], "0417");
        assert_eq!(user["profile"], PROFILE);
        assert_eq!(user["comment"], "pagos:TRX_1");
        assert_ne!(user.get("disabled").map(String::as_str), Some("true"));
    }
}

#[tokio::test]
async fn pin_user_is_made_disabled() {
    let site = Site::new().await;
    assert_eq!(site.run(reserve_pin(1)).await, done(Done::Reserved));
    assert_eq!(site.user("PT-A1B2C").expect("user")["disabled"], "true");
}

#[tokio::test]
async fn profile_must_exist_by_its_exact_name() {
    let site = Site::new().await;
    for profile in ["defaul", "Default", "", "default ", "nichts"] {
        let action = Action::Reserve(Reserve { profile: profile.into(), ..reservation(1) });
        let site = if profile == "defaul" { &site } else { &Site::new().await };
        assert_eq!(refused(&site.run(action).await), Code::ProfileNotFound, "{profile:?}");
        assert!(site.user("PT-A1B2C").is_none());
    }
}

#[tokio::test]
async fn name_of_somebody_else_is_taken() {
    let site = Site::new().await;
    site.operator(Request::new("/ip/hotspot/user/add").attribute("name", "PT-A1B2C")).await;
    assert_eq!(refused(&site.run(reserve(1)).await), Code::NameTaken);
    // Its release touches nothing.
    assert_eq!(site.run(release(2)).await, done(Done::Released));
    assert!(site.user("PT-A1B2C").is_some());
}

#[tokio::test]
async fn name_of_another_purchase_is_taken() {
    let site = Site::new().await;
    site.run(reserve(1)).await;
    let other = PurchaseRef { id: "TRX_2".into(), version: 1 };
    let action = Action::Reserve(Reserve { purchase: other, ..reservation(1) });
    assert_eq!(refused(&site.run(action).await), Code::NameTaken);
    assert_eq!(site.user("PT-A1B2C").expect("user")["comment"], "pagos:TRX_1");
}

#[tokio::test]
async fn own_user_counts_as_done_even_without_a_journal() {
    let mut site = Site::new().await;
    assert_eq!(site.run(reserve(1)).await, done(Done::Reserved));
    site.lose_journal().await;
    assert_eq!(site.run(reserve(1)).await, done(Done::Reserved));
    assert_eq!(site.rows("users").iter().filter(|row| row["name"] == "PT-A1B2C").count(), 1);
}

#[tokio::test]
async fn user_of_the_purchase_with_another_profile_is_not_taken_over() {
    let site = Site::new().await;
    site.operator(Request::new("/ip/hotspot/user/profile/add").attribute("name", "otro")).await;
    let add = Request::new("/ip/hotspot/user/add")
        .attribute("name", "PT-A1B2C")
        .attribute("profile", "otro")
        .attribute("comment", "pagos:TRX_1");
    site.operator(add).await;
    assert_eq!(refused(&site.run(reserve(1)).await), Code::NameTaken);
}

#[tokio::test]
async fn refused_reservation_stays_refused_and_its_release_is_done() {
    let site = Site::new().await;
    let away = site.fault(FaultKind::Away, None, None);
    assert_eq!(refused(&site.run(reserve(1)).await), Code::RouterUnreachable);
    // The router is still away: the journal knows that nothing is there.
    assert_eq!(site.run(release(2)).await, done(Done::Released));
    site.simulator.control().faults.delete(Some(away));
    assert_eq!(refused(&site.run(reserve(1)).await), Code::Stale);
    assert_eq!(site.run(reserve(3)).await, done(Done::Reserved));
}

#[tokio::test]
async fn late_delivery_of_a_refused_reservation_makes_no_user() {
    let site = Site::new().await;
    site.fault(FaultKind::Away, None, None);
    assert_eq!(refused(&site.run(reserve(1)).await), Code::RouterUnreachable);
    site.mend();
    assert_eq!(refused(&site.run(reserve(1)).await), Code::RouterUnreachable);
    assert!(site.user("PT-A1B2C").is_none());
}
