use pagos_agent::routeros::Request;
use pagos_protocol::{Code, Done};
use pagos_simulator::fault::FaultKind;

use crate::site::*;

#[tokio::test]
async fn user_sessions_and_cookies_go_on_both_generations() {
    for version in VERSIONS {
        let site = Site::of(version).await;
        site.run(reserve(1)).await;
        site.device_seen(DEVICE, [10, 5, 50, 2]);
        assert_eq!(site.run(login(1)).await, done(Done::LoggedIn { already: false }), "{version}");
        assert!(!site.rows("active").is_empty() && !site.rows("cookies").is_empty());
        assert_eq!(site.run(release(2)).await, done(Done::Released), "{version}");
        assert!(site.user("PT-A1B2C").is_none());
        assert!(site.rows("active").is_empty() && site.rows("cookies").is_empty());
        assert_eq!(refused(&site.run(login(1)).await), Code::Stale);
    }
}

#[tokio::test]
async fn nothing_there_is_done() {
    let site = Site::new().await;
    assert_eq!(site.run(release(2)).await, done(Done::Released));
}

#[tokio::test]
async fn reservation_that_comes_after_its_release_is_refused() {
    let mut site = Site::new().await;
    assert_eq!(site.run(release(2)).await, done(Done::Released));
    assert_eq!(refused(&site.run(reserve(1)).await), Code::Stale);
    site.restart().await;
    assert_eq!(refused(&site.run(reserve(1)).await), Code::Stale);
    assert!(site.user("PT-A1B2C").is_none());
}

#[tokio::test]
async fn release_is_remembered_even_if_the_router_is_away() {
    let site = Site::new().await;
    site.fault(FaultKind::Away, None, None);
    assert_eq!(refused(&site.run(release(2)).await), Code::RouterUnreachable);
    site.mend();
    assert_eq!(refused(&site.run(reserve(1)).await), Code::Stale);
    assert_eq!(site.run(release(2)).await, done(Done::Released));
}

#[tokio::test]
async fn own_mark_is_enough_without_a_journal() {
    let mut site = Site::new().await;
    site.run(reserve(1)).await;
    site.lose_journal().await;
    assert_eq!(site.run(release(2)).await, done(Done::Released));
    assert!(site.user("PT-A1B2C").is_none());
}

#[tokio::test]
async fn confirmed_user_is_removed_only_while_the_journal_knows_it() {
    let mut site = Site::new().await;
    site.run(reserve(1)).await;
    site.run(confirm(2)).await;
    assert_eq!(site.run(release(3)).await, done(Done::Released));
    assert!(site.user("PT-A1B2C").is_none());

    site.run(reserve(4)).await;
    site.run(confirm(5)).await;
    site.lose_journal().await;
    assert_eq!(site.run(release(6)).await, done(Done::Released));
    assert!(site.user("PT-A1B2C").is_some(), "without mark and journal it is somebody else's");
}

#[tokio::test]
async fn user_that_may_have_been_confirmed_is_removed_without_a_journal() {
    let mut site = Site::new().await;
    site.run(reserve(1)).await;
    site.run(confirm(2)).await;
    site.lose_journal().await;
    assert_eq!(site.run(release_paid(3)).await, done(Done::Released));
    assert!(site.user("PT-A1B2C").is_none());
}

#[tokio::test]
async fn paid_user_that_somebody_made_anew_is_left_alone() {
    let mut site = Site::new().await;
    site.run(reserve(1)).await;
    site.run(confirm(2)).await;
    let row = site.user("PT-A1B2C").expect("user");
    site.operator(Request::new("/ip/hotspot/user/remove").attribute(".id", &row[".id"])).await;
    site.operator(Request::new("/ip/hotspot/user/add").attribute("name", "PT-A1B2C")).await;
    assert_eq!(site.run(release_paid(3)).await, done(Done::Released));
    assert!(site.user("PT-A1B2C").is_some(), "in another row than the journal knows");

    let row = site.user("PT-A1B2C").expect("user");
    site.operator(Request::new("/ip/hotspot/user/profile/add").attribute("name", "casa")).await;
    let set = Request::new("/ip/hotspot/user/set").attribute(".id", &row[".id"]);
    site.operator(set.attribute("profile", "casa")).await;
    site.lose_journal().await;
    assert_eq!(site.run(release_paid(4)).await, done(Done::Released));
    assert!(site.user("PT-A1B2C").is_some(), "of another profile");
}

#[tokio::test]
async fn user_that_somebody_made_anew_is_left_alone() {
    let site = Site::new().await;
    site.run(reserve(1)).await;
    let row = site.user("PT-A1B2C").expect("user");
    site.operator(Request::new("/ip/hotspot/user/remove").attribute(".id", &row[".id"])).await;
    site.operator(Request::new("/ip/hotspot/user/add").attribute("name", "PT-A1B2C")).await;
    assert_eq!(site.run(release(2)).await, done(Done::Released));
    assert!(site.user("PT-A1B2C").is_some());
}

#[tokio::test]
async fn renamed_reservation_with_the_mark_is_removed_all_the_same() {
    let site = Site::new().await;
    site.run(reserve(1)).await;
    let row = site.user("PT-A1B2C").expect("user");
    let set = Request::new("/ip/hotspot/user/set").attribute(".id", &row[".id"]);
    site.operator(set.attribute("name", "otro-nombre")).await;
    assert_eq!(site.run(release(2)).await, done(Done::Released));
    assert!(site.user("otro-nombre").is_none());
}

#[tokio::test]
async fn user_that_has_the_row_after_an_import_is_left_alone() {
    for comment in ["", "pagos:TRX_2", "cuarto 4"] {
        let site = Site::new().await;
        site.run(reserve(1)).await;
        site.another_user_in_the_row(comment).await;
        let before = site.user("PT-OTHER").expect("user");
        assert_eq!(site.run(release(2)).await, done(Done::Released), "{comment}");
        assert_eq!(site.user("PT-OTHER"), Some(before), "{comment}");
    }
}

#[tokio::test]
async fn session_of_a_user_that_was_removed_by_hand_ends() {
    let site = Site::new().await;
    site.run(reserve(1)).await;
    site.device_seen(DEVICE, [10, 5, 50, 2]);
    site.run(login(1)).await;
    let row = site.user("PT-A1B2C").expect("user");
    site.operator(Request::new("/ip/hotspot/user/remove").attribute(".id", &row[".id"])).await;
    assert_eq!(site.run(release(2)).await, done(Done::Released));
    assert!(site.rows("active").is_empty() && site.rows("cookies").is_empty());
}

#[tokio::test]
async fn user_is_disabled_before_its_sessions_end_and_removed_after() {
    let site = Site::new().await;
    site.run(reserve(1)).await;
    site.device_seen(DEVICE, [10, 5, 50, 2]);
    site.run(login(1)).await;
    for (held_up, disabled, online) in
        [("/ip/hotspot/active/print", true, true), ("/ip/hotspot/user/remove", true, false)]
    {
        site.fault(FaultKind::Hang, Some(held_up), None);
        failed(&site.run_within(release(2), 500).await);
        let user = site.user("PT-A1B2C").expect("user");
        assert_eq!(user.get("disabled").is_some_and(|value| value == "true"), disabled, "{held_up}");
        assert_eq!(!site.rows("active").is_empty(), online, "{held_up}");
        site.mend();
    }
    assert_eq!(site.run(release(2)).await, done(Done::Released));
    assert!(site.user("PT-A1B2C").is_none());
}
