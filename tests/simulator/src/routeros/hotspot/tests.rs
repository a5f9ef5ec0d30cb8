use super::*;

const MAC: Mac = Mac([2, 0, 0, 0, 0, 1]);
const OTHER_MAC: Mac = Mac([2, 0, 0, 0, 0, 2]);
const IP: Ipv4Addr = Ipv4Addr::new(10, 5, 50, 1);
const OTHER_IP: Ipv4Addr = Ipv4Addr::new(10, 5, 50, 2);
const HOUR_MS: u64 = 3_600_000;

/// A hotspot with the user `maria`, changed as wanted, and two devices.
fn hotspot(change: impl Fn(&mut User)) -> (Hotspot, u32) {
    let mut hotspot = Hotspot::new(None);
    let mut user = User { name: b"maria".to_vec(), password: b"clave".to_vec(), ..User::default() };
    change(&mut user);
    let id = hotspot.users.add(user).unwrap();
    hotspot.host_seen(0, MAC, IP);
    hotspot.host_seen(0, OTHER_MAC, OTHER_IP);
    (hotspot, id)
}

fn request(ip: Ipv4Addr) -> LoginRequest {
    LoginRequest { user: b"maria".to_vec(), password: b"clave".to_vec(), ip, mac: None, method: Method::Api }
}

fn refusal(hotspot: &mut Hotspot, now_ms: u64, request: &LoginRequest) -> String {
    hotspot.login(now_ms, request).unwrap_err().message
}

#[test]
fn each_reason_to_refuse_a_login_has_the_routers_text() {
    let (mut hotspot, id) = hotspot(|_| ());
    let nowhere = Ipv4Addr::new(10, 5, 50, 99);
    assert_eq!(refusal(&mut hotspot, 0, &request(nowhere)), "unknown host IP 10.5.50.99");
    let other_device = LoginRequest { mac: Some(OTHER_MAC), ..request(IP) };
    assert_eq!(refusal(&mut hotspot, 0, &other_device), "wrong MAC");
    let wrong_password = LoginRequest { password: b"no".to_vec(), ..request(IP) };
    assert_eq!(refusal(&mut hotspot, 0, &wrong_password), "invalid username or password");
    let nobody = LoginRequest { user: b"nadie".to_vec(), ..request(IP) };
    assert_eq!(refusal(&mut hotspot, 0, &nobody), "invalid username or password");
    let trial = LoginRequest { user: b"default-trial".to_vec(), password: Vec::new(), ..request(IP) };
    assert_eq!(refusal(&mut hotspot, 0, &trial), "invalid username or password");
    hotspot.users.set_disabled(id, true);
    assert_eq!(refusal(&mut hotspot, 0, &request(IP)), "invalid username or password");
    hotspot.users.set_disabled(id, false);
    hotspot.login(0, &request(IP)).unwrap();
    assert_eq!(refusal(&mut hotspot, 0, &request(IP)), "already logged in");
    assert_eq!(refusal(&mut hotspot, 0, &request(OTHER_IP)), "no more sessions are allowed for user maria");
}

#[test]
fn a_user_may_be_bound_to_a_device_or_to_a_server() {
    let (mut hotspot, id) = hotspot(|user| user.mac = Some(OTHER_MAC));
    let text = "user maria is not allowed to log in from this MAC address";
    assert_eq!(refusal(&mut hotspot, 0, &request(IP)), text);
    hotspot.login(0, &request(OTHER_IP)).unwrap();
    let elsewhere = User { server: Some(b"hotspot2".to_vec()), ..hotspot.users.get(id).unwrap().clone() };
    hotspot.users.replace(elsewhere).unwrap();
    assert_eq!(refusal(&mut hotspot, 0, &request(IP)), "invalid username or password");
}

#[test]
fn the_licence_caps_all_sessions() {
    let (hotspot, _) = hotspot(|_| ());
    let mut hotspot = Hotspot { sessions_max: Some(1), ..hotspot };
    hotspot.users.add(User { name: b"ana".to_vec(), ..User::default() }).unwrap();
    hotspot.login(0, &request(IP)).unwrap();
    let ana = LoginRequest { user: b"ana".to_vec(), password: Vec::new(), ..request(OTHER_IP) };
    assert!(refusal(&mut hotspot, 0, &ana).contains("session limit reached"));
}

