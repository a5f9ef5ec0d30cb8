//! The published description, and the page that shows it.

use reqwest::Method;

use crate::world::World;

#[tokio::test]
async fn the_interface_is_described_in_the_readers_language() {
    let world = World::start().await;
    let spanish = world.get("/openapi.json", None).await;
    assert_eq!(
        (spanish.header("content-type"), spanish.header("content-language")),
        ("application/json", "es")
    );
    assert_eq!(spanish.good()["openapi"], "3.1.0");
    let english = world.send(Method::GET, "/openapi.json", None, None, &[("accept-language", "en")]).await;
    assert_eq!(english.header("content-language"), "en");
    assert_ne!(english.good()["info"]["description"], spanish.good()["info"]["description"]);
}

#[tokio::test]
async fn the_page_needs_nothing_from_elsewhere() {
    let world = World::start().await;
    let page = world.get("/docs", None).await;
    assert_eq!(page.status.as_u16(), 200);
    assert!(page.header("content-security-policy").starts_with("default-src 'none'; script-src 'self'"));
    assert!(!page.text.contains("//"), "an address elsewhere: {}", page.text);
    for (file, kind) in [
        ("swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
        ("start.js", "text/javascript; charset=utf-8"),
        ("swagger-ui.css", "text/css; charset=utf-8"),
    ] {
        let path = format!("/docs/{file}");
        assert!(page.text.contains(&path));
        let answer = world.get(&path, None).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, kind), "{file}");
        assert!(answer.bytes.len() > 100, "{file}");
    }
    world.get("/docs/other.js", None).await.is(404, "route_not_found");
    let elsewhere = world.get("/redoc", None).await;
    assert_eq!((elsewhere.status.as_u16(), elsewhere.header("location")), (307, "/docs"));
}

#[tokio::test]
async fn the_documentation_can_be_switched_off() {
    let world = World::start_with(&[("PAGOS_HTTP__DOCS", "false".to_owned())]).await;
    for path in ["/docs", "/docs/start.js", "/redoc", "/openapi.json"] {
        world.get(path, None).await.is(404, "route_not_found");
    }
}
