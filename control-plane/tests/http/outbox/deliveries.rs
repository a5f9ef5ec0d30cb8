//! Messages on their way to endpoints.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pagos_control_plane::gateway::GatewayName;
use ring::hmac;
use serde_json::{Value, json};

use super::receiver::{Receiver, Reply, Request};
use super::{PATH, deliver, endpoint, entregas, happen, open_world, shown};
use crate::shop::Shop;
use crate::world::{PASSWORD, Tenant, World, text};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Whether one of the signatures is by this secret.
fn is_signed(request: &Request, secret: &str) -> bool {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").expect("a secret")).expect("base64");
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let signed =
        format!("{}.{}.{}", request.header("webhook-id"), request.header("webhook-timestamp"), request.body);
    let wanted = format!("v1,{}", STANDARD.encode(hmac::sign(&key, signed.as_bytes())));
    request.header("webhook-signature").split(' ').any(|signature| signature == wanted)
}

/// The session of a day ago is over.
async fn logged_in_again(world: &World, tenant: Tenant) -> Tenant {
    let session = world.log_in(&tenant.email, PASSWORD).await;
    Tenant { session, ..tenant }
}

#[tokio::test]
async fn a_sale_and_its_refund_are_told_with_what_the_contract_names() {
    let shop = Shop::open_with(&[("PAGOS_WEBHOOKS__ALLOW_PRIVATE_TARGETS", "true".to_owned())]).await;
    let receiver = Receiver::start().await;
    let (id, secret) = endpoint(&shop.world, &shop.tenant, &receiver.url()).await;
    for gateway in GatewayName::ALL {
        let before = receiver.count();
        let sold = shop.sell(gateway).await;
        shop.refund(&sold, &json!({})).await.is(200, "refund_done");
        let state = shop.settled(&sold).await;
        while receiver.count() < before + 3 {
            deliver(&shop.world.app.outbox).await;
        }
        let told: Vec<Value> = receiver.requests()[before..].iter().map(Request::json).collect();
        let kinds: Vec<&str> = told.iter().filter_map(|body| body["type"].as_str()).collect();
        for kind in ["payment.completed", "payment.refunded", "access.revoked"] {
            assert_eq!(kinds.iter().filter(|told| **told == kind).count(), 1, "{kinds:?}");
        }
        let paid = told.iter().find(|body| body["type"] == "payment.completed").expect("told");
        let expected = json!({"id_transaccion": sold.payment, "compra_id": sold.purchase,
            "empresa_id": shop.tenant.company, "router_id": shop.tenant.router, "producto_id": shop.product,
            "monto": 20.0, "moneda": "MXN", "estado_pago": if gateway == GatewayName::Conekta { "paid" } else { "approved" },
            "gateway": gateway.as_str(), "usuario_hotspot": state.user.name});
        assert_eq!(paid["data"], expected);
        let refunded = told.iter().find(|body| body["type"] == "payment.refunded").expect("told");
        assert_eq!(
            (&refunded["data"]["estado_pago"], &refunded["data"]["monto_reembolsado"]),
            (&json!("refunded"), &json!(20.0))
        );
    }
    for request in receiver.requests() {
        assert!(is_signed(&request, &secret));
        assert_eq!((request.path.as_str(), request.header("content-type")), ("/hook", "application/json"));
        assert!(!request.body.contains("contrasena") && !request.body.contains("password"));
    }
    let listed = entregas(&shop.world, &shop.tenant, &id).await;
    assert!(
        listed.iter().all(|one| one["estado"] == "entregada" && one["ultimo_estado_http"] == 200),
        "{listed:?}"
    );
    assert!(!json!(listed).to_string().contains("usuario_hotspot"), "the body is not shown");
}

