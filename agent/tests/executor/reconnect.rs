use std::time::Duration;

use pagos_agent::routeros::Request;
use pagos_protocol::{
    Action, Code, Done, Outcome, Secret,
    command::{Credentials, Reconnect},
    outcome::{Session, Usage},
};
use pagos_simulator::{RouterConfig, fault::FaultKind};

use crate::site::*;

pub(crate) const OTHER_DEVICE: &str = "AA:BB:CC:00:00:02";

pub(crate) fn credentials(name: &str, password: &str, sold: Option<&str>) -> Credentials {
    Credentials { name: name.into(), password: Secret::new(password), sold: sold.map(Secret::new) }
}

/// Somebody who was not sold here comes with a device.
pub(crate) fn come(name: &str, password: &str, mac: &str) -> Action {
    come_with(credentials(name, password, None), mac)
}

pub(crate) fn come_with(credentials: Credentials, mac: &str) -> Action {
    Action::Reconnect(Reconnect { credentials, mac: mac.into(), ip: None })
}

/// The session of a device that was let in: whether it had it before, and what its user has used.
#[track_caller]
pub(crate) fn inside(outcome: Outcome) -> (bool, Session, Usage) {
    match outcome {
        Outcome::Done { done: Done::Reconnected { already, session, usage } } => (already, session, usage),
        other => panic!("not let in: {other:?}"),
    }
}

/// Why a device stays outside whose user proved to be it, and what that has used.
#[track_caller]
pub(crate) fn outside(outcome: Outcome) -> (Code, Usage) {
    match outcome {
        Outcome::Done { done: Done::NotReconnected { code, usage, .. } } => (code, usage),
        other => panic!("not kept outside: {other:?}"),
    }
}

async fn sold(site: &Site) {
    site.run(reserve(1)).await;
    site.run(confirm(2)).await;
    site.device_seen(DEVICE, [10, 5, 50, 2]);
    site.device_seen(OTHER_DEVICE, [10, 5, 50, 3]);
}

#[tokio::test]
async fn buyer_comes_back_with_another_mac_on_every_generation() {
    for version in VERSIONS {
        let site = Site::of(version).await;
        sold(&site).await;
        assert_eq!(site.run(login(2)).await, done(Done::LoggedIn { already: false }));
        site.time_passes(90);
        let (already, session, usage) = inside(site.run(come("PT-A1B2C", "0417", OTHER_DEVICE)).await);
        assert!(!already, "{version}");
        assert_eq!((session.user.as_str(), session.address.as_str()), ("PT-A1B2C", "10.5.50.3"), "{version}");
        assert_eq!((usage.used_s, usage.left_s), (90, None), "{version}");
        let active = site.rows("active");
        assert_eq!((active.len(), active[0]["mac-address"].as_str()), (1, OTHER_DEVICE), "{version}");
        site.traffic(OTHER_DEVICE, 70, 5_000_000_000);
        let (already, session, _) = inside(site.run(come("PT-A1B2C", "0417", OTHER_DEVICE)).await);
        assert!(already, "{version}");
        assert_eq!((session.bytes_in, session.bytes_out), (70, 5_000_000_000), "{version}");
    }
}

#[tokio::test]
async fn pin_needs_no_password_and_takes_none() {
    let site = Site::new().await;
    site.run(reserve_pin(1)).await;
    site.device_seen(DEVICE, [10, 5, 50, 2]);
    // Reserved and not paid: for people it is not there yet.
    assert_eq!(refused(&site.run(come("PT-A1B2C", "", DEVICE)).await), Code::CredentialsInvalid);
    site.run(confirm(2)).await;
    assert_eq!(refused(&site.run(come("PT-A1B2C", "1", DEVICE)).await), Code::CredentialsInvalid);
    assert!(!inside(site.run(come("PT-A1B2C", "", DEVICE)).await).0);
}

#[tokio::test]
async fn whoever_does_not_prove_to_be_the_user_leaves_no_trace() {
    let site = Site::new().await;
    sold(&site).await;
    let before = (site.rows("users"), site.count("/ip/hotspot/active/login"));
    for (name, password) in [
        ("PT-A1B2C", "417"),
        ("PT-A1B2C", ""),
        ("PT-A1B2", "0417"),
        ("pt-a1b2c", "0417"),
        ("PT-A1B2C_RANDMAC1", "0417"),
        ("nadie", ""),
        ("", ""),
    ] {
        let outcome = site.run(come(name, password, DEVICE)).await;
        assert_eq!(refused(&outcome), Code::CredentialsInvalid, "{name} {password}");
    }
    assert_eq!((site.rows("users"), site.count("/ip/hotspot/active/login")), before);
}

