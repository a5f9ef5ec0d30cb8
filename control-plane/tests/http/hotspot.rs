//! Users of a hotspot who come back: what portals are told, with a box that says what the user's name asks for.

use pagos_control_plane::gateway::GatewayName;
use pagos_protocol::command::{Credentials, Reconnect};
use pagos_protocol::enrolment::Token;
use pagos_protocol::outcome::{Session, Usage, User};
use pagos_protocol::{Action, Code, Command, Done, Outcome};
use serde_json::{Value, json};

use crate::a_box::{enroll, join};
use crate::shop::Shop;
use crate::world::{Answer, Tenant, World, text};

const RECONNECT: &str = "/api/v1/hotspot/auto-reconnect";
const PROFILE: &str = "/api/v1/hotspot/user/profile-info";
const MAC: &str = "a0-b1-c2-d3-e4-f5";

/// A world with a company whose box is connected.
async fn site() -> (World, Tenant) {
    site_with(&[]).await
}

async fn site_with(more: &[(&str, String)]) -> (World, Tenant) {
    let world = World::start_with(more).await;
    let tenant = world.tenant("Parque").await;
    let path = format!("/admin/empresas/{}/routers/{}/enrolamiento", tenant.company, tenant.router);
    let enrolment = world.post(&path, Some(&world.operator), &json!({})).await.good();
    let token = Token::decode(&text(&enrolment["token"])).expect("token");
    let enrolled = enroll(&world, &token).await.expect("enrolled");
    let (link, _) = join(&world, &enrolled).await;
    tokio::spawn(link.obey(answer));
    (world, tenant)
}

/// What the box says: the user's name names the outcome.
pub fn answer(command: &Command) -> Outcome {
    match &command.action {
        Action::Reconnect(ask) => reconnect(ask),
        Action::CheckUser { credentials } => check(credentials),
        _ => Outcome::refused(Code::Unsupported, ""),
    }
}

fn reconnect(ask: &Reconnect) -> Outcome {
    let Credentials { name, password, sold } = &ask.credentials;
    let usage = Usage { used_s: 3_725, left_s: Some(90) };
    if let Some(failed) = failure(name) {
        return failed;
    }
    let code = match name.as_str() {
        "expired" => Code::AccessExpired,
        "refused" => Code::LoginRefused,
        "license" => Code::LicenseLimitReached,
        "device-mode" => Code::DeviceModeForbids,
        "radius" => Code::RadiusFailed,
        "unverified" => Code::LoginUnverified,
        "unseen" => Code::DeviceNotSeen,
        "full" => Code::DeviceLimitReached,
        _ => {
            let sold = sold.as_ref().map(|sold| sold.expose() == password.expose());
            let session = Session {
                // What was asked, for the test to see.
                user: format!("{name} {} {:?} sold {sold:?}", ask.mac, ask.ip),
                address: "10.5.50.9".into(),
                uptime: "2s".into(),
                bytes_in: 7,
                bytes_out: 5_000_000_000,
            };
            return Outcome::done(Done::Reconnected { already: name == "already", session, usage });
        }
    };
    Outcome::done(Done::NotReconnected { code, detail: "the router's words".into(), usage })
}

fn check(credentials: &Credentials) -> Outcome {
    let Credentials { name, password, sold } = credentials;
    if let Some(failed) = failure(name) {
        return failed;
    }
    let sold = sold.as_ref().map(|sold| sold.expose() == password.expose());
    let user = User {
        id: "*1F".into(),
        name: name.clone(),
        profile: "día".into(),
        disabled: false,
        comment: format!("sold {sold:?}"),
        limit_uptime: (name != "endless").then(|| "1h".into()),
    };
    Outcome::done(Done::UserChecked {
        user,
        pin: password.expose().is_empty(),
        mac_cookie_timeout: Some("3d".into()),
        mac_authentication: false,
    })
}

fn failure(name: &str) -> Option<Outcome> {
    let code = match name {
        "stranger" => Code::CredentialsInvalid,
        "away" => Code::RouterUnreachable,
        "login-failed" => Code::RouterLoginFailed,
        "slow" => Code::DeadlinePassed,
        "busy" => Code::Busy,
        "broken" => Code::RouterError,
        "forbidden" => Code::PermissionDenied,
        "old-agent" => Code::Unsupported,
        _ => return None,
    };
    Some(if code == Code::DeadlinePassed { Outcome::failed(code, "") } else { Outcome::refused(code, "") })
}

fn visit(name: &str) -> Value {
    json!({"username": name, "password": "0417", "current_mac": MAC, "current_ip": "10.5.50.9"})
}

async fn come(world: &World, tenant: &Tenant, name: &str) -> Value {
    world.post(RECONNECT, Some(&tenant.api_key), &visit(name)).await.good()
}

