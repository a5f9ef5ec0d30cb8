//! The link that makes the first super admin.

use reqwest::Method;
use serde_json::json;

use crate::world::{PASSWORD, SUPER_EMAIL, World};
use pagos_control_plane::auth::setup;

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

#[tokio::test]
async fn the_page_makes_the_first_super_admin_once() {
    let (world, page) = World::empty().await;
    let shown = world.get(&page, None).await;
    assert_eq!(shown.status.as_u16(), 200);
    assert!(shown.text.contains("<form") && !shown.text.contains("<script"));
    assert!(shown.header("content-security-policy").starts_with("default-src 'none'"));
    let form = |email: &str, password: &str| {
        let body =
            format!("nombre=Operadora+%3Cb%3E&email={}&password={password}", email.replace('@', "%40"));
        world.send(Method::POST, &page, None, Some(body), &[FORM, ("accept-language", "en")])
    };
    let refused = form(SUPER_EMAIL, "short").await;
    assert_eq!(refused.status.as_u16(), 422);
    assert!(refused.text.contains("at least 10 characters") && refused.text.contains("Operadora &lt;b&gt;"));
    let made = form(SUPER_EMAIL, "tres+tristes+tigres").await;
    assert_eq!(made.status.as_u16(), 200, "{}", made.text);
    world.log_in(SUPER_EMAIL, PASSWORD).await;
    assert_eq!(form("other@example.org", "tres+tristes+tigres").await.status.as_u16(), 404);
    assert_eq!(world.get(&page, None).await.status.as_u16(), 404);
    assert_eq!(
        setup::new_link(&world.app.store, &world.app.clock, &world.app.random).await.expect("asked"),
        None
    );
}

#[tokio::test]
async fn a_link_is_refused_when_it_is_old_replaced_or_invented() {
    let (world, page) = World::empty().await;
    let body = json!({"email": SUPER_EMAIL, "password": PASSWORD, "nombre": "X"});
    assert_eq!(world.post(&page, None, &json!({"email": "x"})).await.issues().len(), 3);
    world.post("/setup/invented", None, &body).await.is(404, "setup_link_invalid");
    let newer = setup::new_link(&world.app.store, &world.app.clock, &world.app.random).await;
    let newer = newer.expect("asked").expect("there is no admin");
    world.post(&page, None, &body).await.is(404, "setup_link_invalid");
    world.advance(24 * 3_600_000);
    world.post(&format!("/setup/{newer}"), None, &body).await.is(404, "setup_link_invalid");
}

#[tokio::test]
async fn two_who_use_the_link_at_once_make_one_admin() {
    let (world, page) = World::empty().await;
    let body = |email: &str| json!({"email": email, "password": PASSWORD, "nombre": "X"});
    let (one, two) = (body("one@example.org"), body("two@example.org"));
    let (one, two) = tokio::join!(world.post(&page, None, &one), world.post(&page, None, &two));
    let mut codes = [one.status.as_u16(), two.status.as_u16()];
    codes.sort_unstable();
    assert_eq!(codes, [200, 404]);
}
