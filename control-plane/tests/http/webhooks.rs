//! Notifications of the gateways: what is taken, what is refused, and what wakes a purchase.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::BoxFuture;
use pagos_control_plane::domain::id::{ApiKeyId, CompanyId, PurchaseId, RouterId};
use pagos_control_plane::domain::money::{Currency, Money};
use pagos_control_plane::domain::time::Timestamp;
use pagos_control_plane::gateway::{GatewayName, Payment};
use pagos_control_plane::purchase::state::{
    Buyer, CardChoice, Device, DrawnUser, Phase, Product, Purchase, Terms, UserType,
};
use pagos_control_plane::purchase::{PurchaseError, Purchases};
use pagos_control_plane::seams::Random;
use pagos_control_plane::store::{Conn, StoreError, notifications};
use pagos_control_plane::webhook::look_up::{Found, LookUp};
use pagos_control_plane::webhook::notice::Source;
use pagos_control_plane::webhook::{Parts, Wake, Webhooks};
use reqwest::Method;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use ring::{hmac, signature};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;

use crate::world::{Answer, PASSWORD, SUPER_EMAIL, Tenant, World};

const PRIVATE_KEY: &str = include_str!("../../../tests/vectors/webhooks/conekta.private.pem");
pub const PUBLIC_KEY: &str = include_str!("../../../tests/vectors/webhooks/conekta.public.pem");
const OTHER_KEY: &str = include_str!("../../../tests/vectors/webhooks/conekta.other.public.pem");
const SECRET: &str = "a secret of the application";
const TS: &str = "1774400000";
const DAY_MS: i64 = 86_400_000;

/// Company, purchase and payment of each wake.
type Woken = (String, String, Option<String>);

/// Wakes for real, and remembers what was woken.
struct Recorder {
    purchases: Purchases,
    woken: Mutex<Vec<Woken>>,
}

impl Wake for Recorder {
    fn wake(
        &self,
        company: CompanyId,
        purchase: PurchaseId,
        payment: Option<String>,
    ) -> BoxFuture<'_, Result<bool, PurchaseError>> {
        Box::pin(async move {
            let wake = (company.to_string(), purchase.to_string(), payment.clone());
            let found = self.purchases.wake(company, purchase, payment).await?;
            if found {
                self.woken.lock().expect("unpoisoned").push(wake);
            }
            Ok(found)
        })
    }
}

/// A gateway that knows some payments of one company.
#[derive(Default)]
struct Gateway(BTreeMap<(String, String), Found>);

impl LookUp for Gateway {
    fn reference_of(&self, company: CompanyId, _: Source, payment: String) -> BoxFuture<'_, Found> {
        let found = self.0.get(&(company.to_string(), payment)).cloned().unwrap_or(Found::Unknown);
        Box::pin(async move { found })
    }
}

/// What works on the stored notifications.
struct Worker {
    webhooks: Webhooks,
    recorder: Arc<Recorder>,
}

impl Worker {
    fn new(world: &World, gateway: Gateway) -> Self {
        let recorder = Arc::new(Recorder { purchases: world.app.purchases.clone(), woken: Mutex::default() });
        let webhooks = Webhooks::new(Parts {
            store: world.app.store.clone(),
            vault: world.app.vault.clone(),
            clock: world.app.clock.clone(),
            random: Random::default(),
            wake: recorder.clone(),
            look_up: Arc::new(gateway),
            base_url: "https://pagos.example.org".into(),
        });
        Self { webhooks, recorder }
    }

    async fn round(&self) -> Vec<Woken> {
        self.webhooks.round().await.expect("a round");
        self.recorder.woken.lock().expect("unpoisoned").clone()
    }
}

async fn run(world: &World, sql: String) {
    let done = world.app.store.write(move |conn| {
        Box::pin(async move {
            let sql = AssertSqlSafe(sql);
            match conn {
                Conn::Sqlite(conn) => sqlx::query(sql).execute(&mut **conn).await.map(|_| ()),
                Conn::Postgres(conn) => sqlx::query(sql).execute(&mut **conn).await.map(|_| ()),
            }
            .map_err(StoreError::from)
        })
    });
    done.await.expect("done");
}

