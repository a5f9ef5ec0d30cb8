//! SQLite connections for reads: a plain list, since a file does not hang up.
//!
//! The driver's pool asks each connection that comes back whether it still lives, in a task of its own: a journey to the
//! connection's thread for nothing, at a moment that no simulated world can repeat.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{ACQUIRE_TIMEOUT_MS, StoreError};
use crate::seams;

/// Connections for reads.
const READERS_MAX: usize = 4;

/// The connections.
#[derive(Debug)]
pub(super) struct SqliteReaders {
    options: SqliteConnectOptions,
    idle: Idle,
    places: Arc<Semaphore>,
}

type Idle = Arc<Mutex<Vec<SqliteConnection>>>;

/// One connection, given back when it is dropped.
#[derive(Debug)]
pub struct SqliteReader {
    connection: Option<SqliteConnection>,
    idle: Idle,
    /// Given up after the connection is back: fields are dropped after [`Drop::drop`].
    _place: OwnedSemaphorePermit,
}

impl SqliteReaders {
    /// At most [`READERS_MAX`] connections, opened when they are needed.
    pub(super) fn new(options: SqliteConnectOptions) -> Self {
        Self { options, idle: Idle::default(), places: Arc::new(Semaphore::new(READERS_MAX)) }
    }

    /// A connection. Cancel-safe.
    pub(super) async fn acquire(&self) -> Result<SqliteReader, StoreError> {
        let limit = Duration::from_millis(ACQUIRE_TIMEOUT_MS);
        let place = tokio::time::timeout(limit, Arc::clone(&self.places).acquire_owned())
            .await
            .map_err(|_| sqlx::Error::PoolTimedOut)?
            .map_err(|_| sqlx::Error::PoolClosed)?;
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => seams::database(self.options.connect()).await?,
        };
        Ok(SqliteReader { connection: Some(connection), idle: Arc::clone(&self.idle), _place: place })
    }
}

impl SqliteReader {
    pub(super) fn connection(&mut self) -> &mut SqliteConnection {
        self.connection.as_mut().expect("it is taken back only when it is dropped")
    }
}

impl Drop for SqliteReader {
    fn drop(&mut self) {
        let connection = self.connection.take();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).extend(connection);
    }
}
