//! Users who are bound to one device and get a clone for each further one.

use pagos_protocol::{Code, Done, outcome::Usage};
use pagos_simulator::{RouterConfig, fault::FaultKind};

use crate::reconnect::{OTHER_DEVICE, come, come_with, credentials, inside, outside};
use crate::site::*;

const MARKS: &str = "MODE=voucher TL=1h ta=0s";
const THIRD_DEVICE: &str = "AA:BB:CC:00:00:03";

/// A user with an hour, bound to `DEVICE`, and three devices on the network.
async fn bound(site: &Site) {
    let attributes = [
        ("password", "clave"),
        ("profile", "pin"),
        ("comment", MARKS),
        ("mac-address", DEVICE),
        ("limit-uptime", "1h"),
        ("limit-bytes-total", "1000"),
    ];
    site.operator_adds("ana", &attributes).await;
    for (number, mac) in (2..).zip([DEVICE, OTHER_DEVICE, THIRD_DEVICE]) {
        site.device_seen(mac, [10, 5, 50, number]);
    }
}

fn ana(mac: &str) -> pagos_protocol::Action {
    come("ana", "clave", mac)
}

/// Ends all sessions, as when people leave.
async fn all_leave(site: &Site) {
    for row in site.rows("active") {
        let remove = pagos_agent::routeros::Request::new("/ip/hotspot/active/remove");
        site.operator(remove.attribute(".id", &row[".id"])).await;
    }
}

#[tokio::test]
async fn another_device_gets_a_clone_with_what_is_left_on_every_generation() {
    for version in VERSIONS {
        let site = Site::of(version).await;
        bound(&site).await;
        assert_eq!(inside(site.run(ana(DEVICE)).await).1.user, "ana");
        site.time_passes(600);
        site.traffic(DEVICE, 100, 50);
        let (already, session, usage) = inside(site.run(ana(OTHER_DEVICE)).await);
        assert_eq!((already, session.user.as_str()), (false, "ana_RANDMAC1"), "{version}");
        assert_eq!(usage, Usage { used_s: 600, left_s: Some(3_000) });
        let clone = site.user("ana_RANDMAC1").expect("clone");
        for (name, value) in [
            ("password", "clave"),
            ("profile", "pin"),
            ("comment", MARKS),
            ("mac-address", OTHER_DEVICE),
            ("limit-uptime", "50m"),
            ("limit-bytes-total", "850"),
            ("disabled", "false"),
        ] {
            assert_eq!(clone[name], value, "{version}");
        }
        assert!(inside(site.run(ana(OTHER_DEVICE)).await).0, "{version}");
        // Come back under the clone's name, it is the same.
        assert!(inside(site.run(come("ana_RANDMAC1", "clave", OTHER_DEVICE)).await).0, "{version}");
        assert_eq!(site.rows("users").len(), 3, "{version}");
    }
}

#[tokio::test]
async fn user_and_clones_use_one_quota_up_together() {
    let site = Site::new().await;
    bound(&site).await;
    for (mac, minutes) in
        [(DEVICE, 10), (OTHER_DEVICE, 20), (THIRD_DEVICE, 5), (OTHER_DEVICE, 5), (DEVICE, 19)]
    {
        let (_, _, usage) = inside(site.run(ana(mac)).await);
        assert_eq!(usage.used_s + usage.left_s.expect("limited"), 3_600);
        site.time_passes(minutes * 60);
        all_leave(&site).await;
    }
    let names: Vec<_> = site.rows("users").into_iter().map(|row| row["name"].clone()).collect();
    assert_eq!(names[1..], ["ana", "ana_RANDMAC1", "ana_RANDMAC2"]);
    // One minute is left for all of them.
    let (_, _, usage) = inside(site.run(ana(THIRD_DEVICE)).await);
    assert_eq!(usage, Usage { used_s: 3_540, left_s: Some(60) });
    site.time_passes(60);
    assert!(site.rows("active").is_empty());
    for mac in [DEVICE, OTHER_DEVICE, THIRD_DEVICE, "AA:BB:CC:00:00:04"] {
        let (code, usage) = outside(site.run(ana(mac)).await);
        assert_eq!((code, usage.used_s), (Code::AccessExpired, 3_600), "{mac}");
    }
}

#[tokio::test]
async fn what_the_user_itself_may_use_is_remembered_over_restarts_and_an_operator_may_raise_it() {
    let mut site = Site::new().await;
    bound(&site).await;
    inside(site.run(ana(OTHER_DEVICE)).await);
    site.time_passes(1_200);
    all_leave(&site).await;
    for round in 1..=2 {
        let (_, _, usage) = inside(site.run(ana(DEVICE)).await);
        assert_eq!(site.user("ana").expect("user")["limit-uptime"], "40m", "round {round}");
        assert_eq!(usage, Usage { used_s: 1_200, left_s: Some(2_400) });
        all_leave(&site).await;
        site.restart().await;
    }
    // Another hour is sold to her.
    site.operator_sets("ana", "limit-uptime", "2h").await;
    let (_, _, usage) = inside(site.run(ana(DEVICE)).await);
    assert_eq!(usage, Usage { used_s: 1_200, left_s: Some(6_000) });
    assert_eq!(site.user("ana").expect("user")["limit-uptime"], "1h40m");
}