/// State, verdict and length of the body of each notification, in the order of arrival.
async fn stored(world: &World) -> Vec<(String, Option<bool>, bool)> {
    const SQL: &str = "SELECT state, verified, body FROM notifications ORDER BY received_at, id";
    let mut reader = world.app.store.reader().await.expect("reader");
    let rows: Vec<(String, Option<bool>, String)> = match reader.conn() {
        Conn::Sqlite(conn) => sqlx::query_as(SQL).fetch_all(conn).await.expect("rows"),
        Conn::Postgres(conn) => sqlx::query_as(SQL).fetch_all(conn).await.expect("rows"),
    };
    rows.into_iter().map(|(state, verified, body)| (state, verified, body.is_empty())).collect()
}

async fn states(world: &World) -> Vec<String> {
    stored(world).await.into_iter().map(|(state, _, _)| state).collect()
}

/// A purchase that has nothing left to do.
fn resting(tenant: &Tenant, gateway: &str, id: &str, payment: &str) -> Purchase {
    let terms = Terms {
        id: PurchaseId::new(id),
        company: CompanyId::new(&tenant.company),
        router: RouterId::new(&tenant.router),
        api_key: ApiKeyId::new("key_1"),
        created_at: Timestamp(0),
        product: Product {
            id: 1,
            name: "1h".into(),
            profile: "1h".into(),
            price: Money { minor: 2_000, currency: Currency::Mxn },
        },
        buyer: Buyer { name: "Ana".into(), email: "ana@example.org".into(), phone: None, phone_typed: None },
        user_type: UserType::Password,
        device: Device::default(),
        gateway: GatewayName::parse(gateway).expect("gateway"),
        credentials_version: 1,
        live_only: false,
        idempotency_key: "key".into(),
        card: CardChoice::default(),
    };
    let user = DrawnUser { name: "PT-1".into(), password_sealed: String::new() };
    let mut purchase = Purchase::new(terms, user, String::new());
    purchase.phase = Phase::Completed;
    purchase.paid_at = Some(Timestamp(1));
    purchase.payment = Some(Payment { id: payment.into(), live: false });
    purchase
}

/// A purchase with its transaction, as the service would have stored them.
async fn sell(world: &World, tenant: &Tenant, gateway: &str, purchase: &str, public_id: &str, number: i64) {
    let Tenant { company, router, .. } = tenant;
    let state = serde_json::to_string(&resting(tenant, gateway, purchase, public_id)).expect("json");
    run(
        world,
        format!(
            "INSERT INTO purchases (id, company_id, router_id, product_id, buyer, phase, version, state, runner, open,
                 undecided, wake_at, created_at)
             VALUES ('{purchase}', '{company}', '{router}', 1, 'b', 'completed', 1, '{state}', 'r', FALSE, FALSE, 0, 0)"
        ),
    )
    .await;
    run(
        world,
        format!(
            "INSERT INTO transactions (id, public_id, purchase_id, company_id, router_id, gateway, amount_minor, currency,
                 payment_state, hotspot_state, metadata, created_at)
             VALUES ({number}, '{public_id}', '{purchase}', '{company}', '{router}', '{gateway}', 2000, 'MXN',
                 'pending', 'pending', '{{}}', 0)"
        ),
    )
    .await;
}

fn event(id: &str, order: &str) -> String {
    event_with(id, order, &json!({}))
}

fn event_with(id: &str, order: &str, metadata: &Value) -> String {
    let object = json!({"object": "order", "id": order, "payment_status": "paid", "metadata": metadata});
    json!({"object": "event", "id": id, "type": "order.paid", "data": {"object": object}}).to_string()
}

fn digest(body: &str) -> String {
    let der = PrivatePkcs8KeyDer::from_pem_slice(PRIVATE_KEY.as_bytes()).expect("a key");
    let pair = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).expect("a key");
    let mut signed = vec![0; signature::KeyPair::public_key(&pair).modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), body.as_bytes(), &mut signed).expect("signed");
    STANDARD.encode(signed)
}

fn payment(id: u64, data: &str) -> String {
    json!({"id": id, "type": "payment", "action": "payment.updated", "data": {"id": data}}).to_string()
}

fn x_signature(secret: &str, data: &str) -> String {
    x_signature_at(secret, data, TS)
}

fn x_signature_at(secret: &str, data: &str, ts: impl Display) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let mac = hmac::sign(&key, format!("id:{data};request-id:req-1;ts:{ts};").as_bytes());
    format!("ts={ts},v1={}", hex::encode(mac))
}