#[tokio::test]
async fn expired_access_is_told_with_what_was_used() {
    for (limit, value) in [("limit-uptime", "10m"), ("limit-bytes-in", "900"), ("limit-bytes-total", "1500")]
    {
        let site = Site::new().await;
        site.operator_adds("ana", &[("password", "x1"), (limit, value)]).await;
        site.device_seen(DEVICE, [10, 5, 50, 2]);
        let (_, _, usage) = inside(site.run(come("ana", "x1", DEVICE)).await);
        assert_eq!(usage, Usage { used_s: 0, left_s: (limit == "limit-uptime").then_some(600) });
        site.time_passes(599);
        site.traffic(DEVICE, 899, 600);
        assert_eq!(site.rows("active").len(), 1, "{limit}");
        site.time_passes(1);
        if site.rows("active").len() == 1 {
            site.traffic(DEVICE, 1, 0);
        }
        let (code, usage) = outside(site.run(come("ana", "x1", DEVICE)).await);
        assert_eq!((code, usage.used_s), (Code::AccessExpired, 600), "{limit}");
    }
}

#[tokio::test]
async fn disabled_user_has_no_access_and_password_comes_first() {
    let site = Site::new().await;
    site.operator_adds("ana", &[("password", "x1"), ("disabled", "yes")]).await;
    site.device_seen(DEVICE, [10, 5, 50, 2]);
    assert_eq!(outside(site.run(come("ana", "x1", DEVICE)).await).0, Code::AccessExpired);
    assert_eq!(refused(&site.run(come("ana", "x2", DEVICE)).await), Code::CredentialsInvalid);
}

#[tokio::test]
async fn device_that_is_not_seen_yet_is_waited_for_within_the_time() {
    let site = Site::new().await;
    site.operator_adds("ana", &[]).await;
    let began = std::time::Instant::now();
    assert_eq!(outside(site.run(come("ana", "", DEVICE)).await).0, Code::DeviceNotSeen);
    assert!(began.elapsed() < Duration::from_secs(8));
    let coming = async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        site.device_seen(DEVICE, [10, 5, 50, 2]);
    };
    let (outcome, ()) = tokio::join!(site.run(come("ana", "", DEVICE)), coming);
    assert!(!inside(outcome).0);
}

#[tokio::test]
async fn hidden_password_is_compared_with_the_one_that_was_sold() {
    let site = Site::with(RouterConfig { sensitive: false, ..router() }).await;
    sold(&site).await;
    let sold = |given| come_with(credentials("PT-A1B2C", given, Some("0417")), DEVICE);
    for wrong in ["0418", "", "*****"] {
        assert_eq!(refused(&site.run(sold(wrong)).await), Code::CredentialsInvalid, "{wrong}");
    }
    assert_eq!(site.count("/ip/hotspot/active/login"), 0);
    assert!(!inside(site.run(sold("0417")).await).0);
    assert!(inside(site.run(sold("0417")).await).0);
    assert_eq!(refused(&site.run(sold("0418")).await), Code::CredentialsInvalid);
}

#[tokio::test]
async fn router_judges_the_hidden_password_of_a_user_that_was_not_sold_here() {
    let site = Site::with(RouterConfig { sensitive: false, ..router() }).await;
    site.operator_adds("socio", &[("password", "clave")]).await;
    site.device_seen(DEVICE, [10, 5, 50, 2]);
    site.device_seen(OTHER_DEVICE, [10, 5, 50, 3]);
    assert_eq!(refused(&site.run(come("socio", "no", DEVICE)).await), Code::CredentialsInvalid);
    assert!(!inside(site.run(come("socio", "clave", DEVICE)).await).0);
    // Nobody is put out by a wrong password, and nobody is told that somebody else is online.
    assert_eq!(refused(&site.run(come("socio", "no", OTHER_DEVICE)).await), Code::CredentialsInvalid);
    assert_eq!(site.rows("active")[0]["mac-address"], DEVICE);
    assert_eq!(outside(site.run(come("socio", "no", DEVICE)).await).0, Code::LoginRefused);
    assert!(!inside(site.run(come("socio", "clave", OTHER_DEVICE)).await).0);
    assert_eq!(site.rows("active")[0]["mac-address"], OTHER_DEVICE);
}