#[tokio::test]
async fn a_failed_delivery_is_made_again_under_the_same_id_after_growing_pauses() {
    let world = open_world().await;
    let tenant = world.tenant("Parque").await;
    let receiver = Receiver::start().await;
    let (id, _) = endpoint(&world, &tenant, &receiver.url()).await;
    receiver.next([Reply::Status(500), Reply::With(503, "retry-after", "900".into()), Reply::Status(429)]);
    let message = happen(&world, &tenant.company, "a").await;
    let outbox = &world.app.outbox;
    assert_eq!(deliver(outbox).await, 1);
    let first = entregas(&world, &tenant, &id).await[0].clone();
    assert_eq!(
        (&first["id"], &first["estado"], &first["intentos"]),
        (&json!(message), &json!("pendiente"), &json!(1))
    );
    assert_eq!(
        (&first["error"]["code"], &first["ultimo_estado_http"]),
        (&json!("endpoint_status"), &json!(500))
    );
    assert_eq!(shown(&world, &tenant, &id).await["estado"], "reintentando");
    world.advance(3_900);
    assert_eq!(deliver(outbox).await, 0, "it is too early");
    world.advance(2_200);
    assert_eq!(deliver(outbox).await, 1);
    world.advance(899_000);
    assert_eq!(deliver(outbox).await, 0, "the receiver wants its peace");
    world.advance(2_000);
    assert_eq!(deliver(outbox).await, 1);
    world.advance(HOUR_MS);
    deliver(outbox).await;
    let ids: Vec<String> =
        receiver.requests().iter().map(|one| one.header("webhook-id").to_owned()).collect();
    assert_eq!(ids, vec![message; 4]);
    let tenant = logged_in_again(&world, tenant).await;
    let done = entregas(&world, &tenant, &id).await[0].clone();
    assert_eq!(
        (&done["estado"], &done["intentos"], &done["error"]),
        (&json!("entregada"), &json!(4), &json!(null))
    );
    assert_eq!(shown(&world, &tenant, &id).await["estado"], "activo");
}

#[tokio::test]
async fn five_days_of_failing_switch_an_endpoint_off_and_people_are_told() {
    let world = open_world().await;
    let mut tenant = world.tenant("Parque").await;
    let telegram =
        json!({"telegram_bot_token": "1:a", "telegram_chat_id": 1, "notificaciones_telegram": true});
    world.put("/api/v1/admin/mi-empresa", Some(&tenant.session), &telegram).await.good();
    let receiver = Receiver::start().await;
    let (id, _) = endpoint(&world, &tenant, &receiver.url()).await;
    receiver.always(Reply::Status(500));
    happen(&world, &tenant.company, "first").await;
    deliver(&world.app.outbox).await;
    for day in 1..5 {
        world.advance(DAY_MS + HOUR_MS / 8);
        happen(&world, &tenant.company, &format!("day {day}")).await;
        deliver(&world.app.outbox).await;
        tenant = logged_in_again(&world, tenant).await;
        assert_eq!(shown(&world, &tenant, &id).await["estado"], "fallando", "day {day}");
    }
    world.advance(DAY_MS);
    happen(&world, &tenant.company, "last").await;
    deliver(&world.app.outbox).await;
    tenant = logged_in_again(&world, tenant).await;
    let off = shown(&world, &tenant, &id).await;
    assert_eq!(
        (&off["estado"], &off["activo"], &off["motivo"]["code"]),
        (&json!("apagado"), &json!(false), &json!("endpoint_status"))
    );
    let listed = entregas(&world, &tenant, &id).await;
    assert!(listed.iter().all(|one| one["estado"] == "fallida"), "{listed:?}");
    let alerts = super::chats::waiting(&world, &tenant.company).await;
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    assert!(
        alerts[0].contains("endpoint_off") && alerts[0].contains(&receiver.address.to_string()),
        "{alerts:?}"
    );
    let session = Some(tenant.session.as_str());
    let review = world.get("/api/v1/admin/mi-empresa/revision", session).await.good();
    let case = &review["pendientes"][0];
    assert_eq!((&case["tipo"], &case["webhook_id"]), (&json!("webhook_apagado"), &json!(id)));
    assert_eq!(case["motivos"][0]["code"], "attention_endpoint_off");
    let sent = receiver.count();
    happen(&world, &tenant.company, "after").await;
    assert_eq!(receiver.count(), sent);
    // Switched on again it begins anew, and what was given up can be sent again.
    receiver.always(Reply::Status(204));
    let on = world.put(&format!("{PATH}/{id}"), session, &json!({"activo": true})).await.good();
    assert_eq!((&on["webhook"]["estado"], &on["webhook"]["motivo"]), (&json!("activo"), &json!(null)));
    assert_eq!(world.get("/api/v1/admin/mi-empresa/revision", session).await.good()["total"], 0);
    let path = format!("{PATH}/{id}/entregas/{}/reenviar", text(&listed[0]["id"]));
    world.post(&path, session, &json!({})).await.is(200, "webhook_delivery_queued");
    deliver(&world.app.outbox).await;
    assert_eq!(receiver.count(), sent + 1);
    let listed = entregas(&world, &tenant, &id).await;
    assert_eq!((&listed[0]["estado"], &listed[0]["intentos"]), (&json!("entregada"), &json!(1)));
}

