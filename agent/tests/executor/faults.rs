//! Every act, every fault, before and after the effect.

use std::time::{Duration, Instant};

use pagos_protocol::{Action, Code, Done, Outcome};
use pagos_simulator::fault::{FaultKind, FaultRequest};

use crate::site::*;

const ADD: &str = "/ip/hotspot/user/add";
const PROFILE_PRINT: &str = "/ip/hotspot/user/profile/print";

/// Every command word that the acts of a purchase send.
const WORDS: [&str; 11] = [
    PROFILE_PRINT,
    ADD,
    "/ip/hotspot/user/print",
    "/ip/hotspot/user/set",
    "/ip/hotspot/user/remove",
    "/ip/hotspot/host/print",
    "/ip/hotspot/active/print",
    "/ip/hotspot/active/login",
    "/ip/hotspot/active/remove",
    "/ip/hotspot/cookie/print",
    "/ip/hotspot/cookie/remove",
];

#[tokio::test]
async fn connection_cut_once_anywhere_changes_no_outcome() {
    for version in VERSIONS {
        for kind in [FaultKind::DropBefore, FaultKind::DropAfter] {
            for word in WORDS {
                whole_life(version, kind, word).await;
            }
        }
    }
}

async fn whole_life(version: &str, kind: FaultKind, word: &str) {
    let site = Site::of(version).await;
    site.device_seen(DEVICE, [10, 5, 50, 2]);
    let steps = [
        (reserve_pin(1), done(Done::Reserved)),
        (confirm(2), done(Done::Confirmed)),
        (login_with_pin(3), done(Done::LoggedIn { already: false })),
        (release(4), done(Done::Released)),
    ];
    for (action, expected) in steps {
        site.fault(kind, Some(word), Some(1));
        let outcome = site.run(action.clone()).await;
        assert_eq!(outcome, expected, "{version} {kind:?} {word} {action:?}");
        site.mend();
    }
    assert!(site.user("PT-A1B2C").is_none(), "{version} {kind:?} {word}");
    assert!(site.rows("active").is_empty() && site.rows("cookies").is_empty(), "{version} {kind:?} {word}");
}

fn login_with_pin(version: u64) -> Action {
    let Action::Login(login) = login(version) else { unreachable!("it is a login") };
    Action::Login(pagos_protocol::command::Login { password: pagos_protocol::Secret::new(""), ..login })
}

#[tokio::test]
async fn error_that_hides_a_made_user_is_seen_through() {
    let site = Site::new().await;
    site.fault(FaultKind::ErrorAfter, Some(ADD), Some(1));
    assert_eq!(site.run(reserve(1)).await, done(Done::Reserved));
    assert!(site.user("PT-A1B2C").is_some());
}

#[tokio::test]
async fn error_without_effect_leaves_nothing() {
    let site = Site::new().await;
    site.fault(FaultKind::Error, Some(ADD), None);
    assert_eq!(refused(&site.run(reserve(1)).await), Code::RouterError);
    assert!(site.user("PT-A1B2C").is_none());
}

#[tokio::test]
async fn hanging_question_is_refused_at_the_deadline() {
    let site = Site::new().await;
    site.fault(FaultKind::Hang, Some(PROFILE_PRINT), None);
    let before = Instant::now();
    assert_eq!(refused(&site.run_within(reserve(1), 800).await), Code::DeadlinePassed);
    assert!(before.elapsed() < Duration::from_millis(1_200));
    site.mend();
    assert!(site.user("PT-A1B2C").is_none());
}

#[tokio::test]
async fn hanging_add_is_failed_and_its_release_leaves_nothing() {
    let site = Site::new().await;
    site.fault(FaultKind::Hang, Some(ADD), None);
    assert_eq!(failed(&site.run_within(reserve(1), 500).await), Code::DeadlinePassed);
    assert_eq!(site.run(release(2)).await, done(Done::Released));
    site.mend();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(site.user("PT-A1B2C").is_none(), "the add was cancelled before its release was done");
}

#[tokio::test]
async fn add_that_comes_too_late_is_cancelled() {
    let site = Site::new().await;
    let delay = FaultRequest {
        pattern: Some(ADD.into()),
        delay_ms: Some(1_500),
        count: Some(1),
        ..FaultRequest::new("router", FaultKind::Delay)
    };
    site.simulator.control().faults.post(delay).expect("fault");
    assert_eq!(failed(&site.run_within(reserve(1), 500).await), Code::DeadlinePassed);
    assert_eq!(site.run(release(2)).await, done(Done::Released));
    tokio::time::sleep(Duration::from_millis(1_600)).await;
    assert!(site.user("PT-A1B2C").is_none());
}

#[tokio::test]
async fn release_waits_until_a_late_add_has_ended() {
    let site = Site::new().await;
    let delay = FaultRequest {
        pattern: Some(ADD.into()),
        delay_ms: Some(1_000),
        count: Some(1),
        ..FaultRequest::new("router", FaultKind::Delay)
    };
    site.simulator.control().faults.post(delay).expect("fault");
    // A router that cannot be stopped.
    site.fault(FaultKind::Hang, Some("/cancel"), None);
    assert_eq!(failed(&site.run_within(reserve(1), 300).await), Code::DeadlinePassed);
    assert_eq!(site.run(release(2)).await, done(Done::Released));
    assert_eq!(site.count(ADD), 1);
    tokio::time::sleep(Duration::from_millis(1_000)).await;
    assert!(site.user("PT-A1B2C").is_none());
}

#[tokio::test]
async fn router_away_in_the_middle_is_waited_for() {
    let site = Site::new().await;
    site.run(Action::Probe).await;
    site.fault(FaultKind::DropAfter, Some(ADD), Some(1));
    site.fault(FaultKind::DropBefore, Some("/login"), Some(3));
    assert_eq!(site.run(reserve(1)).await, done(Done::Reserved));
    assert_eq!(site.count("/login"), 5);
}

#[tokio::test]
async fn router_that_stays_away_after_an_add_is_failed_not_refused() {
    let site = Site::new().await;
    site.run(Action::Probe).await;
    site.fault(FaultKind::DropAfter, Some(ADD), Some(1));
    site.fault(FaultKind::DropBefore, Some("/login"), None);
    assert_eq!(failed(&site.run_within(reserve(1), 1_500).await), Code::RouterUnreachable);
    site.mend();
    // The same command again finds out.
    assert_eq!(site.run(reserve(1)).await, done(Done::Reserved));
    assert_eq!(site.run(release(2)).await, done(Done::Released));
    assert!(site.user("PT-A1B2C").is_none());
}

#[tokio::test]
async fn connection_that_always_breaks_ends_in_an_outcome() {
    for word in [ADD, PROFILE_PRINT] {
        let site = Site::new().await;
        site.fault(FaultKind::DropBefore, Some(word), None);
        let outcome = site.run_within(reserve(1), 3_000).await;
        assert!(matches!(outcome, Outcome::Failed { .. } | Outcome::Refused { .. }), "{outcome:?}");
        site.mend();
        assert!(site.user("PT-A1B2C").is_none());
    }
}

#[tokio::test]
async fn permission_that_is_missing_has_its_own_code() {
    let site = Site::new().await;
    let error = FaultRequest {
        pattern: Some(ADD.into()),
        message: Some("not enough permissions (9)".into()),
        ..FaultRequest::new("router", FaultKind::Error)
    };
    site.simulator.control().faults.post(error).expect("fault");
    assert_eq!(refused(&site.run(reserve(1)).await), Code::PermissionDenied);
}
