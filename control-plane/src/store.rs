//! The database: SQLite or PostgreSQL behind one SQL text.
//!
//! | module | holds |
//! |---|---|
//! | [`conn`] | [`Conn`] and the macros that run one SQL text on either database |
//! | `readers` | SQLite connections for reads |
//! | [`writer`] | the single SQLite writer that commits what waits together |
//! | the rest | one repository per noun: functions that take a [`Conn`] |
//!
//! Reads go through [`Store::reader`], writes through [`Store::write`]. No network call ever happens inside a write.

#[macro_use]
pub mod conn;
pub mod agents;
pub mod api_keys;
pub mod attention;
pub mod authority;
pub mod companies;
pub mod copy;
pub mod counts;
pub mod credentials;
pub mod enrolment;
pub mod hotspot_users;
pub mod import;
pub mod ledger;
pub mod logos;
pub mod notifications;
pub mod outbox;
pub mod page;
pub mod products;
pub mod purchases;
mod readers;
pub mod refund_requests;
pub mod reservations;
pub mod routers;
pub mod runners;
pub mod schema;
pub mod sealed;
pub mod sequence;
pub mod sessions;
pub mod settings;
pub mod setup;
pub mod sites;
pub mod sweeps;
pub mod timeline;
pub mod transactions;
mod trust;
pub mod unknown_reservations;
pub mod users;
pub mod webhook_endpoints;
pub mod webhook_keys;
pub mod writer;

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use readers::{SqliteReader, SqliteReaders};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, Postgres, pool::PoolConnection};

use crate::seams::{self, Checkpoints, Moment, Unwritten};
pub use conn::Conn;
use writer::Writer;

/// How long a query waits for a free connection, in milliseconds.
const ACQUIRE_TIMEOUT_MS: u64 = 10_000;
/// Longest wait for a piece of work to be committed, in milliseconds.
const WRITE_TIMEOUT_MS: u64 = 15_000;
/// Longest time PostgreSQL spends on one statement, in milliseconds.
const STATEMENT_TIMEOUT_MS: &str = "10000";
/// The same for migrations: none, since they may rewrite a table or wait for another process that migrates.
const MIGRATION_TIMEOUT_MS: &str = "0";
/// Connections to PostgreSQL.
const POSTGRES_CONNECTIONS_MAX: u32 = 32;
/// How long a SQLite connection waits for a lock, in milliseconds.
const BUSY_TIMEOUT_MS: u64 = 10_000;

pub(crate) static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../migrations/control-plane");

/// Why the database did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The driver reported an error.
    #[error("database query failed")]
    Query(#[source] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("database migration failed")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// The address names no database that we know.
    #[error("database address must begin with sqlite: or postgres:")]
    Address,
    /// The work was not done in time; it may be committed all the same.
    #[error("database did not finish the work in time")]
    TimedOut,
    /// The writer has ended, or ended the work before it was done.
    #[error("database writer stopped before the work was committed")]
    Writer,
    /// Other work committed together with this could not be committed.
    #[error("database commit failed: {0}")]
    Commit(Arc<sqlx::Error>),
    /// The schema is not the one that this program was made for.
    #[error("database schema is not up to date: start the service of this version once")]
    Schema,
    /// A stored row cannot be read as what it should be.
    #[error("row in {table}.{column} with id {id} cannot be read")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row.
        id: String,
    },
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        trust::failed(&error);
        Self::Query(error)
    }
}

impl StoreError {
    /// Whether the database refuses the row itself, so that trying again cannot help.
    #[must_use]
    pub fn is_constraint(&self) -> bool {
        match self {
            Self::Query(sqlx::Error::Database(error)) => {
                error.is_unique_violation() || error.is_foreign_key_violation() || error.is_check_violation()
            }
            Self::Query(_)
            | Self::Migrate(_)
            | Self::Address
            | Self::TimedOut
            | Self::Writer
            | Self::Commit(_)
            | Self::Schema
            | Self::Inconsistent { .. } => false,
        }
    }
}

/// The database of the control plane. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    backend: Arc<Backend>,
    checkpoints: Option<Arc<dyn Checkpoints>>,
}

