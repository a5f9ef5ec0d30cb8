//! Real databases for the runs: a few, each used by one run after the other.

use std::path::Path;
use std::sync::Arc;

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;

use crate::domain::id::CompanyId;
use crate::domain::time::Timestamp;
use crate::seams::Random;
use crate::store::conn::{execute, fetch_all, fetch_one};
use crate::store::counts::{self, Count};
use crate::store::{Store, StoreError};
use crate::vault::{Context, Vault};

/// Names the PostgreSQL server of the test run.
const SERVER_VARIABLE: &str = "PAGOS_TEST_POSTGRES_URL";
/// Says that a missing service is a failure.
const REQUIRED_VARIABLE: &str = "REQUIRE_SERVICES";

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Backend {
    Sqlite,
    Postgres,
}

/// Whether runs on PostgreSQL are possible.
///
/// # Panics
/// When the server is missing and services are required.
pub(super) fn postgres_server() -> Option<String> {
    let server = std::env::var(SERVER_VARIABLE).ok();
    let required = std::env::var(REQUIRED_VARIABLE).is_ok_and(|value| value == "1");
    assert!(server.is_some() || !required, "{SERVER_VARIABLE} is not set, and services are required");
    server
}

/// A database that belongs to one run at a time.
pub(super) struct Slot {
    pub(super) store: Store,
    pub(super) vault: Arc<Vault>,
    _directory: TempDir,
}

impl Slot {
    pub(super) async fn open(backend: Backend, number: usize) -> Self {
        let directory = TempDir::new().expect("directory");
        let vault = Vault::open_or_create(&directory.path().join("key"), &Random::default()).expect("vault");
        let url = match backend {
            Backend::Sqlite => sqlite(directory.path()),
            Backend::Postgres => postgres(number).await,
        };
        let store = Store::open(&url).await.expect("store");
        seed(&store, &vault).await;
        Self { store, vault: Arc::new(vault), _directory: directory }
    }

    /// Forgets the run before.
    pub(super) async fn clear(&self) {
        let cleared: Result<(), StoreError> = self
            .store
            .write(|conn| {
                Box::pin(async move {
                    for sql in [
                        "DELETE FROM purchase_lines",
                        "DELETE FROM transactions",
                        "DELETE FROM transaction_counts",
                        "DELETE FROM transaction_days",
                        "DELETE FROM idempotency_keys",
                        "DELETE FROM drawn_names",
                        "DELETE FROM purchases",
                        "DELETE FROM runners",
                        "DELETE FROM outbox",
                    ] {
                        execute!(&mut *conn, sql)?;
                    }
                    Ok(())
                })
            })
            .await;
        cleared.expect("cleared");
    }

    /// What the company's endpoint is to be told, as kinds of events.
    pub(super) async fn told(&self) -> Vec<String> {
        let mut reader = self.store.reader().await.expect("reader");
        let rows: Result<Vec<(String,)>, StoreError> = fetch_all!(
            &mut reader.conn(),
            (String,),
            "SELECT kind FROM outbox WHERE target = 'e' ORDER BY kind"
        );
        rows.expect("messages").into_iter().map(|(kind,)| kind).collect()
    }

    /// What the books show of the one purchase: state of payment and user, and how many purchases there are.
    pub(super) async fn books(&self) -> (String, String, i64) {
        let mut reader = self.store.reader().await.expect("reader");
        let row: Result<(String, String), StoreError> = fetch_one!(
            &mut reader.conn(),
            (String, String),
            "SELECT payment_state, hotspot_state FROM transactions"
        );
        let (payment, hotspot) = row.expect("one transaction");
        let count: Result<(i64,), StoreError> = fetch_one!(
            &mut reader.conn(),
            (i64,),
            "SELECT COUNT(*) FROM purchases WHERE company_id = 'EMP_1'"
        );
        (payment, hotspot, count.expect("count").0)
    }

    /// What the company's dashboard counts of the one purchase.
    async fn counted(&self) -> Vec<Count> {
        let mut reader = self.store.reader().await.expect("reader");
        counts::of_company(&mut reader.conn(), &CompanyId::new("EMP_1")).await.expect("counts")
    }

