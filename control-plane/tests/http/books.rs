//! Rows of a company's books, written past the service: many, of any age, in any state.

use pagos_control_plane::domain::time::Timestamp;
use pagos_control_plane::store::{Conn, StoreError, counts};
use pagos_control_plane::tenants;

use crate::world::{Tenant, World};

const DAY_MS: i64 = 86_400_000;
const INSERT: &str =
    "INSERT INTO transactions (id, public_id, company_id, router_id, gateway, amount_minor, currency,
        customer_name, customer_phone, payment_state, hotspot_state, metadata, created_at)
    VALUES ($1, $2, $3, $4, 'conekta', $5, $6, $7, $8, $9, 'active', '{}', $10)";

/// One transaction.
#[derive(Debug, Clone)]
pub struct Booked {
    pub id: i64,
    pub state: &'static str,
    pub amount_minor: i64,
    pub currency: &'static str,
    pub customer: String,
    pub phone: Option<&'static str>,
    pub created_at: i64,
}

impl Booked {
    /// A paid one of twenty pesos.
    pub fn paid(id: i64, created_at: i64) -> Self {
        Self {
            id,
            state: "paid",
            amount_minor: 2_000,
            currency: "MXN",
            customer: format!("Cliente {id}"),
            phone: None,
            created_at,
        }
    }

    pub fn in_state(self, state: &'static str) -> Self {
        Self { state, ..self }
    }
}

/// Noon of a day so many days ago.
pub fn noon(world: &World, days_ago: i64) -> i64 {
    let day = world.app.clock.now().0 / DAY_MS - days_ago;
    day * DAY_MS + DAY_MS / 2
}

/// Writes the rows.
pub async fn book(world: &World, tenant: &Tenant, rows: Vec<Booked>) {
    let (company, router) = (tenant.company.clone(), tenant.router.clone());
    let written = world.app.store.write::<_, StoreError, _>(move |conn| {
        Box::pin(async move {
            for row in rows {
                insert(conn, &company, &router, row).await?;
            }
            Ok(())
        })
    });
    written.await.expect("written");
}

async fn insert(conn: &mut Conn<'_>, company: &str, router: &str, row: Booked) -> Result<(), StoreError> {
    let public_id = format!("ord_{}_{}", company, row.id);
    macro_rules! run {
        ($conn:expr) => {
            sqlx::query(INSERT)
                .bind(row.id)
                .bind(public_id)
                .bind(company)
                .bind(router)
                .bind(row.amount_minor)
                .bind(row.currency)
                .bind(row.customer)
                .bind(row.phone)
                .bind(row.state)
                .bind(row.created_at)
                .execute(&mut **$conn)
                .await
                .map(|_| ())
        };
    }
    match conn {
        Conn::Sqlite(conn) => run!(conn),
        Conn::Postgres(conn) => run!(conn),
    }
    .map_err(StoreError::from)
}

/// Carries everything over into the counts, as time does.
pub async fn settle(world: &World) {
    tenants::counts::settle(&world.app.store, Timestamp(i64::MAX)).await.expect("carried over");
}

/// Makes the counts anew, as the command does.
pub async fn recount(world: &World) {
    let counted = world
        .app
        .store
        .write::<_, StoreError, _>(|conn| Box::pin(async move { counts::recount(conn).await }));
    counted.await.expect("counted");
}