async fn send(world: &World, path: &str, body: String, headers: &[(&'static str, &str)]) -> Answer {
    world.send(Method::POST, path, None, Some(body), headers).await
}

async fn send_conekta(world: &World, path: &str, body: &str, digest: Option<&str>) -> Answer {
    let headers: Vec<_> = digest.map(|digest| ("digest", digest)).into_iter().collect();
    send(world, path, body.to_owned(), &headers).await
}

async fn send_payment(world: &World, path: &str, body: String, data: &str, signature: &str) -> Answer {
    let path = format!("{path}?data.id={data}&type=payment");
    send(world, &path, body, &[("x-signature", signature), ("x-request-id", "req-1")]).await
}

/// The path of a company's own address.
async fn own_path(world: &World, tenant: &Tenant, source: Source) -> String {
    let company = CompanyId::new(tenant.company.as_str());
    let url = world.app.webhooks.address(&company, source).await.expect("read").expect("an address");
    url[url.find("/api/").expect("a path")..].to_owned()
}

async fn set_conekta_key(world: &World, tenant: &Tenant, key: &str) {
    let path = "/api/v1/admin/mi-empresa/configurar-conekta";
    let body = json!({"conekta_webhook_key": key});
    world.post(path, Some(&tenant.session), &body).await.is(200, "conekta_settings_updated");
}

async fn set_secret(world: &World, tenant: &Tenant, secret: &str) -> Value {
    let path = format!("/api/v1/webhook/empresa/{}/configurar-webhook", tenant.company);
    let body = json!({"webhook_secret": secret});
    world.post(&path, Some(&tenant.session), &body).await.is(200, "webhook_secret_saved")
}

async fn shown(world: &World, reference: &str) -> Value {
    let path = format!("/api/v1/webhook/transaccion/{reference}");
    // The clock may have left the first session behind.
    let session = world.log_in(SUPER_EMAIL, PASSWORD).await;
    world.get(&path, Some(&session)).await.good()["transaction"].clone()
}

#[tokio::test]
async fn a_signed_event_wakes_its_purchase_once() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    let worker = Worker::new(&world, Gateway::default());
    set_conekta_key(&world, &tenant, PUBLIC_KEY).await;
    sell(&world, &tenant, "conekta", "TRX_1", "ord_1", 1).await;
    let path = own_path(&world, &tenant, Source::Conekta).await;
    let body = event("evt_1", "ord_1");
    let answer = send_conekta(&world, &path, &body, Some(&digest(&body))).await.is(200, "webhook_received");
    assert_eq!((&answer["status"], &answer["notification_id"]), (&json!("received"), &json!("evt_1")));
    assert_eq!((&answer["type"], &answer["data_id"]), (&json!("order.paid"), &json!("ord_1")));
    assert_eq!(answer["signature_verified"], true);
    assert_eq!(stored(&world).await, [("stored".to_owned(), Some(true), false)]);

    let once = vec![(tenant.company.clone(), "TRX_1".to_owned(), Some("ord_1".to_owned()))];
    assert_eq!(worker.round().await, once);
    assert_eq!(stored(&world).await, [("done".to_owned(), Some(true), true)], "the body is forgotten");
    let transaction = shown(&world, "TRX_1").await;
    assert_eq!(
        (&transaction["webhook_processed"], &transaction["notification_id"]),
        (&json!(true), &json!("evt_1"))
    );
    assert_eq!(transaction["estado_pago"], "pending", "a notification writes no state");
    let metadata = &transaction["metadata_json"];
    assert_eq!(metadata["processed_notifications"], json!(["evt_1"]));
    assert_eq!(metadata["last_webhook"]["action"], "order.paid");

    // Sent again at once, and an old one again after days.
    for wait in [0, 3 * DAY_MS] {
        world.advance(wait);
        send_conekta(&world, &path, &body, Some(&digest(&body))).await.is(200, "webhook_received");
        assert_eq!(worker.round().await, once);
    }
    assert_eq!(states(&world).await, ["done"]);
}

#[tokio::test]
async fn a_wrong_or_missing_signature_leaves_nothing() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    set_conekta_key(&world, &tenant, OTHER_KEY).await;
    set_secret(&world, &tenant, SECRET).await;
    sell(&world, &tenant, "conekta", "TRX_1", "ord_1", 1).await;
    sell(&world, &tenant, "mercado_pago", "TRX_2", "901", 2).await;
    let body = event("evt_1", "ord_1");
    let own = own_path(&world, &tenant, Source::Conekta).await;
    for path in [own.as_str(), "/api/v1/webhook/conekta", "/api/v1/webhook"] {
        for digest in [None, Some(digest(&body)), Some("AAAA".to_owned())] {
            let answer = send_conekta(&world, path, &body, digest.as_deref()).await;
            answer.is(401, "invalid_signature");
        }
    }
    let own = own_path(&world, &tenant, Source::MercadoPago).await;
    for path in [own.as_str(), "/api/v1/webhook/mercado-pago", "/api/v1/webhook"] {
        for signature in [String::new(), x_signature("another", "901"), x_signature(SECRET, "902")] {
            let answer = send_payment(&world, path, payment(1, "901"), "901", &signature).await;
            answer.is(401, "invalid_signature");
        }
    }
    assert_eq!(states(&world).await, Vec::<String>::new());
}