#[tokio::test]
async fn each_refusal_of_the_router_has_its_reason() {
    for (text, code) in [
        ("session limit reached (license)", Code::LicenseLimitReached),
        ("failure: not allowed by device-mode", Code::DeviceModeForbids),
        ("no valid profile found for user ana", Code::RadiusFailed),
        ("RADIUS server is not responding", Code::RadiusFailed),
        ("no more sessions are allowed for user ana", Code::DeviceLimitReached),
        ("user ana has reached traffic limit", Code::AccessExpired),
        ("invalid username or password", Code::LoginRefused),
        ("user ana is not allowed to log in from this MAC address", Code::LoginRefused),
        ("límite alcanzado", Code::LoginRefused),
    ] {
        let site = Site::new().await;
        site.operator_adds("ana", &[("password", "x1")]).await;
        site.device_seen(DEVICE, [10, 5, 50, 2]);
        let request = pagos_simulator::fault::FaultRequest {
            pattern: Some("/ip/hotspot/active/login".into()),
            message: Some(text.into()),
            ..pagos_simulator::fault::FaultRequest::new("router", FaultKind::Error)
        };
        site.simulator.control().faults.post(request).expect("fault");
        assert_eq!(outside(site.run(come("ana", "x1", DEVICE)).await).0, code, "{text}");
    }
}

#[tokio::test]
async fn licence_of_one_session_keeps_the_second_user_out() {
    let site = Site::with(RouterConfig { license: 1, ..router() }).await;
    for (name, mac, last) in [("ana", DEVICE, 2), ("eva", OTHER_DEVICE, 3)] {
        site.operator_adds(name, &[]).await;
        site.device_seen(mac, [10, 5, 50, last]);
    }
    inside(site.run(come("ana", "", DEVICE)).await);
    assert_eq!(outside(site.run(come("eva", "", OTHER_DEVICE)).await).0, Code::LicenseLimitReached);
}

#[tokio::test]
async fn shared_profile_lets_as_many_in_as_it_says() {
    let site = Site::new().await;
    let profile = Request::new("/ip/hotspot/user/profile/add").attribute("name", "dos");
    site.operator(profile.attribute("shared-users", "2")).await;
    site.operator_adds("ana", &[("profile", "dos")]).await;
    for (number, mac) in (2..).zip([DEVICE, OTHER_DEVICE, "AA:BB:CC:00:00:03"]) {
        site.device_seen(mac, [10, 5, 50, number]);
    }
    inside(site.run(come("ana", "", DEVICE)).await);
    inside(site.run(come("ana", "", OTHER_DEVICE)).await);
    let third = site.run(come("ana", "", "AA:BB:CC:00:00:03")).await;
    assert_eq!(outside(third).0, Code::DeviceLimitReached);
    assert_eq!(site.rows("active").len(), 2);
}

#[tokio::test]
async fn router_that_is_away_is_not_the_users_fault() {
    let site = Site::new().await;
    site.operator_adds("ana", &[]).await;
    site.fault(FaultKind::Away, None, None);
    assert_eq!(refused(&site.run(come("ana", "", DEVICE)).await), Code::RouterUnreachable);
    site.mend();
}

#[tokio::test]
async fn lost_answer_of_a_login_is_looked_up() {
    let site = Site::new().await;
    site.operator_adds("ana", &[]).await;
    site.device_seen(DEVICE, [10, 5, 50, 2]);
    site.fault(FaultKind::DropAfter, Some("/ip/hotspot/active/login"), Some(1));
    inside(site.run(come("ana", "", DEVICE)).await);
    assert_eq!(site.count("/ip/hotspot/active/login"), 1);
}

#[tokio::test]
async fn it_asks_for_few_rows_however_many_users_there_are() {
    let site = Site::with(RouterConfig { users: 5_000, ..router() }).await;
    sold(&site).await;
    let before = site.commands();
    inside(site.run(come("PT-A1B2C", "0417", OTHER_DEVICE)).await);
    // User, sessions, host, login, sessions.
    assert_eq!(site.commands() - before, 5);
}

#[tokio::test]
async fn accented_names_and_profiles_go_through_unchanged() {
    for version in VERSIONS {
        let site = Site::of(version).await;
        let profile = Request::new("/ip/hotspot/user/profile/add").attribute("name", "día ñ");
        site.operator(profile).await;
        site.operator_adds("Peña ü", &[("password", "contraseña"), ("profile", "día ñ")]).await;
        site.device_seen(DEVICE, [10, 5, 50, 2]);
        let (_, session, _) = inside(site.run(come("Peña ü", "contraseña", DEVICE)).await);
        assert_eq!(session.user, "Peña ü", "{version}");
    }
}