    /// Whether the counts are those of the rows, before and after the row is carried over, and when made anew.
    pub(super) async fn counts_are_right(&self) -> bool {
        let mut reader = self.store.reader().await.expect("reader");
        let truth: Result<Vec<Count>, StoreError> = async {
            fetch_all!(
                &mut reader.conn(),
                Count,
                "SELECT payment_state, currency, COUNT(*) AS transactions,
                     CAST(SUM(amount_minor) AS BIGINT) AS amount_minor
                 FROM transactions WHERE company_id = 'EMP_1' GROUP BY payment_state, currency
                 ORDER BY payment_state, currency"
            )
        }
        .await;
        drop(reader);
        let truth = truth.expect("rows");
        let before = self.counted().await;
        self.carry_over().await;
        let after = self.counted().await;
        let recounted =
            self.store.write::<_, StoreError, _>(|conn| Box::pin(async move { counts::recount(conn).await }));
        recounted.await.expect("recounted");
        let anew = self.counted().await;
        before == truth && after == truth && anew == truth
    }

    /// Carries the row over into the counts, whatever its age.
    pub(super) async fn carry_over(&self) {
        let carried = self.store.write::<_, StoreError, _>(|conn| {
            Box::pin(async move { counts::carry_over(conn, Timestamp(i64::MAX), 10).await })
        });
        carried.await.expect("carried over");
    }
}

fn sqlite(directory: &Path) -> String {
    format!("sqlite:{}", directory.join("a.db").display())
}

async fn postgres(number: usize) -> String {
    let server = postgres_server().expect("a server");
    let name = format!("pagos_crash_{}_{number}", std::process::id());
    let mut admin = PgConnection::connect(&format!("{server}/postgres")).await.expect("PostgreSQL");
    let create = AssertSqlSafe(format!("CREATE DATABASE {name}"));
    sqlx::query(create).execute(&mut admin).await.expect("database");
    format!("{server}/{name}")
}

async fn seed(store: &Store, vault: &Vault) {
    let conekta = vault.seal(&Context { tenant: "EMP_1", field: "conekta.private_key" }, "key_1");
    let mercado_pago = vault.seal(&Context { tenant: "EMP_1", field: "mercado_pago.access_token" }, "key_1");
    let seeded: Result<(), StoreError> = store
        .write(move |conn| {
            Box::pin(async move {
                for sql in [
                    "INSERT INTO companies (id, name, contact_phone, conekta_mode, mercado_pago_mode, telegram_enabled,
                         disable_on_refund, active, created_at)
                     VALUES ('EMP_1', 'Red', '5512345678', 'test', 'test', FALSE, TRUE, TRUE, 0)",
                    "INSERT INTO sites (id, company_id, name, created_at) VALUES ('s', 'EMP_1', 's', 0)",
                    "INSERT INTO routers (id, company_id, site_id, name, host, port, username, password_sealed, active,
                         settings_version, created_at)
                     VALUES ('RTR_1', 'EMP_1', 's', 'r', 'h', 8728, 'u', '', TRUE, 1, 0)",
                    "INSERT INTO products (id, company_id, router_id, profile_id, profile_name, sale_name, price_minor,
                         currency, details, active, display_order, featured, created_at)
                     VALUES (1, 'EMP_1', 'RTR_1', '*1', '1h', 'Una hora', 2000, 'MXN', '[]', TRUE, 0, FALSE, 0)",
                    "INSERT INTO webhook_endpoints (id, company_id, url, events, active, secret_sealed, created_at,
                         updated_at)
                     VALUES ('e', 'EMP_1', 'https://hooks.example.org/', '*', TRUE, '', 0, 0)",
                ] {
                    execute!(&mut *conn, sql)?;
                }
                for (gateway, key) in [("conekta", conekta), ("mercado_pago", mercado_pago)] {
                    execute!(
                        &mut *conn,
                        "INSERT INTO gateway_credentials (company_id, gateway, version, key_sealed, created_at)
                         VALUES ('EMP_1', $1, 1, $2, 0)",
                        gateway,
                        &key
                    )?;
                }
                Ok(())
            })
        })
        .await;
    seeded.expect("seeded");
}
