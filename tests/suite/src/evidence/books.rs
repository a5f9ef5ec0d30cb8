//! What the control plane's database holds, on either kind.

use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, SqliteConnection};

use super::{Evidence, Line, Purchase, Stray, Transaction, UnknownReservation};
use crate::simulator::gateways::Gateway;

/// The longest to wait for a lock, in milliseconds.
const BUSY_MS_MAX: u64 = 10_000;

const PURCHASES: &str = "SELECT id, company_id, router_id, product_id, phase, open, attention, state FROM purchases ORDER BY created_at, id";
const TRANSACTIONS: &str = "SELECT purchase_id, company_id, router_id, product_id, api_key_id, amount_minor, \
     payment_state, hotspot_state, hotspot_user FROM transactions ORDER BY id";
const COUNTS: &str = "SELECT company_id, payment_state, CAST(SUM(transactions) AS BIGINT), CAST(SUM(amount_minor) AS BIGINT) FROM (
         SELECT company_id, payment_state, transactions, amount_minor FROM transaction_counts
         UNION ALL SELECT company_id, payment_state, 1, amount_minor FROM transactions WHERE NOT counted
         UNION ALL SELECT company_id, counted_state, -1, -amount_minor FROM transactions
             WHERE NOT counted AND counted_state IS NOT NULL) AS everything
     GROUP BY company_id, payment_state HAVING SUM(transactions) <> 0 OR SUM(amount_minor) <> 0";
const LINES: &str = "SELECT purchase_id, version, lines FROM purchase_lines ORDER BY purchase_id, version";
const UNKNOWN_RESERVATIONS: &str =
    "SELECT router_id, purchase_id, name FROM unknown_reservations ORDER BY router_id, purchase_id";
const STRAYS: &str = "SELECT payment_id, amount_minor FROM gateway_strays ORDER BY payment_id";
const FORGIVING: &str = "SELECT id, name FROM companies WHERE NOT disable_on_refund";
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
    attention: bool,
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
    let counts = all!(books, (String, String, i64, i64), COUNTS).into_iter();
    evidence.counts =
        counts.map(|(company, state, rows, amount)| ((company, state), (rows, amount))).collect();
    for (id, version, lines) in all!(books, (String, i64, String), LINES) {
        evidence.records.entry(id).or_default().extend(record(version, &lines)?);
    }
    let unknown = all!(books, (String, String, String), UNKNOWN_RESERVATIONS).into_iter();
    evidence.unknown_reservations = unknown
        .map(|(router_id, purchase_id, name)| UnknownReservation { router_id, purchase_id, name })
        .collect();
    let strays = all!(books, (String, i64), STRAYS).into_iter();
    evidence.strays = strays.map(|(payment_id, amount)| Stray { payment_id, amount }).collect();
    evidence.forgiving = all!(books, (String, String), FORGIVING).into_iter().map(|(id, _)| id).collect();
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
        payment_id: text("/payment/id"),
        refunded: number("/refunded_minor").unwrap_or_default(),
        gateway: match text("/terms/gateway").as_deref() {
            Some("conekta") => Gateway::Conekta,
            Some("mercado_pago") => Gateway::MercadoPago,
            other => bail!("{} names no gateway: {other:?}", row.id),
        },
        price: number("/terms/product/price/minor")
            .with_context(|| format!("{} has a price: {state}", row.id))?,
        id: row.id,
        company_id: row.company_id,
        router_id: row.router_id,
        product_id: row.product_id,
        phase: row.phase,
        open: row.open,
        attention: row.attention,
        state,
    })
}

/// The lines of one commit.
fn record(version: i64, lines: &str) -> anyhow::Result<Vec<Line>> {
    let lines: Vec<Value> =
        serde_json::from_str(lines).with_context(|| format!("reading the lines {lines}"))?;
    let text = |line: &Value, name: &str| line[name].as_str().unwrap_or_default().to_owned();
    let read = lines.iter().map(|line| Line {
        version,
        at: line["at"].as_i64().unwrap_or_default(),
        step: text(line, "step"),
        result: text(line, "result"),
        who: text(&line["who"], "kind"),
    });
    Ok(read.collect())
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
