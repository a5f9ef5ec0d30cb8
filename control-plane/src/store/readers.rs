//! SQLite connections for reads.

use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use sqlx::{Sqlite, SqliteConnection};

use super::{ACQUIRE_TIMEOUT_MS, StoreError};

/// Connections for reads.
const READERS_MAX: u32 = 4;

/// The connections.
#[derive(Debug)]
pub(super) struct SqliteReaders {
    pool: SqlitePool,
    #[cfg(feature = "simulation")]
    simulated: Box<simulated::Readers>,
}

/// One connection, given back when it is dropped.
#[derive(Debug)]
pub struct SqliteReader(Kind);

#[derive(Debug)]
enum Kind {
    Pooled(PoolConnection<Sqlite>),
    #[cfg(feature = "simulation")]
    Simulated(simulated::Reader),
}

impl SqliteReaders {
    pub(super) async fn open(options: SqliteConnectOptions) -> Result<Self, StoreError> {
        #[cfg(feature = "simulation")]
        let simulated = Box::new(simulated::Readers::new(options.clone()));
        let pool = SqlitePoolOptions::new()
            .max_connections(READERS_MAX)
            // A file does not hang up.
            .test_before_acquire(false)
            .acquire_timeout(Duration::from_millis(ACQUIRE_TIMEOUT_MS));
        #[cfg(feature = "simulation")]
        if simulated.wanted {
            return Ok(Self { pool: pool.connect_lazy_with(options), simulated });
        }
        Ok(Self {
            pool: pool.connect_with(options).await?,
            #[cfg(feature = "simulation")]
            simulated,
        })
    }

    pub(super) async fn acquire(&self) -> Result<SqliteReader, StoreError> {
        #[cfg(feature = "simulation")]
        if self.simulated.wanted {
            return Ok(SqliteReader(Kind::Simulated(self.simulated.acquire().await?)));
        }
        Ok(SqliteReader(Kind::Pooled(self.pool.acquire().await?)))
    }
}

impl From<PoolConnection<Sqlite>> for SqliteReader {
    fn from(connection: PoolConnection<Sqlite>) -> Self {
        Self(Kind::Pooled(connection))
    }
}

impl SqliteReader {
    pub(super) fn connection(&mut self) -> &mut SqliteConnection {
        match &mut self.0 {
            Kind::Pooled(connection) => connection,
            #[cfg(feature = "simulation")]
            Kind::Simulated(reader) => reader.connection(),
        }
    }
}

/// The driver's pool takes connections back in tasks of its own, at moments that nobody can repeat. In a simulated world
/// they lie in a plain list.
#[cfg(feature = "simulation")]
mod simulated {
    use std::sync::{Arc, Mutex, PoisonError};

    use sqlx::sqlite::SqliteConnectOptions;
    use sqlx::{ConnectOptions, SqliteConnection};

    use crate::seams;
    use crate::store::StoreError;

    type Idle = Arc<Mutex<Vec<SqliteConnection>>>;

    #[derive(Debug)]
    pub(super) struct Readers {
        pub(super) wanted: bool,
        options: SqliteConnectOptions,
        idle: Idle,
    }

    #[derive(Debug)]
    pub(super) struct Reader {
        connection: Option<SqliteConnection>,
        idle: Idle,
    }

    impl Readers {
        pub(super) fn new(options: SqliteConnectOptions) -> Self {
            Self { wanted: seams::simulated(), options, idle: Idle::default() }
        }

        pub(super) async fn acquire(&self) -> Result<Reader, StoreError> {
            let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let connection = match idle {
                Some(connection) => connection,
                None => seams::database(self.options.connect()).await?,
            };
            Ok(Reader { connection: Some(connection), idle: Arc::clone(&self.idle) })
        }
    }

    impl Reader {
        pub(super) fn connection(&mut self) -> &mut SqliteConnection {
            self.connection.as_mut().expect("it is taken back only when it is dropped")
        }
    }

    impl Drop for Reader {
        fn drop(&mut self) {
            let connection = self.connection.take();
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).extend(connection);
        }
    }
}
