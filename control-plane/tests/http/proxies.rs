//! Who is told to wait, and who is believed about whom a request comes from.

use reqwest::Method;
use serde_json::json;

use crate::world::{PASSWORD, SUPER_EMAIL, World};

/// As configured by default.
const REFUSED_PER_MINUTE: usize = 300;
const WRONG_PASSWORDS_PER_MINUTE: usize = 30;
const FROM: &str = "x-forwarded-for";

#[tokio::test]
async fn who_is_refused_again_and_again_is_told_to_wait_and_good_ones_beside_are_not() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    let ask = async |key: &str, from: &str| {
        world.send(Method::GET, "/api/v1/config/public", Some(key), None, &[(FROM, from)]).await
    };
    for _ in 0..REFUSED_PER_MINUTE {
        ask("jwt_a.b.c", "203.0.113.7").await.is(401, "api_key_invalid");
    }
    let waiting = ask("jwt_a.b.c", "203.0.113.7").await;
    waiting.is(429, "rate_limited");
    assert_ne!(waiting.header("retry-after"), "");
    // Neither the phones of the same site, nor anybody else.
    ask(&tenant.api_key, "203.0.113.7").await.good();
    ask("jwt_a.b.c", "203.0.113.8").await.is(401, "api_key_invalid");
    // What the client itself says stands before what the proxy notes.
    ask("jwt_a.b.c", "198.51.100.1, 203.0.113.7").await.is(429, "rate_limited");
    let panel = "/api/v1/admin/mi-empresa";
    let session = world.send(Method::GET, panel, Some("x.y.z"), None, &[(FROM, "203.0.113.7")]).await;
    session.is(429, "rate_limited");
    world.send(Method::GET, panel, Some(&tenant.session), None, &[(FROM, "203.0.113.7")]).await.good();
    world.advance(60_000);
    ask("jwt_a.b.c", "203.0.113.7").await.is(401, "api_key_invalid");
}

#[tokio::test]
async fn one_address_tries_so_many_passwords_whatever_the_user() {
    let world = World::start().await;
    let log_in = async |email: &str, password: &str, from: &str| {
        let body = json!({"email": email, "password": password}).to_string();
        world.send(Method::POST, "/api/v1/auth/login", None, Some(body), &[(FROM, from)]).await
    };
    for number in 0..WRONG_PASSWORDS_PER_MINUTE {
        log_in(&format!("u{number}@example.org"), "mala", "203.0.113.7").await.is(401, "login_failed");
        // A right one costs nothing.
        if number % 10 == 0 {
            log_in(SUPER_EMAIL, PASSWORD, "203.0.113.7").await.good();
        }
    }
    log_in("u99@example.org", "mala", "203.0.113.7").await.is(429, "rate_limited");
    log_in(SUPER_EMAIL, PASSWORD, "203.0.113.7").await.is(429, "rate_limited");
    log_in(SUPER_EMAIL, PASSWORD, "203.0.113.8").await.good();
}

#[tokio::test]
async fn a_key_that_asks_too_often_is_told_to_wait_and_another_is_not() {
    let limit = [("PAGOS_LIMITS__REQUESTS_PER_KEY_PER_MINUTE", "20".to_owned())];
    let world = World::start_with(&limit).await;
    let (tenant, other) = (world.tenant("Parque").await, world.tenant("Plaza").await);
    let path = "/api/v1/catalogo_perfiles_venta";
    for _ in 0..20 {
        world.get(path, Some(&tenant.api_key)).await.good();
    }
    let waiting = world.get(path, Some(&tenant.api_key)).await;
    waiting.is(429, "rate_limited");
    assert_eq!(waiting.header("retry-after"), "4");
    world.get(path, Some(&other.api_key)).await.good();
    world.advance(3_000);
    world.get(path, Some(&tenant.api_key)).await.good();
}

#[tokio::test]
async fn without_a_proxy_nobody_is_believed() {
    let alone = [("PAGOS_HTTP__TRUSTED_PROXIES", String::new())];
    let world = World::start_with(&alone).await;
    let ask = async |from: &str| {
        world.send(Method::GET, "/api/v1/config/public", Some("jwt_a.b.c"), None, &[(FROM, from)]).await
    };
    for number in 0..REFUSED_PER_MINUTE {
        ask(&format!("203.0.113.{}", number % 200)).await.is(401, "api_key_invalid");
    }
    ask("198.51.100.1").await.is(429, "rate_limited");
}