#[tokio::test]
async fn the_secret_before_stays_good_and_the_one_before_that_does_not() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    sell(&world, &tenant, "mercado_pago", "TRX_1", "901", 1).await;
    for secret in ["first", "second", "third"] {
        set_secret(&world, &tenant, secret).await;
    }
    let path = own_path(&world, &tenant, Source::MercadoPago).await;
    for (id, secret, status) in [(1, "third", 200), (2, "second", 200), (3, "first", 401)] {
        let signature = x_signature(secret, "901");
        let answer = send_payment(&world, &path, payment(id, "901"), "901", &signature).await;
        assert_eq!(answer.status.as_u16(), status, "{secret}: {}", answer.text);
    }
    let both = format!("{OTHER_KEY}{PUBLIC_KEY}");
    set_conekta_key(&world, &tenant, &both).await;
    let body = event("evt_1", "ord_1");
    let path = own_path(&world, &tenant, Source::Conekta).await;
    send_conekta(&world, &path, &body, Some(&digest(&body))).await.good();
}

#[tokio::test]
async fn without_a_key_a_notification_is_a_hint() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    let worker = Worker::new(&world, Gateway::default());
    sell(&world, &tenant, "mercado_pago", "TRX_1", "901", 1).await;
    world.switch_company_off(&tenant.company).await;
    let answer = send_payment(&world, "/api/v1/webhook", payment(7, "901"), "901", "").await;
    let answer = answer.is(200, "webhook_received");
    assert_eq!((&answer["signature_verified"], &answer["data_id"]), (&json!(false), &json!("901")));
    assert_eq!(answer["notification_id"], "7");
    assert_eq!(stored(&world).await, [("stored".to_owned(), Some(false), false)]);
    assert_eq!(worker.round().await.len(), 1, "also for a company that is switched off");
}

#[tokio::test]
async fn one_that_comes_before_its_row_waits_and_is_verified_then() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    let worker = Worker::new(&world, Gateway::default());
    set_conekta_key(&world, &tenant, PUBLIC_KEY).await;
    let (good, forged) = (event("evt_1", "ord_1"), event("evt_2", "ord_1"));
    let path = "/api/v1/webhook/conekta";
    send_conekta(&world, path, &good, Some(&digest(&good))).await.is(200, "webhook_received");
    world.advance(1);
    send_conekta(&world, path, &forged, Some("AAAA")).await.is(200, "webhook_received");
    assert_eq!(worker.round().await, []);
    assert_eq!(stored(&world).await, vec![("waiting".to_owned(), None, false); 2]);

    sell(&world, &tenant, "conekta", "TRX_1", "ord_1", 1).await;
    assert_eq!(worker.round().await, [], "it is looked at again only after a pause");
    world.advance(5_000);
    assert_eq!(worker.round().await.len(), 1);
    let expected = [("done".to_owned(), Some(true), true), ("dropped".to_owned(), None, true)];
    assert_eq!(stored(&world).await, expected);
    // The forged one keeps nobody from sending the real one.
    send_conekta(&world, path, &forged, Some(&digest(&forged))).await.is(200, "webhook_received");
    assert_eq!(worker.round().await.len(), 2);
}

