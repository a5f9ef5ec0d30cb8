//! Logos: uploaded by an admin, shown by any page.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use serde_json::json;

use crate::world::{Answer, Tenant, World, text};

const PATH: &str = "/api/v1/admin/mi-empresa/logo";
const BOUNDARY: &str = "------a1b2";

fn picture(red: u8, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let picture = DynamicImage::ImageRgb8(RgbImage::from_pixel(16, 8, Rgb([red, 2, 3])));
    picture.write_to(&mut bytes, format).expect("encoded");
    bytes.into_inner()
}

fn form(field: &str, name: &str, content: &[u8]) -> Vec<u8> {
    let head = format!(
        "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"nota\"\r\n\r\nhola\r\n--{BOUNDARY}\r\n\
         content-disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\ncontent-type: application/x\r\n\r\n"
    );
    [head.as_bytes(), content, format!("\r\n--{BOUNDARY}--\r\n").as_bytes()].concat()
}

async fn upload(world: &World, token: Option<&str>, body: Vec<u8>) -> Answer {
    let kind = HeaderValue::from_str(&format!("multipart/form-data; boundary={BOUNDARY}")).expect("header");
    let request = world.client.post(format!("{}{PATH}", world.base)).header(CONTENT_TYPE, kind).body(body);
    let request = match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    };
    Answer::of(request.send().await.expect("an answer")).await
}

async fn put_up(world: &World, tenant: &Tenant, name: &str, content: &[u8]) -> String {
    let answer = upload(world, Some(&tenant.session), form("file", name, content)).await;
    text(&answer.is(200, "logo_updated")["logo_url"])
}

#[tokio::test]
async fn a_logo_is_shown_by_any_page_and_replaced_by_the_next() {
    let world = World::start().await;
    let (tenant, other) = (world.tenant("Parque").await, world.tenant("Plaza").await);
    let kept = put_up(&world, &other, "logo.png", &picture(9, ImageFormat::Png)).await;
    for (name, format, kind, extension) in [
        ("Logo.PNG", ImageFormat::Png, "image/png", "png"),
        ("logo.jpeg", ImageFormat::Jpeg, "image/jpeg", "jpg"),
        ("logo.webp", ImageFormat::WebP, "image/webp", "webp"),
    ] {
        let url = put_up(&world, &tenant, name, &picture(1, format)).await;
        let mark = url
            .strip_prefix(&format!("/static/logos/logo_{}_", tenant.company))
            .expect("the contract's name");
        let (mark, ending) = mark.split_once('.').expect("an extension");
        assert!(mark.len() == 6 && mark.bytes().all(|digit| digit.is_ascii_hexdigit()), "{url}");
        assert_eq!(ending, extension);
        let company = world.get("/api/v1/admin/mi-empresa", Some(&tenant.session)).await.good();
        assert_eq!(company["logo_url"], url);

        let shown = world.get(&url, None).await;
        assert_eq!((shown.status.as_u16(), shown.header("content-type")), (200, kind));
        assert_eq!(shown.header("x-content-type-options"), "nosniff");
        assert!(shown.header("cache-control").contains("immutable"));
        let again = image::load_from_memory(&shown.bytes).expect("a picture");
        assert_eq!((again.width(), again.height()), (16, 8));
        let tag = shown.header("etag").to_owned();
        let known = world.send(reqwest::Method::GET, &url, None, None, &[("if-none-match", &tag)]).await;
        assert_eq!((known.status.as_u16(), known.bytes.len()), (304, 0));
    }
    let first = put_up(&world, &tenant, "a.png", &picture(1, ImageFormat::Png)).await;
    let second = put_up(&world, &tenant, "a.png", &picture(200, ImageFormat::Png)).await;
    assert_ne!(first, second);
    world.get(&first, None).await.is(404, "route_not_found");
    assert_eq!(put_up(&world, &tenant, "a.png", &picture(200, ImageFormat::Png)).await, second, "sent twice");
    assert_eq!(world.get(&second, None).await.status.as_u16(), 200);
    assert_eq!(world.get(&kept, None).await.status.as_u16(), 200, "another company's stays");
}

#[tokio::test]
async fn what_is_no_logo_is_refused_and_the_old_one_stays() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    let old = put_up(&world, &tenant, "a.png", &picture(1, ImageFormat::Png)).await;
    let session = Some(tenant.session.as_str());
    let png = picture(2, ImageFormat::Png);
    for (name, content) in
        [("a.gif", &png[..]), ("a.jpg", &png), ("a.png", b"<svg/>"), ("a.png", &png[..40]), ("a", &png)]
    {
        let refused = upload(&world, session, form("file", name, content)).await;
        refused.is(400, "image_format_invalid");
    }
    let missing = upload(&world, session, form("logo", "a.png", &png)).await;
    assert_eq!(missing.issues(), [("missing".to_owned(), "file".to_owned())]);
    let no_form = world.post(PATH, session, &json!({"file": "x"})).await;
    assert_eq!(no_form.issues(), [("missing".to_owned(), "file".to_owned())]);
    upload(&world, session, form("file", "a.png", &vec![0; 2_100_000])).await.is(413, "body_too_large");
    upload(&world, None, form("file", "a.png", &png)).await.is(401, "credentials_missing");
    upload(&world, Some(&world.operator), form("file", "a.png", &png)).await.is(403, "role_forbidden");
    assert_eq!(world.get(&old, None).await.status.as_u16(), 200);
    world.get("/static/logos/logo_EMP_1_000000.png", None).await.is(404, "route_not_found");
}