#[test]
fn removing_or_disabling_a_user_ends_neither_session_nor_cookie() {
    let (mut hotspot, id) = hotspot(|_| ());
    hotspot.login(0, &request(IP)).unwrap();
    hotspot.users.set_disabled(id, true);
    hotspot.settle(1000);
    assert_eq!((hotspot.sessions().count(), hotspot.cookies().count()), (1, 1));
    hotspot.remove_user(id).unwrap();
    hotspot.settle(2000);
    assert_eq!((hotspot.sessions().count(), hotspot.cookies().count()), (1, 1));
}

#[test]
fn paid_time_counts_over_sessions_and_ends_the_last_one() {
    let (mut hotspot, id) = hotspot(|user| user.limit_uptime_s = 3600);
    hotspot.login(0, &request(IP)).unwrap();
    hotspot.end_session(IP, HOUR_MS / 2).unwrap();
    assert_eq!(hotspot.user_uptime_ms(hotspot.users.get(id).unwrap(), HOUR_MS), HOUR_MS / 2);
    hotspot.login(HOUR_MS, &request(IP)).unwrap();
    hotspot.settle(HOUR_MS + HOUR_MS / 2 - 1);
    assert_eq!(hotspot.sessions().count(), 1);
    hotspot.settle(HOUR_MS + HOUR_MS / 2);
    assert_eq!(hotspot.sessions().count(), 0);
    assert_eq!(refusal(&mut hotspot, 2 * HOUR_MS, &request(IP)), "user maria has reached uptime limit");
    hotspot.reset_counters(id, 2 * HOUR_MS);
    hotspot.login(2 * HOUR_MS, &request(IP)).unwrap();
}

#[test]
fn sessions_of_one_user_share_the_paid_time() {
    let (mut hotspot, id) = hotspot(|user| user.limit_uptime_s = 3600);
    let shared = Profile { shared_users: Some(2), ..hotspot.profiles.get(0).unwrap().clone() };
    hotspot.profiles.replace(shared).unwrap();
    hotspot.login(0, &request(IP)).unwrap();
    hotspot.login(0, &request(OTHER_IP)).unwrap();
    hotspot.settle(HOUR_MS / 2 - 1);
    assert_eq!(hotspot.sessions().count(), 2);
    hotspot.settle(HOUR_MS / 2);
    assert_eq!(hotspot.sessions().count(), 0);
    assert_eq!(hotspot.user_uptime_ms(hotspot.users.get(id).unwrap(), HOUR_MS), HOUR_MS);
}

#[test]
fn a_session_timeout_starts_anew_with_each_login_and_takes_the_cookie() {
    let (mut hotspot, _) = hotspot(|_| ());
    let hourly = hotspot.profiles.resolve(b"1h").unwrap();
    let user = User { profile: hourly, ..hotspot.users.named(b"maria").next().unwrap().clone() };
    hotspot.users.replace(user).unwrap();
    hotspot.login(0, &request(IP)).unwrap();
    hotspot.settle(HOUR_MS);
    assert_eq!((hotspot.sessions().count(), hotspot.cookies().count()), (0, 0));
    hotspot.login(HOUR_MS, &request(IP)).unwrap();
    assert_eq!(hotspot.sessions().next().unwrap().deadline_ms, Some(2 * HOUR_MS));
}

#[test]
fn a_device_with_a_cookie_is_back_as_soon_as_it_sends_traffic() {
    let (mut hotspot, id) = hotspot(|_| ());
    hotspot.login(0, &request(IP)).unwrap();
    hotspot.end_session(IP, 1000).unwrap();
    assert_eq!(hotspot.cookies().count(), 1, "ending the session leaves the cookie");
    hotspot.host_seen(2000, MAC, IP);
    assert_eq!(hotspot.sessions().next().map(|session| session.method), Some(Method::MacCookie));
    hotspot.end_session(IP, 3000).unwrap();
    hotspot.users.set_disabled(id, true);
    hotspot.host_seen(4000, MAC, IP);
    assert_eq!(
        (hotspot.sessions().count(), hotspot.cookies().count()),
        (0, 0),
        "a cookie that fails is gone"
    );
}

