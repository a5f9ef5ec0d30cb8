//! The SQL of the journal.

use std::{
    fs::{OpenOptions, Permissions},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
    sync::Arc,
};

use pagos_protocol::{Outcome, RouterSettings, Secret};
use rusqlite::{Connection, Row, named_params, params};

use super::{Entry, JournalError, Kind, MARK_KEPT_MS, Slot};
use crate::seams::{clock, random};

/// Steps from an empty file to the present schema; the number of those done is the file's `user_version`.
const MIGRATIONS: [&str; 3] = [
    include_str!("../../../migrations/agent/0001_start.sql"),
    include_str!("../../../migrations/agent/0002_leases.sql"),
    include_str!("../../../migrations/agent/0003_quotas.sql"),
];

/// The columns of an entry, in the order in which [`StoredEntry::read`] takes them.
const ENTRY_COLUMNS: &str = "purchase_id, router_id, name, profile, row_id, kind, version, step, outcome, login_version, \
     login_step, login_outcome, started_at, finished_at, ask_at, missing, doubt, confirmed";

/// Rights of the journal file: it holds router passwords.
const FILE_MODE: u32 = 0o600;

/// Most entries forgotten at one time, so that nobody waits long for it.
const PRUNE_ROWS_MAX: i64 = 500;

/// A wall clock that shows less, in milliseconds, has not been set: 2025-01-01.
const CLOCK_PLAUSIBLE_MS: i64 = 1_735_689_600_000;

/// How long SQLite waits for somebody who reads the file from outside, in milliseconds.
const BUSY_TIMEOUT_MS: u64 = 2_000;

const STEP_STARTED: &str = "started";
const STEP_DONE: &str = "done";

/// The open file.
pub(super) struct Store {
    db: Connection,
    synced: bool,
}