#[tokio::test]
async fn a_receiver_that_is_gone_for_good_is_told_nothing_more() {
    let world = open_world().await;
    let tenant = world.tenant("Parque").await;
    let receiver = Receiver::start().await;
    let (id, _) = endpoint(&world, &tenant, &receiver.url()).await;
    receiver.next([Reply::Status(410)]);
    happen(&world, &tenant.company, "a").await;
    deliver(&world.app.outbox).await;
    let off = shown(&world, &tenant, &id).await;
    assert_eq!((&off["estado"], &off["motivo"]["code"]), (&json!("apagado"), &json!("endpoint_gone")));
}

#[tokio::test]
async fn both_secrets_sign_for_a_day_after_a_rotation() {
    let world = open_world().await;
    let tenant = world.tenant("Parque").await;
    let receiver = Receiver::start().await;
    let (id, old) = endpoint(&world, &tenant, &receiver.url()).await;
    let path = format!("{PATH}/{id}/rotar-secreto");
    let rotated = world.post(&path, Some(&tenant.session), &json!({})).await.good();
    let new = text(&rotated["webhook"]["secreto"]);
    happen(&world, &tenant.company, "a").await;
    deliver(&world.app.outbox).await;
    world.advance(DAY_MS);
    happen(&world, &tenant.company, "b").await;
    deliver(&world.app.outbox).await;
    let requests = receiver.requests();
    assert_eq!(requests.iter().map(|one| is_signed(one, &new)).collect::<Vec<_>>(), [true, true]);
    assert_eq!(requests.iter().map(|one| is_signed(one, &old)).collect::<Vec<_>>(), [true, false]);
}

#[tokio::test]
async fn an_endpoint_can_be_tried_at_once_but_not_for_ever() {
    let world = open_world().await;
    let tenant = world.tenant("Parque").await;
    let session = Some(tenant.session.as_str());
    let receiver = Receiver::start().await;
    let (id, secret) = endpoint(&world, &tenant, &receiver.url()).await;
    let path = format!("{PATH}/{id}/probar");
    let tried = world.post(&path, session, &json!({})).await.is(200, "webhook_test_delivered");
    assert_eq!((&tried["entregado"], &tried["estado_http"]), (&json!(true), &json!(200)));
    let request = &receiver.requests()[0];
    assert!(is_signed(request, &secret));
    assert_eq!(request.json()["type"], "webhook.test");
    receiver.always(Reply::With(302, "location", "https://example.org/".into()));
    let tried = world.post(&path, session, &json!({})).await.is(200, "webhook_test_failed");
    assert_eq!(
        (&tried["estado_http"], &tried["error"]["code"]),
        (&json!(302), &json!("endpoint_redirected"))
    );
    assert_eq!(entregas(&world, &tenant, &id).await.len(), 0, "nothing is kept of it");
    for _ in 0..8 {
        world.post(&path, session, &json!({})).await.good();
    }
    let refused = world.post(&path, session, &json!({})).await;
    refused.is(429, "rate_limited");
    assert!(refused.header("retry-after").parse::<u64>().is_ok());
}