#[test]
fn a_profile_without_cookies_makes_none_and_cookies_expire() {
    let (mut hotspot, _) = hotspot(|_| ());
    let profile = hotspot.profiles.get(0).unwrap().clone();
    hotspot.profiles.replace(Profile { add_mac_cookie: false, ..profile.clone() }).unwrap();
    hotspot.login(0, &request(IP)).unwrap();
    assert_eq!(hotspot.cookies().count(), 0);
    hotspot.end_session(IP, 0).unwrap();
    hotspot.profiles.replace(profile).unwrap();
    hotspot.login(0, &request(IP)).unwrap();
    hotspot.settle(72 * HOUR_MS - 1);
    assert_eq!(hotspot.cookies().count(), 1);
    hotspot.settle(72 * HOUR_MS);
    assert_eq!((hotspot.cookies().count(), hotspot.sessions().count()), (0, 1));
}

#[test]
fn a_device_that_changes_its_address_loses_the_old_row_and_session() {
    let (mut hotspot, _) = hotspot(|_| ());
    let profile = Profile { add_mac_cookie: false, ..hotspot.profiles.get(0).unwrap().clone() };
    hotspot.profiles.replace(profile).unwrap();
    hotspot.login(0, &request(IP)).unwrap();
    hotspot.host_seen(1000, MAC, OTHER_IP);
    assert_eq!(hotspot.sessions().count(), 0);
    let rows: Vec<(Mac, Ipv4Addr)> = hotspot.hosts().map(|host| (host.mac, host.ip)).collect();
    assert_eq!(rows, [(MAC, OTHER_IP)]);
}

#[test]
fn names_are_unique_per_server_and_found_after_a_change() {
    let (mut hotspot, id) = hotspot(|_| ());
    let maria = hotspot.users.get(id).unwrap().clone();
    assert!(hotspot.users.add(maria.clone()).is_err());
    let bound = User { server: Some(SERVER.to_vec()), ..maria.clone() };
    hotspot.users.add(bound).unwrap();
    assert_eq!(hotspot.users.named(b"maria").count(), 2);
    hotspot.users.replace(User { name: b"ana".to_vec(), ..maria }).unwrap();
    assert_eq!(hotspot.users.named(b"ana").map(|user| user.id).collect::<Vec<_>>(), [id]);
    assert_eq!(hotspot.users.named(b"maria").count(), 1);
}

#[test]
fn profiles_are_matched_by_prefix() {
    let (hotspot, _) = hotspot(|_| ());
    assert_eq!(hotspot.profiles.resolve(b"de"), Ok(0));
    assert_eq!(hotspot.profiles.resolve(b"1d"), Ok(2));
    let text = |name: &[u8]| hotspot.profiles.resolve(name).unwrap_err().message;
    assert_eq!(text(b"1"), "ambiguous value of profile, more than one possible value matches input");
    assert_eq!(text(b"2h"), "input does not match any value of profile");
    assert_eq!(text(b""), "input does not match any value of profile");
}

#[test]
fn bytes_count_over_sessions_and_end_the_one_that_reaches_the_limit() {
    let (mut hotspot, id) = hotspot(|user| user.limit_bytes = [0, 0, 1_000]);
    assert!(!hotspot.traffic(0, MAC, [1, 1]), "nobody is online");
    hotspot.login(0, &request(IP)).unwrap();
    assert!(hotspot.traffic(0, MAC, [300, 400]));
    assert_eq!(hotspot.sessions().next().unwrap().bytes, [300, 400]);
    hotspot.end_session(IP, 10).unwrap();
    assert_eq!(hotspot.user_bytes(hotspot.users.get(id).unwrap()), [300, 400]);
    hotspot.login(20, &request(IP)).unwrap();
    assert!(hotspot.traffic(30, MAC, [0, 300]));
    assert_eq!((hotspot.sessions().count(), hotspot.cookies().count()), (0, 0));
    assert_eq!(refusal(&mut hotspot, 40, &request(IP)), "user maria has reached traffic limit");
    hotspot.reset_counters(id, 50);
    hotspot.login(50, &request(IP)).unwrap();
    assert_eq!(hotspot.user_bytes(hotspot.users.get(id).unwrap()), [0, 0]);
}