async fn profile(world: &World, tenant: &Tenant, body: Value) -> Value {
    world.post(PROFILE, Some(&tenant.api_key), &body).await.good()
}

/// Checks keys that every answer of the reconnection has, and the words of this one.
#[track_caller]
fn is_told(body: &Value, success: bool, state: &str, code: &str) {
    let mut keys: Vec<&str> = body.as_object().expect("an object").keys().map(String::as_str).collect();
    keys.sort_unstable();
    let expected = [
        "auto_conexion",
        "code",
        "datos_sesion",
        "error_detalle",
        "estado",
        "mensaje",
        "nueva_mac",
        "primera_sesion",
        "success",
        "tiempo_acumulado",
        "tiempo_restante",
        "timestamp",
    ];
    assert_eq!(keys, expected);
    assert_eq!(
        (&body["success"], &body["estado"], &body["code"]),
        (&json!(success), &json!(state), &json!(code))
    );
    assert_eq!(body["auto_conexion"], if success { "conectado" } else { "no_conectado" });
    assert_eq!(body["error_detalle"], if success { Value::Null } else { json!(code) });
    assert_eq!(body["datos_sesion"].is_object(), success);
    assert_eq!((&body["nueva_mac"], &body["primera_sesion"]), (&json!(MAC), &Value::Null));
    assert!(body["mensaje"].as_str().is_some_and(|text| text.len() > 10), "{body}");
    assert!(!body.to_string().contains("0417"), "a password: {body}");
}

#[tokio::test]
async fn every_end_of_a_return_has_its_words() {
    let (world, tenant) = site().await;
    for (name, success, state, code) in [
        ("ana", true, "activo", "reconnected"),
        ("already", true, "activo", "already_connected"),
        ("stranger", false, "expirado", "credentials_invalid"),
        ("expired", false, "expirado", "access_expired"),
        ("refused", false, "activo", "login_refused"),
        ("license", false, "activo", "login_refused"),
        ("device-mode", false, "activo", "login_refused"),
        ("radius", false, "activo", "login_refused"),
        ("unverified", false, "activo", "login_unverified"),
        ("unseen", false, "activo", "device_not_seen"),
        ("full", false, "activo", "device_limit_reached"),
        ("away", false, "error", "router_unreachable"),
        ("login-failed", false, "error", "router_unreachable"),
        ("slow", false, "error", "router_unreachable"),
        ("busy", false, "error", "router_unreachable"),
        ("broken", false, "error", "internal_error"),
        ("forbidden", false, "error", "internal_error"),
        ("old-agent", false, "error", "internal_error"),
    ] {
        let body = come(&world, &tenant, name).await;
        is_told(&body, success, state, code);
        // Whoever proved to be the user is told its time.
        let known = !["stranger", "away", "login-failed", "slow", "busy", "broken", "forbidden", "old-agent"]
            .contains(&name);
        let times = if known { (json!("1h2m5s"), json!("1m30s")) } else { (Value::Null, Value::Null) };
        assert_eq!((body["tiempo_acumulado"].clone(), body["tiempo_restante"].clone()), times, "{name}");
    }
    let session = &come(&world, &tenant, "ana").await["datos_sesion"];
    let expected = json!({"user": "ana A0:B1:C2:D3:E4:F5 Some(\"10.5.50.9\") sold None", "address": "10.5.50.9",
        "uptime": "2s", "bytes-in": 7, "bytes-out": 5_000_000_000_i64});
    assert_eq!(session, &expected);
    // Why a router refuses is said to people, since there is one code for all of it.
    let mut sentences = Vec::new();
    for name in ["refused", "license", "device-mode", "radius"] {
        sentences.push(come(&world, &tenant, name).await["mensaje"].clone());
    }
    sentences.sort_by_key(ToString::to_string);
    sentences.dedup();
    assert_eq!(sentences.len(), 4);
}

#[tokio::test]
async fn names_are_decoded_once_and_no_device_is_let_in_by_its_address() {
    let (world, tenant) = site().await;
    for (sent, name) in [("Pe%C3%B1a%201", "Peña 1"), ("100%25", "100%"), ("a%zz", "a%zz"), ("a+b", "a+b")] {
        let body = come(&world, &tenant, sent).await;
        let user = text(&body["datos_sesion"]["user"]);
        assert!(user.starts_with(&format!("{name} A0:")), "{user}");
    }
    for name in [
        "AA:BB:CC:00:11:22",
        "aa-bb-cc-00-11-22",
        "aa.bb.cc.00.11.22",
        "AA%3ABB%3ACC%3A00%3A11%3A22",
        "",
        "a%00b",
    ] {
        is_told(&come(&world, &tenant, name).await, false, "expirado", "credentials_invalid");
    }
    // Without separators it is a name like any other.
    is_told(&come(&world, &tenant, "AABBCC001122").await, true, "activo", "reconnected");
}