#[tokio::test]
async fn without_marks_or_binding_nobody_gets_a_clone() {
    for (mac, comment) in [(DEVICE, "MODE=1 TL=2"), (DEVICE, ""), ("00:00:00:00:00:00", MARKS)] {
        let site = Site::new().await;
        site.operator_adds("ana", &[("mac-address", mac), ("comment", comment)]).await;
        site.device_seen(OTHER_DEVICE, [10, 5, 50, 3]);
        let outcome = site.run(come("ana", "", OTHER_DEVICE)).await;
        if mac == DEVICE {
            assert_eq!(outside(outcome).0, Code::LoginRefused, "{comment}");
        } else {
            assert_eq!(inside(outcome).1.user, "ana");
        }
        assert_eq!(site.rows("users").len(), 2, "{comment}");
    }
}

#[tokio::test]
async fn lowest_free_number_is_taken_and_never_a_sixteenth() {
    let site = Site::new().await;
    bound(&site).await;
    for number in 1..=15 {
        let (name, mac) = (format!("ana_RANDMAC{number}"), format!("AA:BB:CC:00:01:{number:02X}"));
        site.operator_adds(&name, &[("password", "clave"), ("mac-address", &mac)]).await;
    }
    let users = site.rows("users");
    assert_eq!(outside(site.run(ana(OTHER_DEVICE)).await).0, Code::DeviceLimitReached);
    assert_eq!(site.rows("users"), users);
    site.operator_removes("ana_RANDMAC7").await;
    assert_eq!(inside(site.run(ana(OTHER_DEVICE)).await).1.user, "ana_RANDMAC7");
    assert_eq!(outside(site.run(ana(THIRD_DEVICE)).await).0, Code::DeviceLimitReached);
}

#[tokio::test]
async fn clone_is_not_left_behind_by_a_refused_login_or_an_absent_device() {
    let site = Site::new().await;
    bound(&site).await;
    let users = site.rows("users");
    assert_eq!(outside(site.run(ana("AA:BB:CC:00:00:09")).await).0, Code::DeviceNotSeen);
    assert_eq!(site.rows("users"), users);
    site.fault(FaultKind::Error, Some("/ip/hotspot/active/login"), Some(1));
    assert_eq!(outside(site.run(ana(OTHER_DEVICE)).await).0, Code::LoginRefused);
    assert_eq!(site.rows("users"), users);
    site.fault(FaultKind::Error, Some("/ip/hotspot/user/add"), None);
    assert_eq!(outside(site.run(ana(OTHER_DEVICE)).await).0, Code::LoginRefused);
    assert_eq!(site.rows("users"), users);
    site.mend();
    inside(site.run(ana(OTHER_DEVICE)).await);
}

#[tokio::test]
async fn lost_answer_of_the_add_makes_no_second_clone() {
    for kind in [FaultKind::DropBefore, FaultKind::DropAfter] {
        let site = Site::new().await;
        bound(&site).await;
        site.fault(kind, Some("/ip/hotspot/user/add"), Some(1));
        assert_eq!(inside(site.run(ana(OTHER_DEVICE)).await).1.user, "ana_RANDMAC1");
        assert_eq!(site.rows("users").len(), 3);
    }
}

#[tokio::test]
async fn devices_that_come_at_once_get_one_clone_each() {
    let site = Site::new().await;
    bound(&site).await;
    let (one, two, again) =
        tokio::join!(site.run(ana(OTHER_DEVICE)), site.run(ana(THIRD_DEVICE)), site.run(ana(OTHER_DEVICE)));
    let (one, two, again) = (inside(one).1.user, inside(two).1.user, inside(again).1.user);
    assert_eq!(one, again);
    assert_ne!(one, two);
    assert_eq!(site.rows("users").len(), 4);
}

#[tokio::test]
async fn hidden_password_of_a_stranger_is_copied_by_the_router_and_judged_by_it() {
    let site = Site::with(RouterConfig { sensitive: false, ..router() }).await;
    bound(&site).await;
    let users = site.rows("users");
    assert_eq!(refused(&site.run(come("ana", "otra", OTHER_DEVICE)).await), Code::CredentialsInvalid);
    assert_eq!(site.rows("users"), users, "the clone is gone again");
    assert_eq!(inside(site.run(ana(OTHER_DEVICE)).await).1.user, "ana_RANDMAC1");
    let clone = site.user("ana_RANDMAC1").expect("clone");
    assert_eq!((clone["password"].as_str(), clone["mac-address"].as_str()), ("clave", OTHER_DEVICE));
    // Of one that was sold here the password is known.
    let sold = come_with(credentials("ana", "clave", Some("clave")), THIRD_DEVICE);
    assert_eq!(inside(site.run(sold).await).1.user, "ana_RANDMAC2");
    assert_eq!(site.user("ana_RANDMAC2").expect("clone")["password"], "clave");
}

#[tokio::test]
async fn clones_are_shut_out_with_a_user_whose_money_went_back() {
    let site = Site::new().await;
    site.run(reserve(1)).await;
    site.run(confirm(2)).await;
    for (attribute, value) in [("comment", MARKS), ("mac-address", DEVICE)] {
        site.operator_sets("PT-A1B2C", attribute, value).await;
    }
    site.device_seen(OTHER_DEVICE, [10, 5, 50, 3]);
    let come = || come("PT-A1B2C", "0417", OTHER_DEVICE);
    assert_eq!(inside(site.run(come()).await).1.user, "PT-A1B2C_RANDMAC1");
    assert_eq!(site.run(revoke(3)).await, done(Done::Revoked));
    for name in ["PT-A1B2C", "PT-A1B2C_RANDMAC1"] {
        assert_eq!(site.user(name).expect("user")["disabled"], "true", "{name}");
    }
    assert!(site.rows("active").is_empty() && site.rows("cookies").is_empty());
    assert_eq!(outside(site.run(come()).await).0, Code::AccessExpired);
}
