use pagos_agent::routeros::Request;
use pagos_protocol::{Code, Command, Done};
use pagos_simulator::fault::FaultKind;

use crate::site::*;

/// A paid user that is online.
async fn sold(site: &Site) {
    site.run(reserve(1)).await;
    site.run(confirm(2)).await;
    site.device_seen(DEVICE, [10, 5, 50, 2]);
    assert_eq!(site.run(login(2)).await, done(Done::LoggedIn { already: false }));
    assert!(!site.rows("active").is_empty() && !site.rows("cookies").is_empty());
}

fn is_shut_out(site: &Site, name: &str) -> bool {
    let disabled = site.user(name).is_some_and(|user| user["disabled"] == "true");
    disabled && site.rows("active").is_empty() && site.rows("cookies").is_empty()
}

#[tokio::test]
async fn user_is_shut_out_and_stays_on_both_generations() {
    for version in VERSIONS {
        let site = Site::of(version).await;
        sold(&site).await;
        assert_eq!(site.run(revoke(3)).await, done(Done::Revoked), "{version}");
        assert!(is_shut_out(&site, "PT-A1B2C"), "{version}");
    }
}

#[tokio::test]
async fn revoking_again_is_answered_from_the_journal_and_older_decisions_are_stale() {
    let mut site = Site::new().await;
    sold(&site).await;
    assert_eq!(site.run(revoke(3)).await, done(Done::Revoked));
    site.restart().await;
    let commands = site.commands();
    assert_eq!(site.run(revoke(3)).await, done(Done::Revoked));
    for action in [reserve(3), confirm(2), confirm(3), login(3), release(2)] {
        assert_eq!(refused(&site.run(action).await), Code::Stale);
    }
    assert_eq!(site.commands(), commands);
    // A newer one looks again.
    site.operator_sets("PT-A1B2C", "disabled", "no").await;
    assert_eq!(site.run(revoke(4)).await, done(Done::Revoked));
    assert!(is_shut_out(&site, "PT-A1B2C"));
    assert_eq!(site.run(release(4)).await, done(Done::Released));
    assert!(site.user("PT-A1B2C").is_none());
}

#[tokio::test]
async fn nobody_to_shut_out_is_done() {
    let site = Site::new().await;
    assert_eq!(site.run(revoke(3)).await, done(Done::Revoked));
    assert_eq!(refused(&site.run(confirm(2)).await), Code::Stale);
}

#[tokio::test]
async fn user_is_found_without_a_journal() {
    let mut site = Site::new().await;
    sold(&site).await;
    site.lose_journal().await;
    assert_eq!(site.run(revoke(3)).await, done(Done::Revoked));
    assert!(is_shut_out(&site, "PT-A1B2C"));
}

#[tokio::test]
async fn user_whose_profile_was_changed_is_shut_out_and_removed() {
    let site = Site::new().await;
    sold(&site).await;
    site.operator_sets("PT-A1B2C", "profile", "1d").await;
    assert_eq!(site.run(revoke(3)).await, done(Done::Revoked));
    assert!(is_shut_out(&site, "PT-A1B2C"));
    assert_eq!(site.run(release(4)).await, done(Done::Released));
    assert!(site.user("PT-A1B2C").is_none());
}

#[tokio::test]
async fn user_of_the_name_that_nobody_knows_is_left_to_a_person() {
    let site = Site::new().await;
    sold(&site).await;
    site.operator_removes("PT-A1B2C").await;
    let by_hand = Request::new("/ip/hotspot/user/add").attribute("name", "PT-A1B2C");
    site.operator(by_hand.attribute("profile", "1d")).await;
    assert_eq!(refused(&site.run(revoke(3)).await), Code::NameTaken);
    assert_eq!(site.user("PT-A1B2C").expect("user")["disabled"], "false");
}

#[tokio::test]
async fn renamed_paid_user_is_shut_out_and_removed_by_its_row() {
    let site = Site::new().await;
    sold(&site).await;
    site.operator_sets("PT-A1B2C", "name", "otro-nombre").await;
    assert_eq!(site.run(revoke(3)).await, done(Done::Revoked));
    assert_eq!(site.user("otro-nombre").expect("user")["disabled"], "true");
    assert_eq!(site.run(release(4)).await, done(Done::Released));
    assert!(site.user("otro-nombre").is_none());
}

#[tokio::test]
async fn user_of_another_purchase_in_the_row_is_left_alone() {
    let site = Site::new().await;
    sold(&site).await;
    // Another buyer of this site has the row now, as after an import.
    let other = pagos_protocol::command::Reserve {
        purchase: pagos_protocol::command::PurchaseRef { id: "TRX_2".into(), version: 1 },
        name: "PT-OTHER".into(),
        ..reservation(1)
    };
    site.run(pagos_protocol::Action::Reserve(other)).await;
    site.operator_removes("PT-OTHER").await;
    site.operator_sets("PT-A1B2C", "name", "PT-OTHER").await;
    let before = site.user("PT-OTHER").expect("user");
    assert_eq!(site.run(revoke(3)).await, done(Done::Revoked));
    assert_eq!(site.run(release(4)).await, done(Done::Released));
    assert_eq!(site.user("PT-OTHER"), Some(before));
}

#[tokio::test]
async fn kill_between_journal_and_router_is_made_good_by_the_repeat() {
    // Each is asked for after the one before has taken effect.
    for word in [
        "/ip/hotspot/user/set",
        "/ip/hotspot/active/print",
        "/ip/hotspot/active/remove",
        "/ip/hotspot/cookie/remove",
    ] {
        let site = Site::new().await;
        sold(&site).await;
        site.fault(FaultKind::Hang, Some(word), Some(1));
        let cut_off = site.run_until(revoke(3), word).await;
        let killed = site.killed();
        let again =
            Command { id: "c".into(), router_id: ROUTER.into(), deadline_ms: DEADLINE_MS, action: revoke(3) };
        assert_eq!(killed.execute(again).await, done(Done::Revoked), "{word}");
        assert!(is_shut_out(&site, "PT-A1B2C"), "{word}");
        cut_off.abort();
    }
}

#[tokio::test]
async fn many_users_are_described_with_one_question() {
    let site = Site::new().await;
    for name in ["a", "b", "c", "d"] {
        site.operator(Request::new("/ip/hotspot/user/add").attribute("name", name)).await;
    }
    let prints = site.count("/ip/hotspot/user/print");
    let names: Vec<String> = ["c", "nobody", "a", "d"].map(String::from).into();
    let outcome = site.run(pagos_protocol::Action::DescribeUsers { names }).await;
    let pagos_protocol::Outcome::Done { done: Done::Users { users } } = outcome else {
        panic!("{outcome:?}")
    };
    let names: Vec<&str> = users.iter().map(|user| user.name.as_str()).collect();
    assert_eq!(names, ["a", "c", "d"]);
    assert_eq!(site.count("/ip/hotspot/user/print"), prints + 1);
    let none = pagos_protocol::Action::DescribeUsers { names: Vec::new() };
    assert_eq!(site.run(none).await, done(Done::Users { users: Vec::new() }));
    let names = (0..51).map(|number| format!("u{number}")).collect();
    let too_many = pagos_protocol::Action::DescribeUsers { names };
    assert_eq!(refused(&site.run(too_many).await), Code::Unsupported);
}
