//! Settings of gateways and notifications, and what a company tells about itself.

use pagos_control_plane::domain::id::CompanyId;
use pagos_control_plane::store::credentials::{self, MERCADO_PAGO, MERCADO_PAGO_ACCESS_TOKEN};
use pagos_control_plane::vault::Context;
use serde_json::{Value, json};

use crate::webhooks::PUBLIC_KEY;
use crate::world::{Tenant, World};

const MINE: &str = "/api/v1/admin/mi-empresa";

async fn access_token(world: &World, tenant: &Tenant) -> Option<(i64, String)> {
    let company = CompanyId::new(tenant.company.as_str());
    let mut reader = world.app.store.reader().await.expect("reader");
    let current = credentials::current(&mut reader.conn(), &company, MERCADO_PAGO).await.expect("read")?;
    let context = Context { tenant: company.as_str(), field: MERCADO_PAGO_ACCESS_TOKEN };
    let token = world.app.vault.open_sealed(&context, &current.key_sealed).expect("opens");
    Some((current.version, token.to_string()))
}

#[tokio::test]
async fn mercado_pago_settings_are_versioned_and_never_shown() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    let session = Some(tenant.session.as_str());
    let (set, show) = (format!("{MINE}/configurar-credenciales"), format!("{MINE}/mercado-pago"));
    let current =
        async || world.get(&show, session).await.is(200, "settings_loaded")["configuracion_actual"].clone();
    let none = json!({"access_token": null, "public_key": null, "mode": "test", "webhook_secret": null});
    assert_eq!(current().await, none);

    let first =
        json!({"access_token": " TOKEN-1 ", "public_key": "PUB-1", "webhook_secret": "s1", "mode": "live"});
    world.post(&set, session, &first).await.is(200, "mercado_pago_settings_updated");
    assert_eq!(access_token(&world, &tenant).await, Some((1, "TOKEN-1".into())));
    let unchanged =
        json!({"access_token": "********", "public_key": "", "webhook_secret": "********", "mode": null});
    world.post(&set, session, &unchanged).await.is(200, "mercado_pago_settings_updated");
    assert_eq!(access_token(&world, &tenant).await, Some((1, "TOKEN-1".into())));
    world.post(&set, session, &json!({"access_token": "TOKEN-2"})).await.good();
    assert_eq!(access_token(&world, &tenant).await, Some((2, "TOKEN-2".into())));
    let masked = json!({"access_token": "********", "public_key": "PUB-1", "mode": "live", "webhook_secret": "********"});
    assert_eq!(current().await, masked);
    let wrong = world.post(&set, session, &json!({"mode": "x"})).await;
    assert_eq!(wrong.issues(), [("literal_error".to_owned(), "mode".to_owned())]);
    world.post(&set, None, &first).await.is(401, "credentials_missing");
    world.post(&set, Some(&world.operator), &first).await.is(403, "role_forbidden");
}

#[tokio::test]
async fn the_other_way_to_set_them_erases_and_tells_what_it_did() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    let session = Some(tenant.session.as_str());
    let path = "/api/v1/payments/configurar-credenciales";
    let all = json!({"access_token": "T", "webhook_secret": "S", "public_key": "P", "mode": "live",
        "telegram_bot_token": "123:abc", "telegram_chat_id": 1001, "notificaciones_telegram": true});
    let body = world.post(path, session, &all).await.is(200, "settings_updated");
    let names = json!([
        "access_token",
        "webhook_secret",
        "public_key",
        "mode",
        "telegram_bot_token",
        "telegram_chat_id",
        "notificaciones_telegram"
    ]);
    assert_eq!((&body["campos_modificados"], &body["campos_borrados"]), (&names, &json!([])));
    assert_eq!(body["empresa"], json!({"id": tenant.company, "nombre": "Parque"}));
    let full = json!({"access_token": true, "webhook_secret": true, "public_key": true, "mode": "live",
        "telegram_configurado": true, "telegram_activo": true});
    assert_eq!(body["configuracion_actual"], full);
    let mine = world.get(MINE, session).await.good();
    assert_eq!(
        (&mine["telegram_bot_token"], &mine["telegram_chat_id"]),
        (&json!("********"), &json!("1001"))
    );

    let nothing = json!({"access_token": "********", "webhook_secret": null, "mode": null});
    let body = world.post(path, session, &nothing).await.is(200, "settings_unchanged");
    assert_eq!((&body["configurado"], &body["campos_modificados"]), (&full, &json!([])));
    assert_eq!(access_token(&world, &tenant).await, Some((1, "T".into())));

    let erased = json!({"access_token": " ", "webhook_secret": "", "public_key": "", "telegram_bot_token": "",
        "telegram_chat_id": ""});
    let body = world.post(path, session, &erased).await.is(200, "settings_updated");
    assert_eq!(body["campos_borrados"], body["campos_modificados"]);
    let empty = json!({"access_token": false, "webhook_secret": false, "public_key": false, "mode": "live",
        "telegram_configurado": false, "telegram_activo": true});
    assert_eq!(body["configuracion_actual"], empty);
    assert_eq!(access_token(&world, &tenant).await, None);
    world.post(path, session, &json!({"access_token": "T2"})).await.good();
    assert_eq!(access_token(&world, &tenant).await, Some((3, "T2".into())));
    world.post(path, None, &all).await.is(401, "credentials_missing");
}