#[tokio::test]
async fn fields_of_a_return_are_read_as_the_old_service_did() {
    let (world, tenant) = site().await;
    let post = async |body: Value| world.post(RECONNECT, Some(&tenant.api_key), &body).await;
    let issue = |kind: &str, field: &str| vec![(kind.to_owned(), field.to_owned())];
    let missing =
        [("missing".to_owned(), "username".to_owned()), ("missing".to_owned(), "current_mac".to_owned())];
    assert_eq!(post(json!({})).await.issues(), missing);
    for mac in ["", "aa:bb", "zz:bb:cc:00:11:22"] {
        let answer = post(json!({"username": "ana", "current_mac": mac})).await;
        assert_eq!(answer.issues(), issue("value_error", "current_mac"), "{mac}");
    }
    for mac in [Value::Null, json!(7)] {
        let answer = post(json!({"username": "ana", "current_mac": mac})).await;
        assert_eq!(answer.issues(), issue("string_type", "current_mac"), "{mac}");
    }
    for ip in ["x", "::1", "10.0.0.256"] {
        let answer = post(json!({"username": "ana", "current_mac": MAC, "current_ip": ip})).await;
        assert_eq!(answer.issues(), issue("value_error", "current_ip"), "{ip}");
    }
    let answer = post(json!({"username": "ana", "current_mac": MAC, "password": ["x"]})).await;
    assert_eq!(answer.issues(), issue("string_type", "password"));
    let answer = post(json!({"username": "a".repeat(256), "current_mac": MAC})).await;
    assert_eq!(answer.issues(), issue("string_too_long", "username"));
    // Numbers count as texts; what is not used is not looked at.
    let body =
        post(json!({"username": 12345, "password": null, "current_mac": "A0B1C2D3E4F5", "current_ip": "",
        "stored_mac": "not a MAC", "current_ssid": 7, "more": {}}));
    let body = body.await.good();
    assert_eq!(body["datos_sesion"]["user"], "12345 A0:B1:C2:D3:E4:F5 None sold None");
    assert_eq!(body["nueva_mac"], "A0B1C2D3E4F5");
}

#[tokio::test]
async fn only_the_routers_own_key_opens_it() {
    let (world, tenant) = site().await;
    for path in [RECONNECT, PROFILE] {
        world.post(path, None, &visit("ana")).await.is(401, "credentials_missing");
        world.post(path, Some(&tenant.session), &visit("ana")).await.is(401, "api_key_malformed");
        let other = world.tenant(if path == PROFILE { "Plaza" } else { "Patio" }).await;
        // Its own router has no box.
        let body = world.post(path, Some(&other.api_key), &visit("ana")).await.good();
        assert_eq!((&body["estado"], &body["code"]), (&json!("error"), &json!("router_unreachable")));
    }
    let path = format!("/admin/empresas/{}/routers/{}/toggle-activo", tenant.company, tenant.router);
    world.put(&path, Some(&world.operator), &json!({})).await.good();
    is_told(&come(&world, &tenant, "ana").await, false, "router_inactivo", "router_inactive");
    is_told(&come(&world, &tenant, "AA:BB:CC:00:11:22").await, false, "router_inactivo", "router_inactive");
    let body = profile(&world, &tenant, json!({"username": "ana"})).await;
    assert_eq!(
        (&body["estado"], &body["code"], &body["error_detalle"]),
        (&json!("router_inactivo"), &json!("router_inactive"), &json!("router_inactivo"))
    );
}

#[tokio::test]
async fn profile_is_told_to_who_gives_the_password() {
    let (world, tenant) = site().await;
    let body = profile(&world, &tenant, json!({"username": "ana", "password": "0417"})).await;
    let timestamp = body["timestamp"].clone();
    let expected = json!({
        "success": true, "estado": "ok", "username": "ana", "tipo_usuario": "usuario_contrasena", "profile": "día",
        "mac_cookie_timeout": "3d", "mac_authentication": false, "disabled": false, "comment": "sold None",
        "limit_uptime": "1h",
        "datos_completos": {".id": "*1F", "name": "ana", "profile": "día", "disabled": false, "comment": "sold None",
            "limit-uptime": "1h"},
        "mensaje": null, "code": null, "error_detalle": null, "timestamp": timestamp,
    });
    assert_eq!(body, expected);
    assert!(timestamp.as_str().is_some_and(|text| text.contains('T') && !text.ends_with('Z')));
    for password in [json!(""), Value::Null] {
        let body = profile(&world, &tenant, json!({"username": "endless", "password": password})).await;
        assert_eq!((&body["tipo_usuario"], &body["limit_uptime"]), (&json!("pin"), &Value::Null));
    }
    let body = profile(&world, &tenant, json!({"username": "ana"})).await;
    assert_eq!(body["tipo_usuario"], "pin");
    // Names are taken as they are here.
    let body = profile(&world, &tenant, json!({"username": "a%20b"})).await;
    assert_eq!(body["username"], "a%20b");
}