#[tokio::test]
async fn a_payment_without_a_row_is_looked_up_by_its_reference() {
    let world = World::start().await;
    let (tenant, other) = (world.tenant("Parque").await, world.tenant("Plaza").await);
    sell(&world, &tenant, "mercado_pago", "TRX_0001", "TRX_0001", 1).await;
    let known = [
        (&tenant.company, "901", Found::Reference("TRX_0001-1".into())),
        (&tenant.company, "902", Found::NotOurs),
        (&other.company, "903", Found::Reference("TRX_0001-1".into())),
    ];
    let known = known.map(|(company, id, found)| ((company.clone(), id.to_owned()), found));
    let worker = Worker::new(&world, Gateway(known.into()));
    let path = own_path(&world, &tenant, Source::MercadoPago).await;
    for (id, data) in [(1, "901"), (2, "902"), (3, "904")] {
        send_payment(&world, &path, payment(id, data), data, "").await.good();
        world.advance(1);
    }
    // A payment of another company that names this one's purchase.
    let foreign = own_path(&world, &other, Source::MercadoPago).await;
    send_payment(&world, &foreign, payment(4, "903"), "903", "").await.good();
    let woken = worker.round().await;
    assert_eq!(woken, [(tenant.company.clone(), "TRX_0001".to_owned(), Some("901".to_owned()))]);
    assert_eq!(states(&world).await, ["done", "done", "stored", "done"]);

    // What nobody can tell about is asked for again, more and more rarely, and given up in the end.
    for _ in 0..200 {
        world.advance(30 * 60_000);
        worker.round().await;
    }
    assert_eq!(states(&world).await, ["done", "done", "dropped", "done"]);
    assert_eq!(worker.round().await.len(), 1);
}

#[tokio::test]
async fn events_out_of_order_each_wake_the_purchase() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    let worker = Worker::new(&world, Gateway::default());
    set_secret(&world, &tenant, SECRET).await;
    let path = own_path(&world, &tenant, Source::MercadoPago).await;
    for (id, action) in [(12, "payment.updated"), (11, "payment.created")] {
        let body = json!({"id": id, "type": "payment", "action": action, "data": {"id": "901"}});
        let signature = x_signature_at(SECRET, "901", 1_700_000_000 + id);
        send_payment(&world, &path, body.to_string(), "901", &signature).await.good();
        world.advance(1);
    }
    assert_eq!(worker.round().await, [], "our row is not there yet");
    sell(&world, &tenant, "mercado_pago", "TRX_1", "901", 1).await;
    world.advance(5_000);
    assert_eq!(worker.round().await.len(), 2);
    let metadata = shown(&world, "TRX_1").await["metadata_json"].clone();
    let mut ids: Vec<_> = metadata["processed_notifications"].as_array().expect("a list").clone();
    ids.sort_by_key(Value::to_string);
    assert_eq!(ids, [json!("11"), json!("12")]);
}

#[tokio::test]
async fn what_names_another_company_s_sale_does_nothing() {
    let world = World::start().await;
    let (tenant, other) = (world.tenant("Parque").await, world.tenant("Plaza").await);
    let worker = Worker::new(&world, Gateway::default());
    sell(&world, &tenant, "conekta", "TRX_1", "ord_1", 1).await;
    let path = own_path(&world, &other, Source::Conekta).await;
    let pointed = event_with("evt_2", "ord_2", &json!({"sale_id": "TRX_1", "empresa_id": tenant.company}));
    for body in [event("evt_1", "ord_1"), pointed] {
        send_conekta(&world, &path, &body, None).await.is(200, "webhook_received");
    }
    for _ in 0..3 {
        assert_eq!(worker.round().await, []);
        world.advance(DAY_MS);
    }
    assert_eq!(states(&world).await, ["dropped", "dropped"]);
    let transaction = shown(&world, "TRX_1").await;
    assert_eq!(
        (&transaction["webhook_processed"], &transaction["metadata_json"]),
        (&json!(false), &json!({}))
    );

    // The same pointers lead there for the company itself, before the order id is in the books.
    let path = own_path(&world, &tenant, Source::Conekta).await;
    let body = event_with("evt_3", "ord_3", &json!({"sale_id": "TRX_1"}));
    send_conekta(&world, &path, &body, None).await.good();
    let expected = (tenant.company.clone(), "TRX_1".to_owned(), Some("ord_3".to_owned()));
    assert_eq!(worker.round().await, [expected]);
}

