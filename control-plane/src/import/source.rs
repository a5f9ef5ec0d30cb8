//! The old database: read only, in one snapshot, page by page.
//!
//! Each row comes as one JSON object, so that a missing or additional column changes no query.

use std::io;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};

use super::fields::{Fields, Moment};
use super::zone::{Zone, guess};
use super::{ImportError, Table};
use crate::domain::time::Timestamp;

/// How addresses of PostgreSQL begin.
const SCHEMES: [&str; 2] = ["postgres", "postgresql"];
/// Longest wait for the old server, in milliseconds.
const CONNECT_TIMEOUT_MS: u64 = 30_000;
/// Rows read at once.
const PAGE_ROWS: i64 = 4_000;
/// So many bytes of rows end a page early.
const PAGE_BYTES: i64 = 4 << 20;
/// Longest row that is looked at, in bytes.
const ROW_BYTES_MAX: i64 = 256 << 10;
/// Rows from which the server's time zone is guessed.
const SAMPLE_ROWS: i64 = 1_000;

/// A row of the old database.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct OldRow {
    /// Its key, as text.
    pub(super) id: String,
    /// Its columns as a JSON object; none when there is too much of it.
    pub(super) body: Option<String>,
}

/// A connection to the old database that cannot write.
#[derive(Debug)]
pub struct Source {
    connection: PgConnection,
}

impl Source {
    /// Connects, and holds on to how the database looks now.
    ///
    /// # Errors
    /// When the address is wrong, the database away, or not of the replaced service.
    pub async fn open(url: &str) -> Result<Self, ImportError> {
        let options: PgConnectOptions = plain_address(url)?.parse().map_err(ImportError::OldAddress)?;
        let connection = tokio::time::timeout(Duration::from_millis(CONNECT_TIMEOUT_MS), options.connect());
        let connection =
            connection.await.unwrap_or_else(|_| Err(timed_out())).map_err(ImportError::OldDatabase)?;
        let mut source = Self { connection };
        for setting in [
            "SET default_transaction_read_only = on",
            "SET statement_timeout = 0",
            "SET idle_in_transaction_session_timeout = 0",
            "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
        ] {
            sqlx::query(setting).execute(&mut source.connection).await.map_err(ImportError::OldDatabase)?;
        }
        if !source.has(Table::Companies).await? {
            return Err(ImportError::OtherDatabase);
        }
        Ok(source)
    }

    /// Which database of which running server this is.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn identity(&mut self) -> Result<String, ImportError> {
        let row = sqlx::query_as::<_, (String,)>(crate::store::import::IDENTITY);
        let (identity,) = row.fetch_one(&mut self.connection).await.map_err(ImportError::OldDatabase)?;
        Ok(identity)
    }

    /// Whether there is such a table.
    pub(super) async fn has(&mut self, table: Table) -> Result<bool, ImportError> {
        let row = sqlx::query_as::<_, (bool,)>("SELECT to_regclass($1) IS NOT NULL").bind(table.name());
        let (has,) = row.fetch_one(&mut self.connection).await.map_err(ImportError::OldDatabase)?;
        Ok(has)
    }

    /// How many rows a table has, and its largest number where rows are numbered.
    pub(super) async fn extent(&mut self, table: Table) -> Result<(i64, i64), ImportError> {
        let sql = match table {
            Table::Companies => "SELECT count(*), 0::bigint FROM empresas",
            Table::Users => "SELECT count(*), COALESCE(max(id), 0)::bigint FROM usuarios",
            Table::Routers => "SELECT count(*), 0::bigint FROM routers",
            Table::Keys => "SELECT count(*), 0::bigint FROM api_keys_tracking",
            Table::Products => "SELECT count(*), COALESCE(max(id), 0)::bigint FROM productos",
            Table::Transactions => "SELECT count(*), COALESCE(max(id), 0)::bigint FROM transacciones",
        };
        let row = sqlx::query_as::<_, (i64, i64)>(sql);
        row.fetch_one(&mut self.connection).await.map_err(ImportError::OldDatabase)
    }

    /// The rows that come after `after`, in the order of their keys; none at the end.
    pub(super) async fn page(
        &mut self,
        table: Table,
        after: Option<&str>,
    ) -> Result<Vec<OldRow>, ImportError> {
        let after = after.unwrap_or(if table.is_numbered() { "-9223372036854775808" } else { "" });
        let query = sqlx::query_as::<_, OldRow>(page_sql(table))
            .bind(after)
            .bind(PAGE_ROWS)
            .bind(PAGE_BYTES)
            .bind(ROW_BYTES_MAX);
        query.fetch_all(&mut self.connection).await.map_err(ImportError::OldDatabase)
    }

    /// Users whose e-mail differs from an older user's by case or blanks only.
    pub(super) async fn namesakes(&mut self) -> Result<Vec<String>, ImportError> {
        let sql = "SELECT id::text FROM (SELECT id, min(id) OVER (PARTITION BY lower(btrim(email))) AS first \
                   FROM usuarios) AS named WHERE first <> id ORDER BY id";
        let rows = sqlx::query_as::<_, (String,)>(sql).fetch_all(&mut self.connection).await;
        Ok(rows.map_err(ImportError::OldDatabase)?.into_iter().map(|(id,)| id).collect())
    }

    /// The changes of a time zone, as the old server knows it.
    ///
    /// # Errors
    /// When the server knows no such zone.
    pub async fn zone(&mut self, name: &str) -> Result<Zone, ImportError> {
        let sql = "SELECT since, ahead FROM (SELECT since, ahead, lag(ahead) OVER (ORDER BY since) AS before FROM \
                   (SELECT (extract(epoch FROM hour) * 1000)::bigint AS since, \
                   (extract(epoch FROM hour - (hour AT TIME ZONE $1::text AT TIME ZONE 'UTC')) * 1000)::bigint AS ahead \
                   FROM generate_series(timestamp '2000-01-01', timestamp '2045-01-01', interval '1 hour') AS hour) \
                   AS hours) AS changes WHERE before IS DISTINCT FROM ahead ORDER BY since";
        let rows = sqlx::query_as::<_, (i64, i64)>(sql).bind(name).fetch_all(&mut self.connection).await;
        rows.map(Zone::of).map_err(|source| ImportError::Zone { name: name.to_owned(), source })
    }

    /// How far ahead of UTC the server's clock seems to be, in milliseconds, from the newest transactions: they say when they
    /// were made by that clock, and when they were paid in UTC.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn guessed_offset(&mut self) -> Result<Option<i64>, ImportError> {
        if !self.has(Table::Transactions).await? {
            return Ok(None);
        }
        let sql = "SELECT t.id::text AS id, row_to_json(t)::text AS body FROM transacciones AS t ORDER BY t.id DESC LIMIT $1";
        let query = sqlx::query_as::<_, OldRow>(sql).bind(SAMPLE_ROWS);
        let rows = query.fetch_all(&mut self.connection).await.map_err(ImportError::OldDatabase)?;
        Ok(guess(rows.iter().filter_map(ahead).collect()))
    }

    /// Ends the connection.
    #[must_use]
    pub fn close(self) -> BoxFuture<'static, ()> {
        // It was only read: whether the server hears the end makes no difference.
        self.connection.close().map(|_| ()).boxed()
    }
}

