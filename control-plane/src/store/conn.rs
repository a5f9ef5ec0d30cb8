//! One SQL text, two databases.
//!
//! The macros `execute!`, `fetch_one!`, `fetch_optional!` and `fetch_all!` take a `&mut Conn`, a row type that derives
//! `sqlx::FromRow` (or a tuple), the SQL with `$1` markers, and the values to bind.

use sqlx::{PgConnection, SqliteConnection};

/// A connection, in a transaction when it comes from a write.
#[derive(Debug)]
pub enum Conn<'c> {
    /// SQLite.
    Sqlite(&'c mut SqliteConnection),
    /// PostgreSQL.
    Postgres(&'c mut PgConnection),
}

/// Runs a statement; gives the number of rows it changed.
macro_rules! execute {
    ($conn:expr, $sql:expr $(, $value:expr)* $(,)?) => {
        match $conn {
            $crate::store::Conn::Sqlite(connection) => $crate::seams::database(
                sqlx::query($sql)$(.bind($value))*.execute(&mut **connection)
            ).await.map(|done| done.rows_affected()),
            $crate::store::Conn::Postgres(connection) => sqlx::query($sql)$(.bind($value))*
                .execute(&mut **connection).await.map(|done| done.rows_affected()),
        }
        .map_err($crate::store::StoreError::from)
    };
}

/// Runs a query that gives exactly one row.
macro_rules! fetch_one {
    ($($input:tt)*) => { $crate::store::conn::fetch!(fetch_one, $($input)*) };
}

/// Runs a query that gives one row or none.
macro_rules! fetch_optional {
    ($($input:tt)*) => { $crate::store::conn::fetch!(fetch_optional, $($input)*) };
}

/// Runs a query that gives any number of rows.
macro_rules! fetch_all {
    ($($input:tt)*) => { $crate::store::conn::fetch!(fetch_all, $($input)*) };
}

macro_rules! fetch {
    ($how:ident, $conn:expr, $row:ty, $sql:expr $(, $value:expr)* $(,)?) => {
        match $conn {
            $crate::store::Conn::Sqlite(connection) => $crate::seams::database(
                sqlx::query_as::<sqlx::Sqlite, $row>($sql)$(.bind($value))*.$how(&mut **connection)
            ).await,
            $crate::store::Conn::Postgres(connection) => sqlx::query_as::<sqlx::Postgres, $row>($sql)$(.bind($value))*
                .$how(&mut **connection).await,
        }
        .map_err($crate::store::StoreError::from)
    };
}

pub(crate) use fetch;
#[cfg(test)]
pub(crate) use {execute, fetch_all, fetch_one};
