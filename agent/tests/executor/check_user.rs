use pagos_agent::routeros::Request;
use pagos_protocol::{Action, Code, Done, Outcome, outcome::User};
use pagos_simulator::{RouterConfig, fault::FaultKind};

use crate::reconnect::credentials;
use crate::site::*;

fn check(name: &str, password: &str) -> Action {
    Action::CheckUser { credentials: credentials(name, password, None) }
}

#[track_caller]
fn checked(outcome: Outcome) -> (User, bool, Option<String>) {
    match outcome {
        Outcome::Done { done: Done::UserChecked { user, pin, mac_cookie_timeout, mac_authentication } } => {
            assert!(!mac_authentication, "routers have no such property");
            (user, pin, mac_cookie_timeout)
        }
        other => panic!("not checked: {other:?}"),
    }
}

#[tokio::test]
async fn user_is_reported_to_who_gives_its_password_on_every_generation() {
    for version in VERSIONS {
        let site = Site::of(version).await;
        let profile = Request::new("/ip/hotspot/user/profile/add").attribute("name", "día");
        site.operator(profile.attribute("mac-cookie-timeout", "2d")).await;
        let attributes =
            [("password", "0417"), ("profile", "día"), ("limit-uptime", "1h"), ("comment", "mesa 4")];
        site.operator_adds("ana", &attributes).await;
        let (user, pin, cookie) = checked(site.run(check("ana", "0417")).await);
        assert_eq!(
            (user.name.as_str(), user.profile.as_str(), user.comment.as_str()),
            ("ana", "día", "mesa 4")
        );
        assert_eq!((user.disabled, user.limit_uptime.as_deref()), (false, Some("1h")), "{version}");
        assert_eq!((pin, cookie.as_deref()), (false, Some("2d")), "{version}");
        for (name, password) in [("ana", "417"), ("ana", ""), ("an", "0417"), ("ANA", "0417"), ("", "")] {
            let outcome = site.run(check(name, password)).await;
            assert_eq!(refused(&outcome), Code::CredentialsInvalid, "{name} {password}");
        }
    }
}

#[tokio::test]
async fn pin_is_known_by_its_empty_password() {
    let site = Site::new().await;
    site.run(reserve_pin(1)).await;
    assert_eq!(refused(&site.run(check("PT-A1B2C", "")).await), Code::CredentialsInvalid, "not paid yet");
    site.run(confirm(2)).await;
    let (user, pin, _) = checked(site.run(check("PT-A1B2C", "")).await);
    assert!(pin && user.comment.is_empty());
    assert_eq!(refused(&site.run(check("PT-A1B2C", "x")).await), Code::CredentialsInvalid);
}

#[tokio::test]
async fn mark_of_a_reservation_is_never_shown() {
    let site = Site::new().await;
    site.run(reserve(1)).await;
    let (user, _, _) = checked(site.run(check("PT-A1B2C", "0417")).await);
    assert_eq!(user.comment, "");
}

#[tokio::test]
async fn hidden_password_counts_only_if_it_was_sold_here() {
    let site = Site::with(RouterConfig { sensitive: false, ..router() }).await;
    site.operator_adds("ana", &[("password", "0417")]).await;
    assert_eq!(refused(&site.run(check("ana", "0417")).await), Code::CredentialsInvalid);
    assert_eq!(refused(&site.run(check("ana", "*****")).await), Code::CredentialsInvalid);
    let sold = |given| Action::CheckUser { credentials: credentials("ana", given, Some("0417")) };
    assert_eq!(checked(site.run(sold("0417")).await).0.name, "ana");
    assert_eq!(refused(&site.run(sold("0418")).await), Code::CredentialsInvalid);
}

#[tokio::test]
async fn router_that_is_away_is_no_wrong_password() {
    let site = Site::new().await;
    site.fault(FaultKind::Away, None, None);
    assert_eq!(refused(&site.run(check("ana", "")).await), Code::RouterUnreachable);
    site.mend();
}