#[tokio::test]
async fn garbage_is_answered_and_not_stored() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    let own = own_path(&world, &tenant, Source::MercadoPago).await;
    let shared = "/api/v1/webhook/mercado-pago";
    for path in [own.as_str(), shared, "/api/v1/webhook/conekta", "/api/v1/webhook"] {
        let answer = send(&world, path, "x".repeat(1 << 20), &[]).await;
        answer.is(413, "body_too_large");
        for body in ["", "{", "[]", "<xml/>", "null", "{\"id\": 1}"] {
            let answer = send(&world, path, body.to_owned(), &[]).await.is(200, "webhook_received");
            assert_eq!((&answer["type"], &answer["received_at"].is_string()), (&json!(null), &true));
        }
    }
    let empty = event("evt\\u0000", "ord\\u0000").replace("\\\\u", "\\u");
    send_conekta(&world, "/api/v1/webhook/conekta", &empty, None).await.good();
    for path in ["/api/v1/webhook/mercado-pago/nobody", "/api/v1/webhook/conekta/nobody"] {
        send(&world, path, event("evt_1", "ord_1"), &[]).await.is(404, "route_not_found");
    }
    let get = world.get(&own, None).await;
    assert_eq!(get.status.as_u16(), 405);
    assert_eq!(states(&world).await, Vec::<String>::new());
}

#[tokio::test]
async fn tests_and_other_kinds_are_acknowledged_and_not_stored() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    let ping = json!({"object": "event", "id": "e1", "type": "webhook_ping", "data": {"action": "ping"}});
    let answer =
        send(&world, "/api/v1/webhook", ping.to_string(), &[]).await.is(200, "webhook_test_received");
    assert_eq!((&answer["type"], &answer["signature_verified"]), (&json!("webhook_ping"), &json!(false)));
    set_secret(&world, &tenant, SECRET).await;
    let path = own_path(&world, &tenant, Source::MercadoPago).await;
    let test = json!({"id": 1, "type": "test", "data": {"id": "123"}}).to_string();
    let headers = [("x-request-id", "req-1"), ("x-signature", &x_signature(SECRET, "123"))];
    let answer = send(&world, &path, test.clone(), &headers).await.is(200, "webhook_test_received");
    assert_eq!((&answer["signature_verified"], &answer["data_id"]), (&json!(true), &json!(null)));
    send(&world, &path, test, &[]).await.is(401, "invalid_signature");
    let shared = "/api/v1/webhook/mercado-pago";
    let other = json!({"id": 1, "type": "topic_merchant_order_wh", "data": {"id": "123"}}).to_string();
    send(&world, shared, other, &[]).await.is(200, "webhook_type_ignored");
    assert_eq!(states(&world).await, Vec::<String>::new());
    let shown = world.get("/api/v1/webhook/test-webhook", None).await.good();
    assert_eq!((&shown["status"], &shown["health_check"]), (&json!("active"), &json!("ok")));
}

#[tokio::test]
async fn one_signature_is_one_notification_whatever_the_body_says() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    set_secret(&world, &tenant, SECRET).await;
    let path = own_path(&world, &tenant, Source::MercadoPago).await;
    for id in [1, 2, 3] {
        let signature = x_signature(SECRET, "901");
        send_payment(&world, &path, payment(id, "901"), "901", &signature).await.is(200, "webhook_received");
    }
    assert_eq!(states(&world).await, ["stored"]);
}

#[tokio::test]
async fn the_many_of_one_company_keep_nobody_waiting() {
    let world = World::start().await;
    let (busy, other) = (world.tenant("Parque").await, world.tenant("Plaza").await);
    let worker = Worker::new(&world, Gateway::default());
    let path = own_path(&world, &busy, Source::MercadoPago).await;
    for id in 1..=70 {
        sell(&world, &busy, "mercado_pago", &format!("TRX_{id}"), &format!("9{id}"), id).await;
        let data = format!("9{id}");
        send_payment(&world, &path, payment(id.unsigned_abs(), &data), &data, "").await.good();
        world.advance(1);
    }
    sell(&world, &other, "mercado_pago", "TRX_B", "8", 71).await;
    let path = own_path(&world, &other, Source::MercadoPago).await;
    send_payment(&world, &path, payment(1, "8"), "8", "").await.good();
    let woken = worker.round().await;
    assert!(woken.iter().any(|(company, ..)| *company == other.company), "{woken:?}");
}

