//! A PostgreSQL server of the test run's own, one database per test.
//!
//! The server runs below a small shell that holds its standard input: when the test run ends, however it ends, the input
//! closes, the shell stops the server and removes its data. Started by root, it runs as an unprivileged user, since
//! PostgreSQL refuses root. Nothing is synced to disk, except for benchmarks: the data is worth nothing.

mod postgres;

use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Context;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tokio::sync::OnceCell;

pub use postgres::Postgres;

/// Address of a server that somebody started for the whole run, as `with-services` does.
pub const SERVER_VARIABLE: &str = "PAGOS_TEST_POSTGRES_URL";

static SERVER: OnceCell<Services> = OnceCell::const_new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// The servers that tests share.
#[derive(Debug)]
pub struct Services {
    url: String,
    /// Ends with the process, unless the server is somebody else's.
    _own: Option<Postgres>,
}

impl Services {
    /// The servers of this test run; started by whoever asks first.
    ///
    /// # Errors
    /// When a server cannot be started: a missing service is a failure.
    pub async fn shared() -> anyhow::Result<&'static Self> {
        SERVER.get_or_try_init(Self::find_or_start).await
    }

    /// Starts a server that syncs what it commits, and makes it the one that this process uses.
    ///
    /// # Errors
    /// When it cannot be started, or another one is in use.
    pub async fn start_synced() -> anyhow::Result<()> {
        let server =
            tokio::task::spawn_blocking(Postgres::start_synced).await.context("starting PostgreSQL")??;
        let services = Self { url: server.url().to_owned(), _own: Some(server) };
        SERVER.set(services).ok().context("another server is in use already")
    }

    async fn find_or_start() -> anyhow::Result<Self> {
        if let Ok(url) = std::env::var(SERVER_VARIABLE) {
            return Ok(Self { url, _own: None });
        }
        let server = tokio::task::spawn_blocking(Postgres::start).await.context("starting PostgreSQL")??;
        Ok(Self { url: server.url().to_owned(), _own: Some(server) })
    }

    /// Makes an empty database; gives its address.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn database(&self) -> anyhow::Result<String> {
        database_at(&self.url).await
    }
}

/// Makes an empty database on the server at `url`; gives its address.
///
/// # Errors
/// When the server refuses.
pub async fn database_at(url: &str) -> anyhow::Result<String> {
    let number = DATABASES.fetch_add(1, Ordering::Relaxed);
    let name = format!("pagos_{}_{number}", std::process::id());
    let mut admin = PgConnection::connect(&format!("{url}/postgres")).await.context("connecting")?;
    sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut admin).await?;
    admin.close().await?;
    Ok(format!("{url}/{name}"))
}