fn timed_out() -> sqlx::Error {
    sqlx::Error::Io(io::ErrorKind::TimedOut.into())
}

/// How far the clock of `creada_en` was ahead of UTC when a row was made, if it was paid in the same moment.
fn ahead(row: &OldRow) -> Option<i64> {
    let fields = Fields::parse(row.body.as_deref()?).ok()?;
    let Moment::Local(made) = fields.time("creada_en").ok()?? else { return None };
    let paid: Timestamp = fields.utc("pagada_en").ok()??;
    Some(made.since(paid))
}

/// An address as the replaced service writes it, without the name of its driver, and with our word for TLS.
fn plain_address(url: &str) -> Result<String, ImportError> {
    let (scheme, rest) = url.trim().split_once("://").unwrap_or_default();
    let scheme = scheme.split_once('+').map_or(scheme, |(scheme, _)| scheme);
    if !SCHEMES.contains(&scheme) {
        return Err(ImportError::OldAddress(sqlx::Error::Configuration(
            "it does not begin with postgresql://".into(),
        )));
    }
    Ok(format!("{scheme}://{}", rest.replace("?ssl=", "?sslmode=").replace("&ssl=", "&sslmode=")))
}

/// Rows after a key, so many at most, and fewer when they are long.
macro_rules! page {
    ($table:literal, $key:literal, $after:literal) => {
        concat!(
            "SELECT id, CASE WHEN bytes <= $4 THEN body END AS body FROM (",
            "SELECT key, id, body, octet_length(body) AS bytes, ",
            "sum(octet_length(body)) OVER (ORDER BY key) - octet_length(body) AS before FROM (",
            "SELECT ",
            $key,
            " AS key, ",
            $key,
            "::text AS id, row_to_json(t)::text AS body FROM ",
            $table,
            " AS t WHERE ",
            $key,
            " > ",
            $after,
            " ORDER BY ",
            $key,
            " LIMIT $2) AS page) AS sized ",
            "WHERE before < $3 ORDER BY key"
        )
    };
}

const fn page_sql(table: Table) -> &'static str {
    match table {
        Table::Companies => page!("empresas", "t.id::text COLLATE \"C\"", "$1"),
        Table::Users => page!("usuarios", "t.id", "$1::text::bigint"),
        Table::Routers => page!("routers", "t.id::text COLLATE \"C\"", "$1"),
        Table::Keys => page!("api_keys_tracking", "t.key_id::text COLLATE \"C\"", "$1"),
        Table::Products => page!("productos", "t.id", "$1::text::bigint"),
        Table::Transactions => page!("transacciones", "t.id", "$1::text::bigint"),
    }
}

#[cfg(test)]
mod tests {
    use super::plain_address;

    #[test]
    fn addresses_of_the_replaced_service_are_understood() {
        for (written, plain) in [
            ("postgresql+asyncpg://u:p@h:5432/d", "postgresql://u:p@h:5432/d"),
            ("postgres://h/d", "postgres://h/d"),
            ("postgresql+asyncpg://h/d?ssl=require&x=1", "postgresql://h/d?sslmode=require&x=1"),
        ] {
            assert_eq!(plain_address(written).expect("an address"), plain);
        }
        for odd in ["", "h/d", "mysql://u:p@h/d", "sqlite:old.db"] {
            assert!(plain_address(odd).is_err(), "{odd}");
        }
    }
}