impl Store {
    /// Opens or makes the file and brings its schema up to date.
    pub(super) fn open(path: &Path) -> Result<Self, JournalError> {
        let file_error = |error| JournalError::File { path: path.to_owned(), source: Arc::new(error) };
        OpenOptions::new()
            .create(true)
            .append(true)
            .mode(FILE_MODE)
            .open(path)
            .and_then(|file| file.set_permissions(Permissions::from_mode(FILE_MODE)))
            .map_err(file_error)?;
        let open_error = |error| JournalError::Open { path: path.to_owned(), source: Arc::new(error) };
        let mut db = Connection::open(path).map_err(open_error)?;
        prepare(&db).map_err(open_error)?;
        let known = u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX);
        let found: u32 = db.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(open_error)?;
        if found > known {
            return Err(JournalError::Newer { path: path.to_owned(), found, known });
        }
        migrate(&mut db, found).map_err(open_error)?;
        Ok(Self { db, synced: true })
    }

    /// Id of the journal, drawn when its file was made.
    pub(super) fn journal_id(&self) -> Result<String, JournalError> {
        Ok(self.db.query_row("SELECT id FROM journal", [], |row| row.get(0))?)
    }

    /// Starts a transaction; `sync` says whether its commit must reach the disk.
    pub(super) fn begin(&mut self, sync: bool) -> Result<(), JournalError> {
        if self.synced != sync {
            // In WAL mode NORMAL writes without a sync, FULL syncs at each commit.
            self.db.pragma_update(None, "synchronous", if sync { "FULL" } else { "NORMAL" })?;
            self.synced = sync;
        }
        self.db.execute_batch("BEGIN IMMEDIATE")?;
        Ok(())
    }

    /// Ends the transaction. After an error nothing of it is stored.
    pub(super) fn commit(&mut self) -> Result<(), JournalError> {
        self.db.execute_batch("COMMIT").map_err(|error| {
            if !self.db.is_autocommit() {
                // The commit's own error is the one to report.
                let _ = self.db.execute_batch("ROLLBACK");
            }
            error.into()
        })
    }

    /// The entry of a purchase.
    pub(super) fn entry(&self, purchase_id: &str) -> Result<Option<Entry>, JournalError> {
        self.entries_or_errors("purchase_id = ?1", [purchase_id])?.pop().transpose()
    }

    /// The entries for which the condition holds. One that makes no sense is logged and left out.
    pub(super) fn entries(
        &self,
        condition: &str,
        values: impl rusqlite::Params,
    ) -> Result<Vec<Entry>, JournalError> {
        let entries = self.entries_or_errors(condition, values)?.into_iter();
        Ok(entries
            .filter_map(|entry| {
                entry.inspect_err(|error| tracing::error!(error = %error, "journal entry left out")).ok()
            })
            .collect())
    }

    fn entries_or_errors(
        &self,
        condition: &str,
        values: impl rusqlite::Params,
    ) -> Result<Vec<Result<Entry, JournalError>>, JournalError> {
        let sql = format!("SELECT {ENTRY_COLUMNS} FROM purchase WHERE {condition}");
        let mut statement = self.db.prepare_cached(&sql)?;
        let stored = statement.query_map(values, StoredEntry::read)?.collect::<Result<Vec<_>, _>>()?;
        Ok(stored.into_iter().map(StoredEntry::into_entry).collect())
    }

    /// The database, for the queries of [`super::pages`].
    pub(super) fn db(&self) -> &Connection {
        &self.db
    }

    /// Stores an entry in place of the one of the same purchase.
    pub(super) fn put_entry(&self, entry: &Entry) -> Result<(), JournalError> {
        let mut statement = self.db.prepare_cached(
            "INSERT INTO purchase (purchase_id, router_id, name, profile, row_id, kind, version, step, \
             outcome, login_version, login_step, login_outcome, started_at, finished_at, ask_at, missing, doubt, \
             confirmed) \
             VALUES (:purchase_id, :router_id, :name, :profile, :row_id, :kind, :version, :step, \
             :outcome, :login_version, :login_step, :login_outcome, :started_at, :finished_at, \
             :ask_at, :missing, :doubt, :confirmed) \
             ON CONFLICT (purchase_id) DO UPDATE SET router_id = excluded.router_id, name = excluded.name, \
             profile = excluded.profile, row_id = excluded.row_id, \
             kind = excluded.kind, version = excluded.version, step = excluded.step, outcome = excluded.outcome, \
             login_version = excluded.login_version, login_step = excluded.login_step, \
             login_outcome = excluded.login_outcome, started_at = excluded.started_at, \
             finished_at = excluded.finished_at, ask_at = excluded.ask_at, missing = excluded.missing, \
             doubt = excluded.doubt, confirmed = excluded.confirmed",
        )?;
        let decision = entry.decision.as_ref().map(|(_, slot)| slot);
        statement.execute(named_params! {
            ":purchase_id": entry.purchase_id,
            ":router_id": entry.router_id,
            ":name": entry.name,
            ":profile": entry.profile,
            ":row_id": entry.row_id,
            ":kind": entry.decision.as_ref().map(|(kind, _)| kind.as_str()),
            ":version": decision.map(stored_version),
            ":step": decision.map(stored_step),
            ":outcome": decision.and_then(stored_outcome),
            ":login_version": entry.login.as_ref().map(stored_version),
            ":login_step": entry.login.as_ref().map(stored_step),
            ":login_outcome": entry.login.as_ref().and_then(stored_outcome),
            ":started_at": entry.started_at,
            ":finished_at": entry.finished_at,
            ":ask_at": entry.ask_at,
            ":missing": entry.missing,
            ":doubt": entry.doubt,
            ":confirmed": entry.confirmed,
        })?;
        Ok(())
    }

    /// Forgets entries whose mark has been kept long enough at `now_ms`; returns how many.
    ///
    /// A box without a battery starts in the past. What it stamped before it knew the time counts from when it does.
    pub(super) fn prune(&self, now_ms: i64) -> Result<usize, JournalError> {
        if now_ms < CLOCK_PLAUSIBLE_MS {
            return Ok(0);
        }
        self.db
            .prepare_cached("UPDATE purchase SET finished_at = ?1 WHERE finished_at < ?2")?
            .execute(params![now_ms, CLOCK_PLAUSIBLE_MS])?;
        let mut statement = self.db.prepare_cached(
            "DELETE FROM purchase WHERE purchase_id IN \
             (SELECT purchase_id FROM purchase WHERE finished_at IS NOT NULL AND finished_at < ?1 LIMIT ?2)",
        )?;
        Ok(statement.execute(params![now_ms - MARK_KEPT_MS, PRUNE_ROWS_MAX])?)
    }

    /// All routers, by id.
    pub(super) fn routers(&self) -> Result<Vec<RouterSettings>, JournalError> {
        let mut statement = self.db.prepare(
            "SELECT router_id, version, host, port, username, password FROM router ORDER BY router_id",
        )?;
        let rows = statement.query_map([], |row| {
            Ok(RouterSettings {
                router_id: row.get(0)?,
                version: unsigned(row.get(1)?),
                host: row.get(2)?,
                port: row.get(3)?,
                username: row.get(4)?,
                password: Secret::new(row.get::<_, String>(5)?),
            })
        })?;
        Ok(rows.collect::<Result<Vec<_>, _>>()?)
    }

    /// Stores settings unless newer ones are there.
    pub(super) fn put_router(&self, settings: &RouterSettings) -> Result<(), JournalError> {
        self.db.execute(
            "INSERT INTO router (router_id, version, host, port, username, password) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (router_id) DO UPDATE SET version = excluded.version, \
             host = excluded.host, port = excluded.port, username = excluded.username, \
             password = excluded.password WHERE excluded.version >= router.version",
            params![
                settings.router_id,
                signed(settings.version),
                settings.host,
                settings.port,
                settings.username,
                settings.password.expose(),
            ],
        )?;
        Ok(())
    }

    /// Forgets the settings of a router.
    pub(super) fn drop_router(&self, router_id: &str) -> Result<(), JournalError> {
        self.db.execute("DELETE FROM router WHERE router_id = ?1", [router_id])?;
        self.db.execute("DELETE FROM router_seen WHERE router_id = ?1", [router_id])?;
        self.db.execute("DELETE FROM quota WHERE router_id = ?1", [router_id])?;
        Ok(())
    }
}

