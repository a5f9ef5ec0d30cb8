//! What admins do with their endpoints.

use serde_json::json;

use super::{PATH, deliver, endpoint, entregas, happen, open_world, shown};
use crate::outbox::receiver::Receiver;
use crate::world::{World, text};

#[tokio::test]
async fn a_secret_is_shown_when_it_is_made_and_never_again() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    let session = Some(tenant.session.as_str());
    let body = json!({"url": "https://hooks.example.org/pagos?x=1", "descripcion": " ERP ", "eventos": ["payment.completed", "access.revoked"]});
    let made = world.post(PATH, session, &body).await.is(200, "webhook_created");
    let view = &made["webhook"];
    let secret = text(&view["secreto"]);
    assert!(secret.starts_with("whsec_") && secret.len() == 50, "{secret}");
    assert_eq!((&view["descripcion"], &view["estado"]), (&json!("ERP"), &json!("activo")));
    assert_eq!(view["eventos"], json!(["payment.completed", "access.revoked"]));
    let id = text(&view["id"]);
    let again = shown(&world, &tenant, &id).await;
    assert_eq!((&again["secreto"], &again["url"]), (&json!("********"), &body["url"]));
    let list = world.get(PATH, session).await.good();
    assert_eq!((&list["total"], &list["webhooks"][0]), (&json!(1), &again));

    let rotated = world.post(&format!("{PATH}/{id}/rotar-secreto"), session, &json!({})).await;
    let rotated = rotated.is(200, "webhook_secret_rotated");
    assert_ne!(text(&rotated["webhook"]["secreto"]), secret);
    assert!(rotated["webhook"]["secreto_anterior_hasta"].is_string());
    world.advance(86_400_000);
    let session = world.log_in(&tenant.email, crate::world::PASSWORD).await;
    let later = world.get(&format!("{PATH}/{id}"), Some(&session)).await.good();
    assert!(later["secreto_anterior_hasta"].is_null());
    let stored = later.to_string() + &list.to_string() + &again.to_string();
    assert!(!stored.contains("whsec_"), "{stored}");
}

#[tokio::test]
async fn what_is_not_sent_stays_as_it_is() {
    let world = open_world().await;
    let tenant = world.tenant("Parque").await;
    let session = Some(tenant.session.as_str());
    let receiver = Receiver::start().await;
    let (id, _) = endpoint(&world, &tenant, &receiver.url()).await;
    let path = format!("{PATH}/{id}");
    let changed =
        world.put(&path, session, &json!({"descripcion": "ERP", "eventos": ["site.offline"]})).await;
    let view = changed.is(200, "webhook_updated")["webhook"].clone();
    assert_eq!((&view["descripcion"], &view["eventos"]), (&json!("ERP"), &json!(["site.offline"])));
    assert_eq!((&view["url"], &view["activo"]), (&json!(receiver.url()), &json!(true)));
    // It is not told of what it does not want.
    happen(&world, &tenant.company, "a").await;
    assert_eq!(entregas(&world, &tenant, &id).await.len(), 0);
    let view = world.put(&path, session, &json!({"eventos": ["*"], "descripcion": null})).await.good();
    assert_eq!(
        (&view["webhook"]["todos_los_eventos"], &view["webhook"]["descripcion"]),
        (&json!(true), &json!(null))
    );
    happen(&world, &tenant.company, "b").await;
    // Switched off, what waited for it is given up.
    let view = world.put(&path, session, &json!({"activo": false})).await.good();
    assert_eq!(view["webhook"]["estado"], "inactivo");
    let given_up = entregas(&world, &tenant, &id).await;
    assert_eq!(
        (&given_up[0]["estado"], &given_up[0]["error"]["code"]),
        (&json!("fallida"), &json!("endpoint_off"))
    );
    assert_eq!((deliver(&world.app.outbox).await, receiver.count()), (0, 0));
    let again = format!("{path}/entregas/{}/reenviar", text(&given_up[0]["id"]));
    world.post(&again, session, &json!({})).await.is(409, "webhook_inactive");
    world.delete(&path, session).await.is(200, "webhook_deleted");
    world.get(&path, session).await.is(404, "webhook_not_found");
}

