//! Row numbers that are handed out in blocks, so that busy tables do not queue for one counter.
//!
//! Numbers grow but may have gaps: what is left of a block at the end of the process is lost.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::Mutex;

use super::{Store, StoreError};

/// Numbers taken from the database at once.
const BLOCK: i64 = 64;

/// Hands out numbers of one sequence. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Sequence {
    name: &'static str,
    free: Arc<Mutex<VecDeque<i64>>>,
}

impl Sequence {
    /// The sequence called `name` in the table `sequences`.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        Self { name, free: Arc::default() }
    }

    /// The next number.
    ///
    /// # Errors
    /// When a new block is needed and the database does not give it.
    pub async fn next(&self, store: &Store) -> Result<i64, StoreError> {
        let mut free = self.free.lock().await;
        if let Some(number) = free.pop_front() {
            return Ok(number);
        }
        let name = self.name;
        let last = store
            .write_as("numbers", move |conn| {
                Box::pin(async move {
                    let (last,): (i64,) = fetch_one!(
                        conn,
                        (i64,),
                        "UPDATE sequences SET value = value + $2 WHERE name = $1 RETURNING value",
                        name,
                        BLOCK
                    )?;
                    Ok::<_, StoreError>(last)
                })
            })
            .await?;
        free.extend(last - BLOCK + 2..=last);
        Ok(last - BLOCK + 1)
    }
}
