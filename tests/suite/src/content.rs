//! Everything that a database holds, table by table, as JSON: to be compared.

use std::collections::BTreeMap;

use anyhow::Context;
use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, SqliteConnection};

/// Rows by table; the rows of a table in the order of their text.
pub type Content = BTreeMap<String, Vec<Value>>;

/// Tables that tell about processes, not about what was done.
const PASSING: [&str; 2] = ["_sqlx_migrations", "runners"];

/// Reads the database at `url`.
///
/// # Errors
/// When it cannot be read.
pub async fn content(url: &str) -> anyhow::Result<Content> {
    let read = match url.strip_prefix("sqlite:") {
        Some(path) => of_sqlite(path.trim_start_matches("//")).await,
        None => of_postgres(url).await,
    };
    read.with_context(|| format!("reading {url}"))
}

async fn of_postgres(url: &str) -> anyhow::Result<Content> {
    let mut connection = PgConnection::connect(url).await?;
    let sql = "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'";
    let tables: Vec<(String,)> = sqlx::query_as(sql).fetch_all(&mut connection).await?;
    let mut content = Content::new();
    for (table,) in tables.into_iter().filter(|(table,)| !PASSING.contains(&table.as_str())) {
        let sql = format!("SELECT row_to_json(t)::text AS row FROM \"{table}\" AS t ORDER BY row");
        let rows: Vec<(String,)> = sqlx::query_as(AssertSqlSafe(sql)).fetch_all(&mut connection).await?;
        content.insert(table, parsed(rows)?);
    }
    connection.close().await?;
    Ok(content)
}

async fn of_sqlite(path: &str) -> anyhow::Result<Content> {
    let mut connection = SqliteConnectOptions::new().filename(path).read_only(true).connect().await?;
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table'";
    let tables: Vec<(String,)> = sqlx::query_as(sql).fetch_all(&mut connection).await?;
    let mut content = Content::new();
    for (table,) in tables.into_iter().filter(|(table,)| !PASSING.contains(&table.as_str())) {
        let row = row_of_sqlite(&mut connection, &table).await?;
        let sql = format!("SELECT {row} AS row FROM \"{table}\" ORDER BY row");
        let rows: Vec<(String,)> = sqlx::query_as(AssertSqlSafe(sql)).fetch_all(&mut connection).await?;
        content.insert(table, parsed(rows)?);
    }
    connection.close().await?;
    Ok(content)
}

/// A row as JSON; truth values as such, as PostgreSQL has them.
async fn row_of_sqlite(connection: &mut SqliteConnection, table: &str) -> anyhow::Result<String> {
    let columns: Vec<(String, String)> = sqlx::query_as("SELECT name, type FROM pragma_table_info($1)")
        .bind(table)
        .fetch_all(connection)
        .await?;
    let pairs = columns.iter().map(|(name, kind)| match kind.as_str() {
        "BOOLEAN" => {
            format!("'{name}', json(CASE WHEN \"{name}\" THEN 'true' WHEN NOT \"{name}\" THEN 'false' END)")
        }
        _ => format!("'{name}', \"{name}\""),
    });
    Ok(format!("json_object({})", pairs.collect::<Vec<_>>().join(", ")))
}

fn parsed(rows: Vec<(String,)>) -> anyhow::Result<Vec<Value>> {
    rows.into_iter().map(|(row,)| Ok(serde_json::from_str(&row)?)).collect()
}
