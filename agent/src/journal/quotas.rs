//! What users may use whose limits on the router were lowered for what their clones have used.

use rusqlite::{OptionalExtension, Row, params};

use super::{Journal, JournalError, rows};
use crate::seams::clock;

/// How long it is remembered after it was last written, in milliseconds: a year.
const QUOTA_KEPT_MS: i64 = 365 * 24 * 60 * 60 * 1000;

/// Most entries forgotten at one time.
const FORGET_ROWS_MAX: i64 = 100;

/// Limits of time in seconds, of bytes from devices, to devices and either way; zero for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// What the user and its clones may use together.
    pub limits: [u64; 4],
    /// What was written to the router for the user alone.
    pub lowered: [u64; 4],
}

impl Journal {
    /// What a user and its clones may use together, if its limits were lowered.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn quota(&self, router_id: &str, name: &[u8]) -> Result<Option<Quota>, JournalError> {
        let (router_id, name) = (router_id.to_owned(), name.to_vec());
        self.with(false, move |store| {
            let sql = "SELECT uptime_s, bytes_in, bytes_out, bytes_total, lowered_uptime_s, lowered_bytes_in, \
                 lowered_bytes_out, lowered_bytes_total FROM quota WHERE router_id = ?1 AND name = ?2";
            let mut statement = store.db().prepare_cached(sql)?;
            let read = |row: &Row<'_>| {
                Ok(Quota { limits: four(row, 0)?, lowered: four(row, 4)? })
            };
            Ok(statement.query_row(params![router_id, name], read).optional()?)
        })
        .await
    }

    /// Remembers it, synced.
    ///
    /// # Errors
    /// When nothing was written.
    pub async fn put_quota(&self, router_id: &str, name: &[u8], quota: Quota) -> Result<(), JournalError> {
        let (router_id, name, now_ms) = (router_id.to_owned(), name.to_vec(), clock::now_ms());
        self.with(true, move |store| {
            let [limits, lowered] = [quota.limits, quota.lowered].map(|four| four.map(rows::signed));
            store
                .db()
                .prepare_cached(
                    "INSERT OR REPLACE INTO quota (router_id, name, uptime_s, bytes_in, bytes_out, bytes_total, \
                     lowered_uptime_s, lowered_bytes_in, lowered_bytes_out, lowered_bytes_total, written_at) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                )?
                .execute(params![
                    router_id, name, limits[0], limits[1], limits[2], limits[3], lowered[0], lowered[1],
                    lowered[2], lowered[3], now_ms,
                ])?;
            store
                .db()
                .prepare_cached(
                    "DELETE FROM quota WHERE rowid IN (SELECT rowid FROM quota WHERE written_at < ?1 LIMIT ?2)",
                )?
                .execute(params![now_ms - QUOTA_KEPT_MS, FORGET_ROWS_MAX])?;
            Ok(())
        })
        .await
    }
}

/// Four numbers, from the column `first` on.
fn four(row: &Row<'_>, first: usize) -> rusqlite::Result<[u64; 4]> {
    let mut numbers = [0; 4];
    for (offset, number) in numbers.iter_mut().enumerate() {
        *number = rows::unsigned(row.get(first + offset)?);
    }
    Ok(numbers)
}
