//! Rows that tests put into the database themselves.

use pagos_control_plane::domain::event::{Event, EventKind, News};
use pagos_control_plane::domain::id::{ApiKeyId, CompanyId, PurchaseId, RouterId};
use pagos_control_plane::domain::money::{Currency, Money};
use pagos_control_plane::domain::time::Timestamp;
use pagos_control_plane::gateway::{GatewayName, Payment};
use pagos_control_plane::purchase::state::{
    Buyer, CardChoice, Device, DrawnUser, Phase, Product, Purchase, Terms, UserType,
};
use pagos_control_plane::store::{Conn, StoreError, outbox};
use serde_json::json;
use sqlx::AssertSqlSafe;

use crate::world::{Tenant, World};

pub async fn run(world: &World, sql: String) {
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
pub async fn sell(
    world: &World,
    tenant: &Tenant,
    gateway: &str,
    purchase: &str,
    public_id: &str,
    number: i64,
) {
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

/// Something happens that a company is told of; gives the id of the message.
pub async fn happen(world: &World, company: &str, fact: &str) -> String {
    let (company, now) = (CompanyId::new(company), world.app.clock.now());
    let data = json!({"id_transaccion": fact});
    let event = Event::new(EventKind::PaymentCompleted, fact, now, &data);
    let id = event.id.clone();
    let news = News { events: vec![event], alerts: Vec::new() };
    let put = world.app.store.write::<_, StoreError, _>(move |conn| {
        Box::pin(async move { outbox::put(conn, &company, &news, now).await })
    });
    put.await.expect("put in");
    id
}
