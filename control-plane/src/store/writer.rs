//! The one SQLite writer: what waits is committed together, so that many purchases share one disk sync.
//!
//! Each piece of work runs inside a savepoint of its own: one that fails is undone alone.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sqlx::SqliteConnection;
use tokio::sync::{mpsc, oneshot};

use super::{Conn, StoreError};

/// Most pieces of work that share one commit.
const BATCH_MAX: usize = 64;
/// Most pieces of work that wait; beyond, callers wait to hand theirs over.
const QUEUE_MAX: usize = 1024;

/// Hands work to the writer task. The task ends when the last of these is dropped.
#[derive(Debug)]
pub struct Writer(mpsc::Sender<Box<dyn Work>>);

/// Work whose types are hidden from the task.
trait Work: Send {
    /// Runs it; false when what it wrote must be undone.
    fn run<'a>(&'a mut self, connection: &'a mut SqliteConnection) -> BoxFuture<'a, bool>;
    /// Tells the caller how it ended.
    fn finish(self: Box<Self>, committed: Result<(), Arc<sqlx::Error>>);
}

struct Pending<T, E, F> {
    work: Option<F>,
    result: Option<Result<T, E>>,
    answer: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Work for Pending<T, E, F>
where
    F: for<'a, 'c> FnOnce(&'a mut Conn<'c>) -> BoxFuture<'a, Result<T, E>> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn run<'a>(&'a mut self, connection: &'a mut SqliteConnection) -> BoxFuture<'a, bool> {
        Box::pin(async move {
            let Some(work) = self.work.take() else { return false };
            let mut conn = Conn::Sqlite(connection);
            let result = work(&mut conn).await;
            let keep = result.is_ok();
            self.result = Some(result);
            keep
        })
    }

    fn finish(self: Box<Self>, committed: Result<(), Arc<sqlx::Error>>) {
        let result = match (self.result, committed) {
            (Some(Ok(_)), Err(error)) => Err(StoreError::Commit(error).into()),
            (Some(result), _) => result,
            (None, _) => Err(StoreError::Writer.into()),
        };
        // The caller may have gone away; the work stays done.
        let _ = self.answer.send(result);
    }
}

impl Writer {
    /// Starts the task that owns `connection`.
    #[must_use]
    pub fn start(connection: SqliteConnection) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE_MAX);
        crate::seams::spawn(write_all(connection, receiver));
        Self(sender)
    }

    /// Runs `work` and waits until it is on disk.
    ///
    /// # Errors
    /// What `work` returned, or the database's refusal to commit.
    pub async fn run<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: for<'a, 'c> FnOnce(&'a mut Conn<'c>) -> BoxFuture<'a, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (answer, wait) = oneshot::channel();
        let pending = Pending { work: Some(work), result: None, answer };
        self.0.send(Box::new(pending)).await.map_err(|_| StoreError::Writer)?;
        wait.await.map_err(|_| StoreError::Writer)?
    }
}

async fn write_all(mut connection: SqliteConnection, mut queue: mpsc::Receiver<Box<dyn Work>>) {
    let mut batch = Vec::with_capacity(BATCH_MAX);
    while queue.recv_many(&mut batch, BATCH_MAX).await > 0 {
        let committed = write_batch(&mut connection, &mut batch).await.map_err(Arc::new);
        if let Err(error) = &committed {
            tracing::error!(error = %error, work.count = batch.len(), "database commit failed");
            // Leaves no transaction open for the next batch; fails harmlessly when none is.
            let _ = run(&mut connection, "ROLLBACK").await;
        }
        for work in batch.drain(..) {
            work.finish(committed.clone());
        }
    }
}

async fn write_batch(
    connection: &mut SqliteConnection,
    batch: &mut [Box<dyn Work>],
) -> Result<(), sqlx::Error> {
    // Each statement is a journey to the database's thread: what belongs between two pieces of work goes as one.
    let mut next = "BEGIN IMMEDIATE; SAVEPOINT work";
    for work in batch {
        run(connection, next).await?;
        // A panic inside one piece of work must not take the database away from all others.
        let keep = AssertUnwindSafe(work.run(connection)).catch_unwind().await.unwrap_or(false);
        if !keep {
            run(connection, "ROLLBACK TO work").await?;
        }
        next = "RELEASE work; SAVEPOINT work";
    }
    run(connection, "RELEASE work; COMMIT").await
}

async fn run(connection: &mut SqliteConnection, sql: &'static str) -> Result<(), sqlx::Error> {
    crate::seams::database(sqlx::query(sql).execute(connection)).await.map(|_| ())
}