#[tokio::test]
async fn every_refusal_of_a_profile_has_its_words() {
    let (world, tenant) = site().await;
    for (name, state, code, detail) in [
        ("stranger", "credenciales_invalidas", "credentials_invalid", "credenciales_invalidas"),
        ("", "credenciales_invalidas", "credentials_invalid", "credenciales_invalidas"),
        ("away", "error", "router_unreachable", "router_unreachable"),
        ("slow", "error", "router_unreachable", "router_unreachable"),
        ("broken", "error", "internal_error", "internal_error"),
        ("old-agent", "error", "internal_error", "internal_error"),
    ] {
        let body = profile(&world, &tenant, json!({"username": name, "password": "0417"})).await;
        assert_eq!(
            (&body["success"], &body["estado"], &body["code"], &body["error_detalle"]),
            (&json!(false), &json!(state), &json!(code), &json!(detail)),
            "{name}"
        );
        assert_eq!(body["username"], name);
        for absent in [
            "tipo_usuario",
            "profile",
            "mac_cookie_timeout",
            "mac_authentication",
            "disabled",
            "comment",
            "limit_uptime",
            "datos_completos",
        ] {
            assert_eq!(body.get(absent), Some(&Value::Null), "{absent}");
        }
    }
    let answer = world.post(PROFILE, Some(&tenant.api_key), &json!({"password": {}})).await;
    let issues =
        [("missing".to_owned(), "username".to_owned()), ("string_type".to_owned(), "password".to_owned())];
    assert_eq!(answer.issues(), issues);
}

#[tokio::test]
async fn guessing_is_slowed_and_whoever_is_right_is_not() {
    let patience = [
        ("PAGOS_LIMITS__GUESSES_PER_MINUTE", "6"),
        ("PAGOS_LIMITS__GUESSES_PER_USER_PER_MINUTE", "3"),
        ("PAGOS_LIMITS__GUESSES_PER_DEVICE_PER_MINUTE", "4"),
    ];
    let (world, tenant) = site_with(&patience.map(|(name, value)| (name, value.to_owned()))).await;
    let slowed = |answer: &Answer| {
        answer.is(429, "rate_limited");
        assert!(answer.header("retry-after").parse::<u64>().is_ok_and(|seconds| (1..=60).contains(&seconds)));
    };
    for _ in 0..20 {
        come(&world, &tenant, "ana").await;
        come(&world, &tenant, "expired").await;
        come(&world, &tenant, "away").await;
    }
    for _ in 0..3 {
        is_told(&come(&world, &tenant, "stranger").await, false, "expirado", "credentials_invalid");
    }
    // The user is protected: under the names of its clones, too, and at both endpoints.
    for name in ["stranger", "STRANGER", "stranger_RANDMAC3"] {
        slowed(&world.post(RECONNECT, Some(&tenant.api_key), &visit(name)).await);
    }
    slowed(&world.post(PROFILE, Some(&tenant.api_key), &json!({"username": "stranger"})).await);
    come(&world, &tenant, "ana").await;
    world.advance(60_000);
    is_told(&come(&world, &tenant, "stranger").await, false, "expirado", "credentials_invalid");
    let other = world.tenant("Plaza").await;
    world.post(PROFILE, Some(&other.api_key), &json!({"username": "stranger"})).await.good();
}

#[tokio::test]
async fn what_a_user_was_sold_with_goes_to_its_own_router_only() {
    let shop = Shop::open().await;
    let (world, tenant) = (&shop.world, &shop.tenant);
    let sold = shop.sell(GatewayName::Conekta).await;
    let answer =
        world.get(&format!("/api/v1/payments/{}", sold.purchase), Some(&tenant.api_key)).await.good();
    let (name, password) =
        (text(&answer["usuario_hotspot"]["usuario"]), text(&answer["usuario_hotspot"]["contrasena"]));
    let ask =
        |name: String, password: &str| json!({"username": name, "password": password, "current_mac": MAC});
    for (name, given, seen) in [
        (name.clone(), password.as_str(), "sold Some(true)"),
        (name.clone(), "wrong", "sold Some(false)"),
        (format!("{name}_RANDMAC1"), password.as_str(), "sold Some(true)"),
        (format!("{name}x"), password.as_str(), "sold None"),
    ] {
        let body = world.post(RECONNECT, Some(&tenant.api_key), &ask(name.clone(), given)).await.good();
        assert!(text(&body["datos_sesion"]["user"]).ends_with(seen), "{body}");
        let body = world.post(PROFILE, Some(&tenant.api_key), &ask(name, given)).await.good();
        assert_eq!(body["comment"], seen);
    }
}
