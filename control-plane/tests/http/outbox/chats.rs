//! Messages to chats.

use pagos_control_plane::gateway::GatewayName;
use pagos_control_plane::store::Conn;
use serde_json::{Value, json};

use super::deliver;
use super::receiver::{Receiver, Reply};
use crate::shop::Shop;
use crate::world::World;

const MINE: &str = "/api/v1/admin/mi-empresa";
const TRY: &str = "/api/v1/admin/test-telegram";

/// What is to be told to a company's chat, as it is stored.
pub async fn waiting(world: &World, company: &str) -> Vec<String> {
    const SQL: &str = "SELECT body FROM outbox WHERE target = 'telegram:' || $1 ORDER BY created_at, id";
    let mut reader = world.app.store.reader().await.expect("reader");
    let rows: Vec<(String,)> = match reader.conn() {
        Conn::Sqlite(conn) => sqlx::query_as(SQL).bind(company).fetch_all(conn).await.expect("rows"),
        Conn::Postgres(conn) => sqlx::query_as(SQL).bind(company).fetch_all(conn).await.expect("rows"),
    };
    rows.into_iter().map(|(body,)| body).collect()
}

/// A shop whose chat is kept by `telegram`.
async fn shop_with(telegram: &Receiver) -> Shop {
    Shop::open_with(&[("PAGOS_TELEGRAM__URL", telegram.base())]).await
}

async fn set_up(shop: &Shop, more: Value) {
    let mut settings =
        json!({"telegram_bot_token": "12:Ab-c_d", "telegram_chat_id": 1001, "notificaciones_telegram": true});
    settings.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
    shop.world.put(MINE, Some(&shop.tenant.session), &settings).await.good();
}

fn texts(telegram: &Receiver) -> Vec<String> {
    let text = |body: Value| body["text"].as_str().expect("a text").to_owned();
    telegram.requests().iter().map(|request| text(request.json())).collect()
}

