use pagos_agent::routeros::Request;
use pagos_protocol::{Code, Done};

use crate::site::*;

#[tokio::test]
async fn mark_is_taken_away_and_pin_user_enabled_on_both_generations() {
    for version in VERSIONS {
        let site = Site::of(version).await;
        site.run(reserve_pin(1)).await;
        assert_eq!(site.run(confirm(2)).await, done(Done::Confirmed), "{version}");
        let user = site.user("PT-A1B2C").expect("user");
        assert_eq!(user.get("comment").map_or("", String::as_str), "");
        assert_ne!(user.get("disabled").map(String::as_str), Some("true"));
    }
}

#[tokio::test]
async fn confirming_needs_no_journal_and_may_be_repeated() {
    let mut site = Site::new().await;
    site.run(reserve_pin(1)).await;
    site.lose_journal().await;
    assert_eq!(site.run(confirm(2)).await, done(Done::Confirmed));
    site.lose_journal().await;
    assert_eq!(site.run(confirm(2)).await, done(Done::Confirmed));
    assert_eq!(site.run(confirm(3)).await, done(Done::Confirmed));
}

#[tokio::test]
async fn paid_user_that_is_gone_is_reported() {
    let site = Site::new().await;
    site.run(reserve(1)).await;
    let row = site.user("PT-A1B2C").expect("user");
    site.operator(Request::new("/ip/hotspot/user/remove").attribute(".id", &row[".id"])).await;
    assert_eq!(refused(&site.run(confirm(2)).await), Code::UserGone);
    // It is made again with the same name, as the newer decision says.
    assert_eq!(site.run(reserve(3)).await, done(Done::Reserved));
    assert_eq!(site.run(confirm(4)).await, done(Done::Confirmed));
}

#[tokio::test]
async fn user_of_another_purchase_is_not_confirmed() {
    let site = Site::new().await;
    site.run(reserve(1)).await;
    let row = site.user("PT-A1B2C").expect("user");
    let set = Request::new("/ip/hotspot/user/set").attribute(".id", &row[".id"]);
    site.operator(set.attribute("comment", "pagos:TRX_2")).await;
    assert_eq!(refused(&site.run(confirm(2)).await), Code::UserGone);
    assert_eq!(site.user("PT-A1B2C").expect("user")["comment"], "pagos:TRX_2");
}

#[tokio::test]
async fn renamed_user_with_the_mark_is_found_by_its_row() {
    let site = Site::new().await;
    site.run(reserve_pin(1)).await;
    let row = site.user("PT-A1B2C").expect("user");
    let set = Request::new("/ip/hotspot/user/set").attribute(".id", &row[".id"]);
    site.operator(set.attribute("name", "otro-nombre")).await;
    assert_eq!(site.run(confirm(2)).await, done(Done::Confirmed));
    assert_ne!(site.user("otro-nombre").expect("user").get("disabled").map(String::as_str), Some("true"));
}

#[tokio::test]
async fn user_that_has_the_row_after_an_import_is_not_confirmed() {
    for comment in ["", "pagos:TRX_2", "cuarto 4"] {
        let site = Site::new().await;
        site.run(reserve_pin(1)).await;
        site.another_user_in_the_row(comment).await;
        let before = site.user("PT-OTHER").expect("user");
        assert_eq!(refused(&site.run(confirm(2)).await), Code::UserGone, "{comment}");
        assert_eq!(site.user("PT-OTHER"), Some(before), "{comment}");
    }
}

#[tokio::test]
async fn comment_that_an_operator_wrote_stays() {
    let site = Site::new().await;
    site.run(reserve_pin(1)).await;
    let row = site.user("PT-A1B2C").expect("user");
    let set = Request::new("/ip/hotspot/user/set").attribute(".id", &row[".id"]);
    site.operator(set.attribute("comment", "cuarto 4")).await;
    assert_eq!(site.run(confirm(2)).await, done(Done::Confirmed));
    let user = site.user("PT-A1B2C").expect("user");
    assert_eq!(user["comment"], "cuarto 4");
    assert_ne!(user.get("disabled").map(String::as_str), Some("true"));
}

#[tokio::test]
async fn confirmation_that_could_not_reach_the_router_may_be_tried_again() {
    let site = Site::new().await;
    site.run(reserve(1)).await;
    site.fault(pagos_simulator::fault::FaultKind::Away, None, None);
    assert_eq!(refused(&site.run(confirm(2)).await), Code::RouterUnreachable);
    site.mend();
    assert_eq!(site.run(confirm(2)).await, done(Done::Confirmed));
}
