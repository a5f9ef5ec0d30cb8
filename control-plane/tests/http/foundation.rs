//! What holds for every endpoint.

use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{PANEL, World};

#[tokio::test]
async fn unknown_paths_and_methods_are_told_in_json() {
    let world = World::start().await;
    world.get("/api/v1/nope", None).await.is(404, "route_not_found");
    world.get("/nope/", None).await.is(404, "route_not_found");
    world.get("//example.org/", None).await.is(404, "route_not_found");
    world.delete("/health", None).await.is(405, "method_not_allowed");
    let refused = world.put("/api/v1/config/public", None, &json!({})).await;
    refused.is(405, "method_not_allowed");
    world.get("/admin/empresas/EMP_1/routers/%00", Some(&world.operator)).await.is(404, "route_not_found");
}

#[tokio::test]
async fn a_slash_too_many_is_redirected() {
    let world = World::start().await;
    let answer = world.get("/api/v1/catalogo_perfiles_venta/?limit=1", None).await;
    assert_eq!(answer.status.as_u16(), 307);
    assert_eq!(answer.header("location"), "/api/v1/catalogo_perfiles_venta?limit=1");
}

#[tokio::test]
async fn service_endpoints_answer_anybody() {
    let world = World::start().await;
    let root = world.get("/", None).await.good();
    assert_eq!(root["status"], "running");
    assert!(root["timestamp"].as_str().expect("text").ends_with('Z'));
    assert!(root.get("code").is_none());
    assert_eq!(world.get("/health", None).await.good(), json!({"status": "healthy"}));
    assert_eq!(world.get("/ready", None).await.good()["status"], "ready");
}

#[tokio::test]
async fn errors_speak_the_language_that_was_asked_for() {
    let world = World::start().await;
    let spanish = world.get("/nope", None).await.json()["detail"].clone();
    let english =
        world.send(Method::GET, "/nope", None, None, &[("accept-language", "en-US,en;q=0.9")]).await;
    assert_eq!(spanish, "Esa ruta no existe.");
    assert_eq!(english.json()["detail"], "There is nothing at this path.");
}

#[tokio::test]
async fn bodies_are_limited_and_must_be_objects() {
    let world = World::start().await;
    let path = "/api/v1/auth/login";
    let send = |body: String| world.send(Method::POST, path, None, Some(body), &[]);
    send("x".repeat(70_000)).await.is(413, "body_too_large");
    let kind = |answer: Value| answer["detail"][0]["type"].clone();
    assert_eq!(kind(send("{".into()).await.is(422, "validation_error")), "json_invalid");
    assert_eq!(kind(send("[1]".into()).await.is(422, "validation_error")), "dict_type");
    assert_eq!(kind(send(String::new()).await.is(422, "validation_error")), "missing");
}

#[tokio::test]
async fn portals_may_come_from_anywhere_and_panels_only_from_their_origin() {
    let world = World::start().await;
    let preflight = |path: &'static str, origin: &'static str| {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "GET"),
            ("access-control-request-headers", "x-api-key, authorization"),
        ];
        let world = &world;
        async move { world.send(Method::OPTIONS, path, None, None, &headers).await }
    };
    let portal = preflight("/api/v1/config/public", "http://hotspot.local").await;
    assert_eq!(portal.header("access-control-allow-origin"), "*");
    assert!(portal.header("access-control-allow-headers").contains("authorization"));
    assert_eq!(portal.header("access-control-allow-credentials"), "");
    let panel = preflight("/api/v1/admin/mi-empresa", PANEL).await;
    assert_eq!(panel.header("access-control-allow-origin"), PANEL);
    let stranger = preflight("/api/v1/admin/mi-empresa", "https://elsewhere.example").await;
    assert_eq!(stranger.header("access-control-allow-origin"), "");
    // An error reaches the portal's script, too.
    let refused = world
        .send(Method::GET, "/api/v1/config/public", None, None, &[("origin", "http://hotspot.local")])
        .await;
    refused.is(401, "credentials_missing");
    assert_eq!(refused.header("access-control-allow-origin"), "*");
}

#[tokio::test]
async fn a_portal_reads_every_answer_on_its_paths() {
    let world = World::start().await;
    let origin = ("origin", "http://hotspot.local");
    let ask = async |method: Method, path: &str| {
        let wanted = [origin, ("access-control-request-method", "GET")];
        let headers = if method == Method::OPTIONS { &wanted[..] } else { &wanted[..1] };
        world.send(method, path, None, None, headers).await
    };
    for path in ["/api/v1/catalogo_perfiles_venta/", "/api/v1/payments/TRX_1", "/api/v1/payments/TRX_1/"] {
        let preflight = ask(Method::OPTIONS, path).await;
        assert_eq!(preflight.status.as_u16(), 200, "{path}");
        assert_eq!(preflight.header("access-control-allow-origin"), "*", "{path}");
    }
    for (method, path, status) in [
        (Method::GET, "/api/v1/catalogo_perfiles_venta/", 307),
        (Method::DELETE, "/api/v1/config/public", 405),
        (Method::GET, "/api/v1/hotspot/nope", 404),
    ] {
        let answer = ask(method, path).await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
    }
    for path in ["/admin/empresas/", "/admin/empresas", "/setup/x", "/setup/x/"] {
        let answer = ask(Method::GET, path).await;
        assert_eq!(answer.header("access-control-allow-origin"), "", "{path}");
    }
}
