//! Logging in, out, and changing the password.

use serde_json::json;

use crate::world::{PASSWORD, SUPER_EMAIL, World};

const LOGIN: &str = "/api/v1/auth/login";
const ME: &str = "/admin/dashboard";

#[tokio::test]
async fn a_login_tells_who_it_is_and_until_when() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    let answer = world.post(LOGIN, None, &json!({"email": tenant.email, "password": PASSWORD})).await.good();
    assert_eq!(answer["token_type"], "bearer");
    assert_eq!(answer["user"]["rol"], "cliente_admin");
    assert_eq!(answer["user"]["empresa_id"], tenant.company.as_str());
    assert_eq!(answer["user"]["activo"], true);
    assert!(!answer["expires_at"].as_str().expect("text").ends_with('Z'));
}

#[tokio::test]
async fn unknown_users_and_wrong_passwords_get_one_answer() {
    let world = World::start().await;
    for (email, password) in [(SUPER_EMAIL, "wrong password"), ("nobody@example.org", PASSWORD)] {
        world.post(LOGIN, None, &json!({"email": email, "password": password})).await.is(401, "login_failed");
    }
    let issues = world.post(LOGIN, None, &json!({"email": "nobody"})).await.issues();
    assert_eq!(issues.len(), 2);
}

#[tokio::test]
async fn an_address_is_not_tried_without_end() {
    let world = World::start().await;
    let log_in = async |email: &str, password: &str| {
        world.post(LOGIN, None, &json!({"email": email, "password": password})).await
    };
    for email in [SUPER_EMAIL, "nobody@example.org"] {
        for _ in 0..10 {
            log_in(email, "wrong password").await.is(401, "login_failed");
        }
        let refused = log_in(email, PASSWORD).await;
        refused.is(429, "rate_limited");
        assert_eq!(refused.header("retry-after"), "7");
    }
    log_in(&SUPER_EMAIL.to_uppercase(), PASSWORD).await.is(429, "rate_limited");
    log_in("somebody@example.org", PASSWORD).await.is(401, "login_failed");
    world.advance(6_000);
    for _ in 0..3 {
        log_in(SUPER_EMAIL, PASSWORD).await.good();
    }
}

#[tokio::test]
async fn an_inactive_user_is_told_so_only_with_the_right_password() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    let users = world.get("/admin/usuarios?rol=cliente_admin", Some(&world.operator)).await.good();
    let path = format!("/admin/usuarios/{}/toggle-activo", users[0]["id"]);
    world.put(&path, Some(&world.operator), &json!({})).await.is(200, "user_deactivated");
    let login = |password: &'static str| {
        let body = json!({"email": tenant.email, "password": password});
        let world = &world;
        async move { world.post(LOGIN, None, &body).await }
    };
    login("wrong password").await.is(401, "login_failed");
    login(PASSWORD).await.is(401, "user_inactive");
    world.get("/api/v1/admin/mi-empresa", Some(&tenant.session)).await.is(401, "user_inactive");
    world.put(&path, Some(&world.operator), &json!({})).await.is(200, "user_activated");
    world.get("/api/v1/admin/mi-empresa", Some(&tenant.session)).await.good();
}

#[tokio::test]
async fn an_admin_of_an_inactive_company_is_told_so_everywhere() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    world.switch_company_off(&tenant.company).await;
    let (session, body) = (Some(tenant.session.as_str()), json!({}));
    world.get("/api/v1/admin/mi-empresa", session).await.is(403, "company_inactive");
    world.post("/api/v1/auth/change-password", session, &body).await.is(403, "company_inactive");
    world.post("/api/v1/auth/logout", session, &body).await.is(403, "company_inactive");
    world.get(ME, session).await.is(403, "role_forbidden");
    world.get("/api/v1/config/public", Some(&tenant.api_key)).await.is(403, "company_inactive");
}

#[tokio::test]
async fn a_session_ends_with_logout_and_with_time() {
    let world = World::start().await;
    let token = world.log_in(SUPER_EMAIL, PASSWORD).await;
    world.get(ME, Some(&token)).await.good();
    world.post("/api/v1/auth/logout", Some(&token), &json!({})).await.is(200, "logged_out");
    world.get(ME, Some(&token)).await.is(401, "session_invalid");
    world.get(ME, Some(&world.operator)).await.good();
    world.advance(24 * 3_600_000);
    world.get(ME, Some(&world.operator)).await.is(401, "session_expired");
}

#[tokio::test]
async fn credentials_that_are_no_session_are_refused() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    world.get(ME, None).await.is(401, "credentials_missing");
    for token in [
        "abc",
        "a.b.c",
        tenant.api_key.as_str(),
        "eyJhbGciOiJub25lIn0.eyJqdGkiOiJ4IiwiZXhwIjo5OTk5OTk5OTk5fQ.",
    ] {
        world.get(ME, Some(token)).await.is(401, "session_invalid");
    }
    world.get(ME, Some(&tenant.session)).await.is(403, "role_forbidden");
    world.get("/api/v1/admin/mi-empresa", Some(&world.operator)).await.is(403, "role_forbidden");
}

#[tokio::test]
async fn a_changed_password_ends_the_other_sessions() {
    let world = World::start().await;
    let path = "/api/v1/auth/change-password";
    let (here, there) = (world.operator.clone(), world.log_in(SUPER_EMAIL, PASSWORD).await);
    let change = |current: &str, new: &str| json!({"current_password": current, "new_password": new});
    world.post(path, None, &change(PASSWORD, "otra clave larga")).await.is(401, "credentials_missing");
    let wrong = world.post(path, Some(&here), &change("wrong password", "otra clave larga")).await;
    wrong.is(400, "current_password_wrong");
    for common in ["short", "password123", ""] {
        let issues = world.post(path, Some(&here), &change(PASSWORD, common)).await.issues();
        assert_eq!(issues, [("value_error".to_owned(), "new_password".to_owned())]);
    }
    let changed = world.post(path, Some(&here), &change(PASSWORD, "otra clave larga")).await;
    changed.is(200, "password_changed");
    world.get(ME, Some(&here)).await.good();
    world.get(ME, Some(&there)).await.is(401, "session_invalid");
    world.log_in(SUPER_EMAIL, "otra clave larga").await;
}