#[tokio::test]
async fn what_nobody_vouches_for_has_limits() {
    let world = World::start().await;
    let send_one = async |at: u64, from: &str| {
        let path = "/api/v1/webhook/mercado-pago";
        send(&world, path, payment(at, &at.to_string()), &[("x-forwarded-for", from)]).await
    };
    for at in 0..120 {
        send_one(at, "203.0.113.7").await.good();
    }
    let refused = send_one(120, "203.0.113.7").await;
    refused.is(429, "rate_limited");
    assert!(refused.header("retry-after").parse::<u64>().is_ok());
    send_one(121, "203.0.113.8").await.good();
    world.advance(60_000);
    send_one(122, "203.0.113.7").await.good();
    assert_eq!(states(&world).await.len(), 122);
}

#[tokio::test]
async fn a_database_that_does_not_store_makes_the_gateway_send_again() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    sell(&world, &tenant, "mercado_pago", "TRX_1", "901", 1).await;
    run(&world, "ALTER TABLE notifications RENAME TO away".into()).await;
    let path = own_path(&world, &tenant, Source::MercadoPago).await;
    let answer = send_payment(&world, &path, payment(1, "901"), "901", "").await;
    answer.is(500, "internal_error");
    run(&world, "ALTER TABLE away RENAME TO notifications".into()).await;
    send_payment(&world, &path, payment(1, "901"), "901", "").await.good();
}

#[tokio::test]
async fn old_notifications_are_forgotten() {
    let world = World::start().await;
    send_payment(&world, "/api/v1/webhook", payment(1, "901"), "901", "").await.good();
    let prune = async |world: &World| {
        let now = world.app.clock.now();
        let prune = world.app.store.write::<_, StoreError, _>(move |conn| {
            Box::pin(async move { notifications::prune(conn, now).await })
        });
        prune.await.expect("pruned")
    };
    world.advance(89 * DAY_MS);
    assert!(!prune(&world).await);
    world.advance(2 * DAY_MS);
    assert!(prune(&world).await);
    assert_eq!(states(&world).await, Vec::<String>::new());
}

#[tokio::test]
async fn the_worker_runs_by_itself_and_ends_when_told() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    sell(&world, &tenant, "mercado_pago", "TRX_1", "901", 1).await;
    let (stop, stopping) = tokio::sync::watch::channel(false);
    let webhooks = world.app.webhooks.clone();
    let working = tokio::spawn(async move { webhooks.work(stopping).await });
    send_payment(&world, "/api/v1/webhook", payment(1, "901"), "901", "").await.good();
    let done = async {
        while states(&world).await != ["done"] {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), done).await.expect("worked on");
    stop.send_replace(true);
    tokio::time::timeout(Duration::from_secs(20), working).await.expect("ended").expect("no panic");
}

#[tokio::test]
async fn a_company_from_before_gets_its_address_when_it_is_asked_for() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    let before = own_path(&world, &tenant, Source::Conekta).await;
    run(&world, "UPDATE companies SET webhook_path = NULL".into()).await;
    let after = own_path(&world, &tenant, Source::Conekta).await;
    assert_ne!(before, after);
    assert_eq!(own_path(&world, &tenant, Source::Conekta).await, after);
    send(&world, &after, event("evt_1", "ord_1"), &[]).await.is(200, "webhook_received");
    send(&world, &before, event("evt_1", "ord_1"), &[]).await.is(404, "route_not_found");
}

#[tokio::test]
async fn a_key_from_before_keys_had_versions_still_verifies() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    run(&world, format!("UPDATE companies SET conekta_webhook_key = '{PUBLIC_KEY}'")).await;
    let path = own_path(&world, &tenant, Source::Conekta).await;
    let send_event = async |id: &str, signed: bool| {
        let body = event(id, "ord_1");
        let digest = signed.then(|| digest(&body));
        send_conekta(&world, &path, &body, digest.as_deref()).await
    };
    send_event("evt_1", false).await.is(401, "invalid_signature");
    send_event("evt_2", true).await.good();
    // It is the one before, once a new one is set, and goes when another one follows.
    set_conekta_key(&world, &tenant, OTHER_KEY).await;
    send_event("evt_3", true).await.good();
    set_conekta_key(&world, &tenant, OTHER_KEY).await;
    send_event("evt_4", true).await.is(401, "invalid_signature");
}
