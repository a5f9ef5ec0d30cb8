use std::time::Duration;

use pagos_agent::routeros::Request;
use pagos_protocol::{Action, Code, Done, command::Login};

use crate::site::*;

const OTHER_DEVICE: &str = "AA:BB:CC:00:00:02";

#[tokio::test]
async fn device_is_online_on_both_generations() {
    for version in VERSIONS {
        let site = Site::of(version).await;
        site.run(reserve(1)).await;
        site.run(confirm(2)).await;
        site.device_seen(DEVICE, [10, 5, 50, 2]);
        assert_eq!(site.run(login(3)).await, done(Done::LoggedIn { already: false }), "{version}");
        assert_eq!(site.rows("active")[0]["mac-address"], DEVICE);
        assert_eq!(site.run(login(4)).await, done(Done::LoggedIn { already: true }), "{version}");
    }
}

#[tokio::test]
async fn confirmation_that_comes_after_the_login_is_done() {
    let site = Site::new().await;
    site.run(reserve(1)).await;
    site.device_seen(DEVICE, [10, 5, 50, 2]);
    assert_eq!(site.run(login(3)).await, done(Done::LoggedIn { already: false }));
    assert_eq!(site.run(confirm(2)).await, done(Done::Confirmed));
}

#[tokio::test]
async fn device_that_is_not_there_is_waited_for_a_little() {
    let site = Site::new().await;
    site.run(reserve(1)).await;
    assert_eq!(refused(&site.run(login(1)).await), Code::DeviceNotSeen);
    let coming = async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        site.device_seen(DEVICE, [10, 5, 50, 2]);
    };
    let (outcome, ()) = tokio::join!(site.run(login(1)), coming);
    assert_eq!(outcome, done(Done::LoggedIn { already: false }));
}

#[tokio::test]
async fn wrong_password_is_refused_with_the_routers_words() {
    let site = Site::new().await;
    site.run(reserve_pin(1)).await;
    site.device_seen(DEVICE, [10, 5, 50, 2]);
    let outcome = site.run(login(1)).await;
    assert_eq!(refused(&outcome), Code::LoginRefused);
    assert!(format!("{outcome:?}").contains("invalid username or password"));
}

#[tokio::test]
async fn session_on_another_device_is_ended_when_the_profile_allows_one() {
    let site = Site::new().await;
    site.run(reserve(1)).await;
    site.device_seen(DEVICE, [10, 5, 50, 2]);
    site.device_seen(OTHER_DEVICE, [10, 5, 50, 3]);
    site.run(login(1)).await;
    assert_eq!(site.run(login_of(2, OTHER_DEVICE)).await, done(Done::LoggedIn { already: false }));
    let active = site.rows("active");
    assert_eq!(active.len(), 1);
    assert_eq!(active[0]["mac-address"], OTHER_DEVICE);
}

#[tokio::test]
async fn sessions_of_a_shared_profile_stay_and_reach_their_limit() {
    let site = Site::new().await;
    let profile = Request::new("/ip/hotspot/user/profile/add").attribute("name", "dos");
    site.operator(profile.attribute("shared-users", "2")).await;
    let mut reservation = reservation(1);
    reservation.profile = "dos".into();
    site.run(pagos_protocol::Action::Reserve(reservation)).await;
    for (last, mac) in [(2, DEVICE), (3, OTHER_DEVICE)] {
        site.device_seen(mac, [10, 5, 50, last]);
        assert_eq!(site.run(login_of(u64::from(last), mac)).await, done(Done::LoggedIn { already: false }));
    }
    site.device_seen("AA:BB:CC:00:00:03", [10, 5, 50, 4]);
    assert_eq!(refused(&site.run(login_of(9, "AA:BB:CC:00:00:03")).await), Code::DeviceLimitReached);
    assert_eq!(site.rows("active").len(), 2);
}

#[tokio::test]
async fn address_that_the_portal_saw_is_only_a_hint() {
    for (version, hint) in (3..).zip(["10.5.50.2", "192.168.7.7", "not an address"]) {
        let site = Site::new().await;
        site.run(reserve(1)).await;
        site.device_seen(DEVICE, [10, 5, 50, 2]);
        let Action::Login(login) = login(version) else { unreachable!("it is a login") };
        let login = Action::Login(Login { ip: Some(hint.into()), ..login });
        assert_eq!(site.run(login).await, done(Done::LoggedIn { already: false }), "{hint}");
    }
}

#[tokio::test]
async fn text_that_is_no_mac_never_reaches_the_router() {
    let site = Site::new().await;
    assert_eq!(refused(&site.run(login_of(1, "; /system reboot")).await), Code::LoginRefused);
    assert_eq!(site.commands(), 0);
}