#[tokio::test]
async fn a_company_changes_only_in_what_was_sent() {
    let world = World::start().await;
    let (tenant, other) = (world.tenant("Parque").await, world.tenant("Plaza").await);
    let session = Some(tenant.session.as_str());
    let body = json!({"nombre": "Red Parque", "contacto_telefono": "5555", "telegram_bot_token": "1:a",
        "desactivar_por_reembolso": "no"});
    let changed = world.put(MINE, session, &body).await.is(200, "company_updated");
    let expected = json!({"nombre": "Red Parque", "contacto_email": "hola@example.org", "contacto_telefono": "5555",
        "telegram_bot_token": "********", "telegram_chat_id": null, "notificaciones_telegram": false,
        "telegram_con_contrasena": false, "desactivar_por_reembolso": false});
    assert_eq!(changed["empresa"], expected);
    let body = json!({"contacto_telefono": null, "telegram_bot_token": "********"});
    let changed = world.put(MINE, session, &body).await.good();
    assert_eq!(changed["empresa"]["contacto_telefono"], json!(null));
    assert_eq!(changed["empresa"]["telegram_bot_token"], "********");
    let gone = world.put(MINE, session, &json!({"telegram_bot_token": null})).await.good();
    assert_eq!(gone["empresa"]["telegram_bot_token"], json!(null));
    for (field, value, fault) in [
        ("nombre", json!(null), "string_type"),
        ("nombre", json!(" "), "value_error"),
        ("desactivar_por_reembolso", json!(null), "bool_parsing"),
        ("notificaciones_telegram", json!("perhaps"), "bool_parsing"),
    ] {
        let issues = world.put(MINE, session, &json!({field: value})).await.issues();
        assert_eq!(issues, [(fault.to_owned(), field.to_owned())]);
    }
    assert_eq!(world.get(MINE, Some(&other.session)).await.good()["nombre"], "Plaza");
    world.put(MINE, None, &json!({})).await.is(401, "credentials_missing");
}

#[tokio::test]
async fn a_webhook_key_must_be_one() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    let session = Some(tenant.session.as_str());
    for path in ["configurar-conekta", "conekta-config"] {
        let path = format!("{MINE}/{path}");
        let send = async |key: &str| {
            let body = json!({"conekta_webhook_key": key});
            if path.ends_with("config") {
                world.put(&path, session, &body).await
            } else {
                world.post(&path, session, &body).await
            }
        };
        for good in ["", "********", PUBLIC_KEY] {
            send(good).await.is(200, "conekta_settings_updated");
        }
        let expected = [("value_error".to_owned(), "conekta_webhook_key".to_owned())];
        assert_eq!(send("key_abc").await.issues(), expected);
    }
}

#[tokio::test]
async fn setting_notifications_up_is_for_the_own_company_or_an_operator() {
    let world = World::start().await;
    let (tenant, other) = (world.tenant("Parque").await, world.tenant("Plaza").await);
    let path = |name: &str| format!("/api/v1/webhook/empresa/{}/{name}", tenant.company);
    let (set, show) = (path("configurar-webhook"), path("estado-webhook"));
    let state = world.get(&show, Some(&tenant.session)).await.good();
    assert_eq!(
        (&state["estado"], &state["empresa"]["access_token_configurado"]),
        (&json!("pendiente"), &json!(false))
    );

    let secret = json!({"webhook_secret": "the secret"});
    let body = world.post(&set, Some(&tenant.session), &secret).await.is(200, "webhook_secret_saved");
    let url = body["webhook_url"].as_str().expect("an address");
    let part = url.rsplit('/').next().expect("a part");
    assert!(url.contains("/api/v1/webhook/mercado-pago/") && part.len() == 40, "{url}");
    assert!(!body.to_string().contains("the secret"));
    assert_eq!(body["instrucciones"].as_array().map(Vec::len), Some(4));
    let state = world.get(&show, Some(&world.operator)).await.good();
    assert_eq!(
        (&state["estado"], &state["configuracion_webhook"]["url"]),
        (&json!("configurado"), &json!(url))
    );
    world.post(&set, Some(&world.operator), &json!({"webhook_secret": "********"})).await.good();

    for bad in [
        json!({}),
        json!({"webhook_secret": " "}),
        json!({"webhook_secret": 5}),
        json!({"webhook_secret": null}),
    ] {
        world.post(&set, Some(&tenant.session), &bad).await.is(400, "webhook_secret_required");
    }
    for session in [&other.session] {
        world.post(&set, Some(session), &secret).await.is(404, "company_not_found");
        world.get(&show, Some(session)).await.is(404, "company_not_found");
    }
    world.post(&set, None, &secret).await.is(401, "credentials_missing");
    world.get(&show, None).await.is(401, "credentials_missing");
    let nobody = "/api/v1/webhook/empresa/EMP_NOBODY/estado-webhook";
    world.get(nobody, Some(&world.operator)).await.is(404, "company_not_found");
    let transaction = "/api/v1/webhook/transaccion/TRX_1-1";
    world.get(transaction, Some(&tenant.session)).await.is(404, "transaction_not_found");
    world.get(transaction, None).await.is(401, "credentials_missing");
}

#[tokio::test]
async fn every_company_has_an_address_of_its_own() {
    let world = World::start().await;
    let (tenant, other) = (world.tenant("Parque").await, world.tenant("Plaza").await);
    let url = async |tenant: &Tenant| {
        let path = format!("/api/v1/webhook/empresa/{}/estado-webhook", tenant.company);
        let state: Value = world.get(&path, Some(&world.operator)).await.good();
        state["configuracion_webhook"]["url"].clone()
    };
    assert_eq!(url(&tenant).await, url(&tenant).await);
    assert_ne!(url(&tenant).await, url(&other).await);
}