fn prepare(db: &Connection) -> rusqlite::Result<()> {
    db.busy_timeout(std::time::Duration::from_millis(BUSY_TIMEOUT_MS))?;
    db.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    db.pragma_update(None, "synchronous", "FULL")
}

/// Does the missing migrations, each with its mark in one transaction.
fn migrate(db: &mut Connection, found: u32) -> rusqlite::Result<()> {
    for (done, sql) in (1_u32..).zip(MIGRATIONS).skip(found as usize) {
        let transaction = db.transaction()?;
        transaction.execute_batch(sql)?;
        if done == 1 {
            transaction.execute(
                "INSERT INTO journal (id, made_at) VALUES (?1, ?2)",
                params![random::id(), clock::now_ms()],
            )?;
        }
        transaction.pragma_update(None, "user_version", done)?;
        transaction.commit()?;
    }
    Ok(())
}

/// One row of `purchase`, before its values are checked.
struct StoredEntry {
    entry: Entry,
    kind: Option<String>,
    decision: StoredSlot,
    login: StoredSlot,
}

/// The three columns of a [`Slot`].
struct StoredSlot {
    version: Option<i64>,
    step: Option<String>,
    outcome: Option<String>,
}

impl StoredEntry {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let entry = Entry {
            purchase_id: row.get(0)?,
            router_id: row.get(1)?,
            name: row.get(2)?,
            profile: row.get(3)?,
            row_id: row.get(4)?,
            decision: None,
            login: None,
            started_at: row.get(12)?,
            finished_at: row.get(13)?,
            ask_at: row.get(14)?,
            missing: row.get(15)?,
            doubt: row.get(16)?,
            confirmed: row.get(17)?,
        };
        Ok(Self {
            entry,
            kind: row.get(5)?,
            decision: StoredSlot { version: row.get(6)?, step: row.get(7)?, outcome: row.get(8)? },
            login: StoredSlot { version: row.get(9)?, step: row.get(10)?, outcome: row.get(11)? },
        })
    }

    fn into_entry(self) -> Result<Entry, JournalError> {
        let mut entry = self.entry;
        let id = entry.purchase_id.clone();
        let bad = |column| JournalError::Inconsistent { table: "purchase", column, id: id.clone() };
        let decision = self.decision.into_slot().map_err(|Malformed| bad("outcome"))?;
        entry.decision = match (self.kind, decision) {
            (Some(word), Some(slot)) => Some((Kind::parse(&word).ok_or_else(|| bad("kind"))?, slot)),
            (None, None) => None,
            (Some(_), None) => return Err(bad("version")),
            (None, Some(_)) => return Err(bad("kind")),
        };
        entry.login = self.login.into_slot().map_err(|Malformed| bad("login_outcome"))?;
        Ok(entry)
    }
}

/// The columns of a slot contradict each other.
struct Malformed;

impl StoredSlot {
    fn into_slot(self) -> Result<Option<Slot>, Malformed> {
        let Some(version) = self.version else { return Ok(None) };
        let outcome: Option<Outcome> = match (self.step.as_deref(), self.outcome) {
            (Some(STEP_STARTED), _) => None,
            (Some(STEP_DONE), Some(json)) => Some(serde_json::from_str(&json).map_err(|_| Malformed)?),
            (Some(_) | None, _) => return Err(Malformed),
        };
        Ok(Some(Slot { version: unsigned(version), outcome }))
    }
}

fn stored_version(slot: &Slot) -> i64 {
    signed(slot.version)
}

fn stored_step(slot: &Slot) -> &'static str {
    if slot.outcome.is_some() { STEP_DONE } else { STEP_STARTED }
}

fn stored_outcome(slot: &Slot) -> Option<String> {
    slot.outcome.as_ref().map(|outcome| serde_json::to_string(outcome).expect("an outcome is plain JSON"))
}

/// SQLite has signed integers only; versions never come near the end of them.
pub(super) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub(super) fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transaction_that_somebody_relies_on_is_synced_and_others_are_not() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let mut store = Store::open(&directory.path().join("journal.db")).expect("store");
        for sync in [true, false, true] {
            store.begin(sync).expect("begin");
            let level: i64 = store.db.query_row("PRAGMA synchronous", [], |row| row.get(0)).expect("level");
            // 2 is FULL, 1 is NORMAL.
            assert_eq!(level, if sync { 2 } else { 1 });
            store.commit().expect("commit");
        }
        let mode: String = store.db.query_row("PRAGMA journal_mode", [], |row| row.get(0)).expect("mode");
        assert_eq!(mode, "wal");
    }
}