async fn deliver_until(shop: &Shop, telegram: &Receiver, count: usize) {
    while telegram.count() < count {
        deliver(&shop.world.app.outbox).await;
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_chat_can_be_tried_with_given_or_stored_settings() {
    let telegram = Receiver::start().await;
    let world = World::start_with(&[("PAGOS_TELEGRAM__URL", telegram.base())]).await;
    let tenant = world.tenant("Red").await;
    let session = Some(tenant.session.as_str());
    let given = json!({"token": "12:Ab-c_d", "chat_id": -100_123});
    for body in [
        json!({}),
        json!({"token": "12:Ab-c_d"}),
        json!({"chat_id": 1}),
        json!({"token": "********", "chat_id": 1}),
    ] {
        world.post(TRY, session, &body).await.is(400, "telegram_not_configured");
    }
    world.post(TRY, session, &given).await.is(200, "telegram_test_sent");
    let request = telegram.requests()[0].clone();
    assert_eq!(request.path, "/bot12:Ab-c_d/sendMessage");
    let text = "<b>Mensaje de prueba de Pagos Hotspot</b>\nEmpresa: Red";
    assert_eq!(request.json(), json!({"chat_id": "-100123", "text": text, "parse_mode": "HTML"}));
    // What is stored stands in for what is missing, and for the mask.
    let stored = json!({"telegram_bot_token": "34:stored", "telegram_chat_id": "77"});
    world.put(MINE, session, &stored).await.good();
    world
        .post(TRY, session, &json!({"token": "********", "chat_id": ""}))
        .await
        .is(200, "telegram_test_sent");
    world.send(reqwest::Method::POST, TRY, session, None, &[]).await.is(200, "telegram_test_sent");
    let last = telegram.requests()[2].clone();
    assert_eq!((last.path.as_str(), &last.json()["chat_id"]), ("/bot34:stored/sendMessage", &json!("77")));
    for reply in [
        Reply::Body(
            400,
            json!({"ok": false, "error_code": 400, "description": "Bad Request: chat not found"}),
        ),
        Reply::Body(401, json!({"ok": false})),
        Reply::Body(429, json!({"ok": false, "parameters": {"retry_after": 3}})),
        Reply::Body(200, json!({"ok": false})),
        Reply::Status(502),
    ] {
        telegram.next([reply]);
        let refused = world.post(TRY, session, &json!({})).await;
        refused.is(500, "telegram_failed");
        assert!(!refused.text.contains("stored"), "{}", refused.text);
    }
    assert_eq!(world.post(TRY, session, &json!({"token": "x".repeat(256)})).await.issues().len(), 1);
    world.post(TRY, Some(&world.operator), &json!({})).await.is(403, "role_forbidden");
    world.post(TRY, session, &json!({})).await.good();
    world.post(TRY, session, &json!({})).await.good();
    world.post(TRY, session, &json!({})).await.is(429, "rate_limited");
}

#[tokio::test]
async fn a_sale_and_its_refund_are_told_in_the_chat() {
    let telegram = Receiver::start().await;
    let shop = shop_with(&telegram).await;
    set_up(&shop, json!({})).await;
    let sold = shop.sell(GatewayName::Conekta).await;
    let user = shop.settled(&sold).await.user.name;
    deliver_until(&shop, &telegram, 1).await;
    let sale = format!(
        "<b>Venta aprobada</b>\nEmpresa: Parque\nPlan: Una hora\nMonto: 20.00 MXN\nCliente: Ana Ruiz\n\
         Transacción: {}\nUsuario: {user}",
        sold.payment
    );
    assert_eq!(texts(&telegram)[0], sale);
    shop.refund(&sold, &json!({"monto": 5})).await.is(200, "refund_done");
    shop.refund(&sold, &json!({})).await.is(200, "refund_done");
    deliver_until(&shop, &telegram, 3).await;
    let told = texts(&telegram);
    assert!(told[1].starts_with("<b>Venta revertida</b>") && told[1].contains("5.00 MXN"), "{told:?}");
    assert!(told[2].contains("Monto: 20.00 MXN") && told[2].ends_with("Estado: refunded"), "{told:?}");
    assert_eq!(waiting(&shop.world, &shop.tenant.company).await.len(), 0, "what was told is forgotten");
}

#[tokio::test]
async fn the_password_is_told_only_when_the_company_wants_that() {
    let telegram = Receiver::start().await;
    let shop = shop_with(&telegram).await;
    set_up(&shop, json!({"telegram_con_contrasena": true})).await;
    let shown = shop.get("").await.good();
    assert_eq!(
        (&shown["telegram_con_contrasena"], &shown["telegram_bot_token"]),
        (&json!(true), &json!("********"))
    );
    let sold = shop.sell(GatewayName::MercadoPago).await;
    let stored = waiting(&shop.world, &shop.tenant.company).await;
    deliver_until(&shop, &telegram, 1).await;
    let state = shop.settled(&sold).await;
    let context =
        pagos_control_plane::vault::Context { tenant: &shop.tenant.company, field: "purchase.password" };
    let password = shop.world.app.vault.open_sealed(&context, &state.user.password_sealed).expect("opens");
    assert!(texts(&telegram)[0].ends_with(&format!("Contraseña: {}", password.as_str())));
    assert!(stored.iter().all(|body| !body.contains("password")), "{stored:?}");
}

#[tokio::test]
async fn nothing_is_told_to_a_company_that_did_not_switch_it_on() {
    let telegram = Receiver::start().await;
    let shop = shop_with(&telegram).await;
    for more in [
        json!({"notificaciones_telegram": false}),
        json!({"telegram_chat_id": null}),
        json!({"telegram_bot_token": null}),
    ] {
        set_up(&shop, more).await;
        shop.sell(GatewayName::Conekta).await;
        assert_eq!(waiting(&shop.world, &shop.tenant.company).await.len(), 0);
    }
    assert_eq!(deliver(&shop.world.app.outbox).await, 0);
}

#[tokio::test]
async fn a_chat_is_left_alone_as_long_as_telegram_wants() {
    let telegram = Receiver::start().await;
    let world = World::start_with(&[("PAGOS_TELEGRAM__URL", telegram.base())]).await;
    let tenant = world.tenant("Red").await;
    let settings =
        json!({"telegram_bot_token": "1:a", "telegram_chat_id": "-1001", "notificaciones_telegram": true});
    world.put(MINE, Some(&tenant.session), &settings).await.good();
    for number in 0..4 {
        alert(&world, &tenant.company, number).await;
    }
    let outbox = &world.app.outbox;
    telegram.next([Reply::Body(429, json!({"ok": false, "parameters": {"retry_after": 30}}))]);
    assert_eq!((deliver(outbox).await, telegram.count()), (1, 1));
    world.advance(29_000);
    assert_eq!(deliver(outbox).await, 0, "Telegram asked for 30 seconds");
    world.advance(1_500);
    deliver(outbox).await;
    assert_eq!(
        (deliver(outbox).await, telegram.count()),
        (0, 2),
        "a group takes a message every three seconds"
    );
    world.advance(2_900);
    assert_eq!(deliver(outbox).await, 0);
    world.advance(200);
    deliver(outbox).await;
    assert_eq!(telegram.count(), 3);
    // The bot was thrown out: the message is given up, and the chat is not pestered.
    world.advance(3_100);
    telegram.next([Reply::Body(403, json!({"ok": false, "description": "Forbidden: bot was kicked"}))]);
    deliver(outbox).await;
    assert_eq!((waiting(&world, &tenant.company).await.len(), telegram.count()), (1, 4));
    world.advance(3_100);
    telegram.next([Reply::Status(500)]);
    deliver(outbox).await;
    assert_eq!(waiting(&world, &tenant.company).await.len(), 1, "it is tried again");
    world.advance(10_000);
    deliver(outbox).await;
    assert_eq!((waiting(&world, &tenant.company).await.len(), telegram.count()), (0, 6));
}

async fn alert(world: &World, company: &str, number: i64) {
    use pagos_control_plane::domain::{alert::Alert, id::CompanyId, time::Timestamp};
    use pagos_control_plane::store::{StoreError, outbox};
    let (company, now) = (CompanyId::new(company), world.app.clock.now());
    let put = world.app.store.write::<_, StoreError, _>(move |conn| {
        Box::pin(async move {
            let alert = Alert::EndpointOff { host: format!("{number}.example.org"), since: Timestamp(0) };
            outbox::put_alert(conn, &company, &format!("m{number}"), &alert, now).await
        })
    });
    put.await.expect("put in");
}
