//! What is asked of the journal beside single purchases: pages of them in the order of their ids, and what was seen of
//! the routers.

use rusqlite::{OptionalExtension, params};

use super::{Entry, Journal, JournalError, Kind, Seen, rows};

impl Journal {
    /// Purchases of a router of which it is not known what became of them, after the one named, at most `limit`. With
    /// `due`, only those about which it is time to ask: before its first number, or implausibly far ahead, after its
    /// second, as when the clock was set back.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn to_ask(
        &self,
        router_id: &str,
        after: &str,
        due: Option<(i64, i64)>,
        limit: usize,
    ) -> Result<Vec<Entry>, JournalError> {
        let (router_id, after, limit) = (router_id.to_owned(), after.to_owned(), size(limit));
        let (due, ahead) = due.unwrap_or((i64::MAX, i64::MAX));
        self.with(false, move |store| {
            store.entries(
                "router_id = ?1 AND purchase_id > ?2 AND ask_at IS NOT NULL AND (ask_at <= ?3 OR ask_at > ?4) \
                 ORDER BY purchase_id LIMIT ?5",
                params![router_id, after, due, ahead, limit],
            )
        })
        .await
    }

    /// When it is first time to ask about a purchase of any router.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn next_to_ask(&self) -> Result<Option<i64>, JournalError> {
        self.with(false, |store| {
            let sql = "SELECT MIN(ask_at) FROM purchase WHERE ask_at IS NOT NULL";
            Ok(store.db().prepare_cached(sql)?.query_row([], |row| row.get(0))?)
        })
        .await
    }

    /// Purchases of a router whose user was, or is being, confirmed, removed or shut out, after the one named, at most
    /// `limit`.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn ended(
        &self,
        router_id: &str,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Entry>, JournalError> {
        let (router_id, after, limit) = (router_id.to_owned(), after.to_owned(), size(limit));
        self.with(false, move |store| {
            store.entries(
                "router_id = ?1 AND purchase_id > ?2 AND kind IN (?3, ?4, ?5) \
                 ORDER BY purchase_id LIMIT ?6",
                params![
                    router_id,
                    after,
                    Kind::Confirm.as_str(),
                    Kind::Release.as_str(),
                    Kind::Revoke.as_str(),
                    limit
                ],
            )
        })
        .await
    }

    /// Purchases of a router decided since `since`, in milliseconds, whose paid user is gone; after the one named, at most
    /// `limit`.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn missing(
        &self,
        router_id: &str,
        after: &str,
        since: i64,
        limit: usize,
    ) -> Result<Vec<String>, JournalError> {
        let (router_id, after, limit) = (router_id.to_owned(), after.to_owned(), size(limit));
        self.with(false, move |store| {
            let mut statement = store.db().prepare_cached(
                "SELECT purchase_id FROM purchase WHERE router_id = ?1 AND purchase_id > ?2 AND missing \
                 AND finished_at >= ?3 ORDER BY purchase_id LIMIT ?4",
            )?;
            let ids = statement.query_map(params![router_id, after, since, limit], |row| row.get(0))?;
            Ok(ids.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Whether a purchase of the router other than this one has, or had, a user of that name.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn name_of_another(
        &self,
        router_id: &str,
        name: &str,
        purchase_id: &str,
    ) -> Result<bool, JournalError> {
        let (router_id, name, purchase) = (router_id.to_owned(), name.to_owned(), purchase_id.to_owned());
        self.with(false, move |store| {
            let mut statement = store.db().prepare_cached(
                "SELECT 1 FROM purchase WHERE router_id = ?1 AND name = ?2 AND purchase_id <> ?3 LIMIT 1",
            )?;
            Ok(statement.exists(params![router_id, name, purchase])?)
        })
        .await
    }

    /// Stores the entries of purchases that the journal does not know, synced.
    ///
    /// # Errors
    /// When nothing was written.
    pub async fn add(&self, entries: Vec<Entry>) -> Result<(), JournalError> {
        self.with(true, move |store| {
            for entry in entries {
                if store.entry(&entry.purchase_id)?.is_none() {
                    store.put_entry(&entry)?;
                }
            }
            Ok(())
        })
        .await
    }

    /// Forgets in which rows of a router users are, synced.
    ///
    /// # Errors
    /// When nothing was written.
    pub async fn forget_rows(&self, router_id: &str) -> Result<(), JournalError> {
        let router_id = router_id.to_owned();
        self.with(true, move |store| {
            store.db().execute("UPDATE purchase SET row_id = NULL WHERE router_id = ?1", [router_id])?;
            Ok(())
        })
        .await
    }

    /// What was last seen of a router.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn seen(&self, router_id: &str) -> Result<Option<Seen>, JournalError> {
        let router_id = router_id.to_owned();
        self.with(false, move |store| {
            let mut statement = store
                .db()
                .prepare_cached("SELECT serial, uptime_s, seen_at FROM router_seen WHERE router_id = ?1")?;
            let seen = statement.query_row([router_id], |row| {
                Ok(Seen { serial: row.get(0)?, uptime_s: rows::unsigned(row.get(1)?), seen_at: row.get(2)? })
            });
            Ok(seen.optional()?)
        })
        .await
    }

    /// Stores what was seen of a router; not synced, since it is seen again.
    ///
    /// # Errors
    /// When nothing was written.
    pub async fn put_seen(&self, router_id: &str, seen: Seen) -> Result<(), JournalError> {
        let router_id = router_id.to_owned();
        self.with(false, move |store| {
            let mut statement = store.db().prepare_cached(
                "INSERT INTO router_seen (router_id, serial, uptime_s, seen_at) VALUES (?1, ?2, ?3, ?4) \
                 ON CONFLICT (router_id) DO UPDATE SET serial = excluded.serial, uptime_s = excluded.uptime_s, \
                 seen_at = excluded.seen_at",
            )?;
            statement.execute(params![router_id, seen.serial, rows::signed(seen.uptime_s), seen.seen_at])?;
            Ok(())
        })
        .await
    }
}

fn size(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