#[derive(Debug)]
enum Backend {
    Sqlite { readers: Box<SqliteReaders>, writer: Writer },
    Postgres(PgPool),
}

impl Store {
    /// Opens the database at `url` and brings its schema up to date.
    ///
    /// # Errors
    /// When the address is unknown, the database away, or a migration fails.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            return Self::open_postgres(url.parse()?).await;
        }
        seams::database(Self::open_sqlite(sqlite_path(url)?)).await
    }

    /// Opens a database that another process may be using, as it is.
    ///
    /// # Errors
    /// When its schema is not the one of this program, or as [`Self::open`].
    pub async fn join(url: &str) -> Result<Self, StoreError> {
        let version = schema::version(&mut Self::look(url).await?.conn()).await?;
        if version != Some(schema::newest()) {
            return Err(StoreError::Schema);
        }
        // Nothing is left to migrate.
        Self::open(url).await
    }

    async fn open_postgres(options: PgConnectOptions) -> Result<Self, StoreError> {
        let limited = |connections_max| {
            PgPoolOptions::new()
                .max_connections(connections_max)
                .acquire_timeout(Duration::from_millis(ACQUIRE_TIMEOUT_MS))
        };
        let patient = options.clone().options([("statement_timeout", MIGRATION_TIMEOUT_MS)]);
        let migrating = limited(1).connect_with(patient).await?;
        MIGRATIONS.run(&migrating).await?;
        migrating.close().await;
        let pool = limited(POSTGRES_CONNECTIONS_MAX)
            .test_before_acquire(false)
            .before_acquire(|connection, metadata| {
                Box::pin(async move {
                    if !trust::is_trusted(metadata.idle_for) {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_with(options.options([("statement_timeout", STATEMENT_TIMEOUT_MS)]))
            .await?;
        Ok(Self::over(Backend::Postgres(pool)))
    }

    async fn open_sqlite(path: &Path) -> Result<Self, StoreError> {
        create_private(path).map_err(sqlx::Error::Io)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_millis(BUSY_TIMEOUT_MS));
        let mut connection = options.connect().await?;
        // What `run` does for a connection, without its bound that no future of ours can meet.
        MIGRATIONS.run_direct(None, &mut connection, false).await?;
        let readers = Box::new(SqliteReaders::new(options.read_only(true)));
        Ok(Self::over(Backend::Sqlite { readers, writer: Writer::start(connection) }))
    }

    fn over(backend: Backend) -> Self {
        Self { backend: Arc::new(backend), checkpoints: None }
    }

    /// The same database, its writes through this handle watched.
    #[must_use]
    pub fn watched(&self, checkpoints: Arc<dyn Checkpoints>) -> Self {
        Self { backend: Arc::clone(&self.backend), checkpoints: Some(checkpoints) }
    }

    /// A connection for reading a database that another process may be using. Migrates nothing and writes nothing.
    ///
    /// # Errors
    /// When the address is unknown, or there is no database.
    pub async fn look(url: &str) -> Result<Reader, StoreError> {
        let limit = Duration::from_millis(ACQUIRE_TIMEOUT_MS);
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            let options: PgConnectOptions = url.parse()?;
            let options = options.options([("statement_timeout", STATEMENT_TIMEOUT_MS)]);
            let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(limit).connect_with(options);
            return Ok(Reader::Postgres(pool.await?.acquire().await?));
        }
        let options = SqliteConnectOptions::new()
            .filename(sqlite_path(url)?)
            .read_only(true)
            .busy_timeout(Duration::from_millis(BUSY_TIMEOUT_MS));
        Ok(Reader::Sqlite(SqliteReaders::new(options).acquire().await?))
    }

    /// A connection for reading.
    ///
    /// # Errors
    /// When none is free in time.
    pub async fn reader(&self) -> Result<Reader, StoreError> {
        Ok(match &*self.backend {
            Backend::Sqlite { readers, .. } => Reader::Sqlite(readers.acquire().await?),
            Backend::Postgres(pool) => Reader::Postgres(pool.acquire().await?),
        })
    }

    /// Runs `work` as one transaction: all of it is on disk when this returns `Ok`, none of it on `Err`.
    ///
    /// Not cancel-safe for the caller's knowledge: a dropped future may or may not have been committed.
    ///
    /// # Errors
    /// What `work` returned, or the database's refusal to commit.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: for<'a, 'c> FnOnce(&'a mut Conn<'c>) -> BoxFuture<'a, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.write_as("other", work).await
    }

    /// As [`Self::write`]; `step` names the write to whoever watches.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub async fn write_as<T, E, F>(&self, step: &'static str, work: F) -> Result<T, E>
    where
        F: for<'a, 'c> FnOnce(&'a mut Conn<'c>) -> BoxFuture<'a, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.pass(step, Moment::Before).await?;
        let limit = Duration::from_millis(WRITE_TIMEOUT_MS);
        let written = tokio::time::timeout(limit, self.write_unlimited(work))
            .await
            .map_err(|_| StoreError::TimedOut)?;
        if written.is_ok() {
            self.pass(step, Moment::After).await?;
        }
        written
    }

    async fn pass(&self, step: &'static str, moment: Moment) -> Result<(), StoreError> {
        match &self.checkpoints {
            Some(checkpoints) => checkpoints.at(step, moment).await.map_err(|Unwritten| StoreError::TimedOut),
            None => Ok(()),
        }
    }

    async fn write_unlimited<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: for<'a, 'c> FnOnce(&'a mut Conn<'c>) -> BoxFuture<'a, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match &*self.backend {
            Backend::Sqlite { writer, .. } => writer.run(work).await,
            Backend::Postgres(pool) => {
                let mut transaction = pool.begin().await.map_err(StoreError::from)?;
                let value = work(&mut Conn::Postgres(&mut transaction)).await?;
                transaction.commit().await.map_err(StoreError::from)?;
                Ok(value)
            }
        }
    }
}

