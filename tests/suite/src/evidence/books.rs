//! What the control plane's database holds, on either kind.

use std::time::Duration;

use anyhow::Context;
use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, SqliteConnection};

use super::{Evidence, Purchase, Transaction};

/// The longest to wait for a lock, in milliseconds.
const BUSY_MS_MAX: u64 = 10_000;

const PURCHASES: &str =
    "SELECT id, company_id, router_id, product_id, phase, open, state FROM purchases ORDER BY created_at, id";
const TRANSACTIONS: &str = "SELECT purchase_id, company_id, router_id, product_id, api_key_id, amount_minor, \
     payment_state, hotspot_state, hotspot_user FROM transactions ORDER BY id";
const ROUTERS: &str = "SELECT id, company_id FROM routers";
const PRODUCTS: &str = "SELECT id, company_id, router_id FROM products";
const API_KEYS: &str = "SELECT id, company_id, router_id FROM api_keys";

#[derive(sqlx::FromRow)]
struct PurchaseRow {
    id: String,
    company_id: String,
    router_id: String,
    product_id: i64,
    phase: String,
    open: bool,
    state: String,
}

#[derive(sqlx::FromRow)]
struct TransactionRow {
    purchase_id: Option<String>,
    company_id: String,
    router_id: String,
    product_id: Option<i64>,
    api_key_id: Option<String>,
    amount_minor: i64,
    payment_state: String,
    hotspot_state: String,
    hotspot_user: Option<String>,
}

enum Books {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

macro_rules! all {
    ($books:expr, $row:ty, $sql:expr) => {
        match $books {
            Books::Sqlite(connection) => sqlx::query_as::<_, $row>($sql).fetch_all(connection).await,
            Books::Postgres(connection) => sqlx::query_as::<_, $row>($sql).fetch_all(connection).await,
        }
        .with_context(|| format!("running {}", $sql))?
    };
}

pub(super) async fn read(url: &str, evidence: &mut Evidence) -> anyhow::Result<()> {
    let books = &mut open(url).await.with_context(|| format!("opening {url}"))?;
    let purchases = all!(books, PurchaseRow, PURCHASES);
    evidence.purchases = purchases.into_iter().map(purchase).collect::<anyhow::Result<_>>()?;
    evidence.transactions = all!(books, TransactionRow, TRANSACTIONS).into_iter().map(transaction).collect();
    evidence.routers = all!(books, (String, String), ROUTERS).into_iter().collect();
    let products = all!(books, (i64, String, String), PRODUCTS);
    evidence.products = products.into_iter().map(|(id, company, router)| (id, (company, router))).collect();
    let keys = all!(books, (String, String, String), API_KEYS);
    evidence.api_keys = keys.into_iter().map(|(id, company, router)| (id, (company, router))).collect();
    Ok(())
}

async fn open(url: &str) -> anyhow::Result<Books> {
    if url.starts_with("postgres") {
        return Ok(Books::Postgres(PgConnection::connect(url).await?));
    }
    let path = url.trim_start_matches("sqlite:").trim_start_matches("//");
    let options = SqliteConnectOptions::new().filename(path).busy_timeout(Duration::from_millis(BUSY_MS_MAX));
    Ok(Books::Sqlite(options.connect().await?))
}

fn purchase(row: PurchaseRow) -> anyhow::Result<Purchase> {
    let state: Value =
        serde_json::from_str(&row.state).with_context(|| format!("reading the state of {}", row.id))?;
    let number = |pointer: &str| state.pointer(pointer).and_then(Value::as_i64);
    let text = |pointer: &str| state.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    Ok(Purchase {
        user: text("/user/name").with_context(|| format!("{} has drawn a user: {state}", row.id))?,
        reserved_at: number("/reserved_at"),
        charge_started_at: number("/charge/started_at"),
        order_id: text("/payment/id"),
        price: number("/terms/product/price/minor")
            .with_context(|| format!("{} has a price: {state}", row.id))?,
        id: row.id,
        company_id: row.company_id,
        router_id: row.router_id,
        product_id: row.product_id,
        phase: row.phase,
        open: row.open,
        state,
    })
}

fn transaction(row: TransactionRow) -> Transaction {
    Transaction {
        purchase_id: row.purchase_id.unwrap_or_default(),
        company_id: row.company_id,
        router_id: row.router_id,
        product_id: row.product_id,
        api_key_id: row.api_key_id,
        amount: row.amount_minor,
        payment_state: row.payment_state,
        hotspot_state: row.hotspot_state,
        hotspot_user: row.hotspot_user,
    }
}