#[tokio::test]
async fn only_https_addresses_on_the_internet_are_taken() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    let session = Some(tenant.session.as_str());
    for url in [
        "http://hooks.example.org/",
        "https://127.0.0.1/hook",
        "https://2130706433/",
        "https://[::ffff:10.0.0.1]/",
        "https://169.254.169.254/latest/meta-data",
        "https://localhost/",
        "https://router.lan/",
        "https://user:word@hooks.example.org/",
        "hooks.example.org",
        "",
    ] {
        let answer = world.post(PATH, session, &json!({"url": url})).await;
        assert_eq!(answer.issues(), [("value_error".to_owned(), "url".to_owned())], "{url}");
    }
    let long = format!("https://hooks.example.org/{}", "x".repeat(2048));
    let answer = world.post(PATH, session, &json!({"url": long})).await;
    assert_eq!(answer.issues()[0], ("string_too_long".to_owned(), "url".to_owned()));
    let answer = world.post(PATH, session, &json!({"eventos": ["payment.made", 7]})).await;
    let types: Vec<String> = answer.issues().into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(types, ["missing", "literal_error", "string_type"]);
    let answer = world.post(PATH, session, &json!({"url": "https://a.example.org/", "eventos": []})).await;
    assert_eq!(answer.issues(), [("value_error".to_owned(), "eventos".to_owned())]);
    assert_eq!(world.get(PATH, session).await.good()["total"], 0);
}

#[tokio::test]
async fn a_company_has_ten_endpoints_at_most_and_sees_its_own_only() {
    let world = World::start().await;
    let (mine, other) = (world.tenant("Parque").await, world.tenant("Puerto").await);
    let (session, stranger) = (Some(mine.session.as_str()), Some(other.session.as_str()));
    let mut ids = Vec::new();
    for number in 0..10 {
        ids.push(endpoint(&world, &mine, &format!("https://hooks.example.org/{number}")).await.0);
    }
    let one_more = json!({"url": "https://hooks.example.org/10"});
    world.post(PATH, session, &one_more).await.is(409, "webhook_limit_reached");
    let page = world.get(&format!("{PATH}?limit=3&offset=9"), session).await.good();
    assert_eq!((&page["total"], page["webhooks"].as_array().map(Vec::len)), (&json!(10), Some(1)));
    assert_eq!(world.get(&format!("{PATH}?limit=0"), session).await.issues().len(), 1);

    let message = happen(&world, &mine.company, "a").await;
    let path = format!("{PATH}/{}", ids[0]);
    for nobody in [format!("{PATH}/none"), path.clone()] {
        world.get(&nobody, stranger).await.is(404, "webhook_not_found");
        world.put(&nobody, stranger, &json!({"activo": false})).await.is(404, "webhook_not_found");
        world.delete(&nobody, stranger).await.is(404, "webhook_not_found");
        world.get(&format!("{nobody}/entregas"), stranger).await.is(404, "webhook_not_found");
        for act in ["probar", "rotar-secreto", &format!("entregas/{message}/reenviar")] {
            world.post(&format!("{nobody}/{act}"), stranger, &json!({})).await.is(404, "webhook_not_found");
        }
    }
    let unknown = format!("{path}/entregas/msg_none/reenviar");
    world.post(&unknown, session, &json!({})).await.is(404, "webhook_delivery_not_found");
    assert_eq!(shown(&world, &mine, &ids[0]).await["activo"], true);
    world.get(PATH, Some(&world.operator)).await.is(403, "role_forbidden");
    world.get(PATH, Some(&mine.api_key)).await.is(401, "session_invalid");
    world.get(PATH, None).await.is(401, "credentials_missing");
}