/// The file that an address names.
fn sqlite_path(url: &str) -> Result<&Path, StoreError> {
    let path = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:"));
    path.map(Path::new).ok_or(StoreError::Address)
}

/// Makes the file when it is absent, so that only its owner can read it; SQLite gives its companions the same mode.
fn create_private(path: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map(|_| ()),
    }
}

/// A connection for reading; give [`Reader::conn`] to a repository.
#[derive(Debug)]
pub enum Reader {
    /// SQLite.
    Sqlite(SqliteReader),
    /// PostgreSQL.
    Postgres(PoolConnection<Postgres>),
}

impl Reader {
    /// The connection as repositories take it.
    pub fn conn(&mut self) -> Conn<'_> {
        match self {
            Self::Sqlite(reader) => Conn::Sqlite(reader.connection()),
            Self::Postgres(connection) => Conn::Postgres(connection),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Store, StoreError};

    async fn count(store: &Store) -> i64 {
        let mut reader = store.reader().await.expect("reader");
        let (value,): (i64,) =
            fetch_one!(&mut reader.conn(), (i64,), "SELECT COUNT(*) FROM settings").expect("count");
        value
    }

    #[tokio::test]
    async fn failed_work_leaves_nothing_and_does_not_harm_its_neighbours() {
        let directory = tempfile::tempdir().expect("directory");
        let store =
            Store::open(&format!("sqlite:{}", directory.path().join("a.db").display())).await.expect("open");
        let good = store.write(|conn| {
            Box::pin(async move {
                execute!(conn, "INSERT INTO settings (name, value) VALUES ($1, $2)", "a", "1").map(|_| ())
            })
        });
        let bad = store.write(|conn| {
            Box::pin(async move {
                execute!(conn, "INSERT INTO settings (name, value) VALUES ($1, $2)", "b", "1")?;
                execute!(conn, "INSERT INTO no_such_table (name) VALUES ($1)", "b")?;
                Ok::<_, StoreError>(())
            })
        });
        let (good, bad) = tokio::join!(good, bad);
        assert!(good.is_ok());
        assert!(bad.is_err());
        assert_eq!(count(&store).await, 1);
    }
}
