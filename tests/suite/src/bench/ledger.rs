//! Books of many years: transactions and their purchases, written past the service, then counted by its own command.

use std::time::Duration;

use anyhow::{Context, ensure};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use crate::programs::program;
use crate::sandbox::{Ready, bound_to_us};

/// The past over which transactions are spread, in milliseconds: two years.
const PAST_MS: i64 = 2 * 365 * 86_400_000;
/// Rows of one statement, so that the service can write in between.
const CHUNK: i64 = 50_000;
/// The first number; the sandbox's own are below.
const FIRST: i64 = 10_000_000;
/// The longest to wait for a lock, in milliseconds.
const BUSY_MS_MAX: u64 = 60_000;

/// The numbers from $1 to $2, and a step of $3 milliseconds between one row and the next, back from $4.
const PURCHASES: &str = "WITH RECURSIVE numbers (i) AS
        (SELECT CAST($1 AS BIGINT) UNION ALL SELECT i + 1 FROM numbers WHERE i < $2)
    INSERT INTO purchases (id, company_id, router_id, product_id, buyer, phase, version, state, runner, open, undecided,
        wake_at, created_at, attention, swept_at)
    SELECT 'TRX_BENCH' || i, $5, $6, $7, 'A0:B1', 'completed', 9, '{}', '', FALSE, FALSE, 0, $4 - i * $3, FALSE, 0
    FROM numbers";
const TRANSACTIONS: &str = "WITH RECURSIVE numbers (i) AS
        (SELECT CAST($1 AS BIGINT) UNION ALL SELECT i + 1 FROM numbers WHERE i < $2)
    INSERT INTO transactions (id, public_id, purchase_id, company_id, router_id, product_id, gateway, amount_minor, currency,
        customer_name, customer_email, customer_phone, hotspot_user, payment_state, hotspot_state, metadata, created_at,
        paid_at, counted)
    SELECT $8 + i, 'ord_bench_' || i, 'TRX_BENCH' || i, $5, $6, $7, 'conekta', 2000 + i % 7, 'MXN', 'Ana Ruiz',
        'ana' || i || '@example.org', '+525512345678', 'PT-' || i, CASE WHEN i % 10 = 0 THEN 'declined' WHEN i % 10 = 1
        THEN 'failed' ELSE 'paid' END, 'active', '{}', $4 - i * $3, $4 - i * $3, TRUE
    FROM numbers";

enum Connection {
    Sqlite(sqlx::SqliteConnection),
    Postgres(sqlx::PgConnection),
}

macro_rules! run {
    ($connection:expr, $sql:expr $(, $value:expr)*) => {
        match $connection {
            Connection::Sqlite(connection) => sqlx::query($sql)$(.bind($value))*.execute(connection).await.map(drop),
            Connection::Postgres(connection) => sqlx::query($sql)$(.bind($value))*.execute(connection).await.map(drop),
        }
    };
}

/// Adds transactions until the company of the sandbox has `until` besides its own; it has `from` of them.
///
/// # Errors
/// When the database refuses, or the command that counts does.
pub async fn fill(ready: &Ready, from: i64, until: i64) -> anyhow::Result<()> {
    let mut connection = open(&ready.database_url).await.context("opening the database")?;
    let product = ready.productos.first().context("there is a plan on sale")?.id;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    let (now, step) = (i64::try_from(now.as_millis())?, PAST_MS / until);
    let mut next = from + 1;
    while next <= until {
        let last = (next + CHUNK - 1).min(until);
        let (company, router) = (&ready.empresa_id, &ready.router_id);
        run!(&mut connection, PURCHASES, next, last, step, now, company, router, product)
            .context("writing purchases")?;
        run!(&mut connection, TRANSACTIONS, next, last, step, now, company, router, product, FIRST)
            .context("writing transactions")?;
        next = last + 1;
    }
    // The server does this by itself within a minute.
    run!(&mut connection, "ANALYZE").context("looking at the tables")?;
    recount(ready).await
}

async fn open(url: &str) -> anyhow::Result<Connection> {
    if url.starts_with("postgres") {
        return Ok(Connection::Postgres(sqlx::PgConnection::connect(url).await?));
    }
    let path = url.trim_start_matches("sqlite:").trim_start_matches("//");
    let options = SqliteConnectOptions::new().filename(path).busy_timeout(Duration::from_millis(BUSY_MS_MAX));
    Ok(Connection::Sqlite(options.connect().await?))
}

/// `pagos-control-plane recount`, beside the running service.
async fn recount(ready: &Ready) -> anyhow::Result<()> {
    let mut command = bound_to_us(&program("pagos-control-plane")?);
    command.arg("recount").env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("PAGOS_DATABASE_URL", &ready.database_url);
    let done = command.output().await.context("counting anew")?;
    ensure!(done.status.success(), "counting failed: {}", String::from_utf8_lossy(&done.stderr));
    Ok(())
}
