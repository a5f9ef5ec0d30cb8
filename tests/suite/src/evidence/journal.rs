//! What the agent's journal holds.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use rusqlite::{Connection, OpenFlags, Row};

use super::{Evidence, JournalEntry};

/// The longest to wait for a lock, in milliseconds.
const BUSY_MS_MAX: u64 = 10_000;

const ENTRIES: &str = "SELECT purchase_id, router_id, name, row_id, kind, \
     router_id IN (SELECT router_id FROM router) FROM purchase";

pub(super) fn read(agent_dir: &Path, evidence: &mut Evidence) -> anyhow::Result<()> {
    let path =
        journal_in(agent_dir).with_context(|| format!("there is a journal in {}", agent_dir.display()))?;
    // Not read-only: a journal whose agent was killed is recovered by whoever opens it next.
    let journal = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)
        .with_context(|| format!("opening {}", path.display()))?;
    journal.busy_timeout(Duration::from_millis(BUSY_MS_MAX))?;
    let mut rows = journal.prepare(ENTRIES)?;
    for entry in rows.query_map([], entry)? {
        evidence.journal.push(entry?);
    }
    Ok(())
}

fn entry(row: &Row<'_>) -> rusqlite::Result<JournalEntry> {
    Ok(JournalEntry {
        purchase_id: row.get(0)?,
        router_id: row.get(1)?,
        name: row.get(2)?,
        row_id: row.get(3)?,
        kind: row.get(4)?,
        given: row.get(5)?,
    })
}

/// The database file in the agent's data directory.
fn journal_in(dir: &Path) -> Option<PathBuf> {
    let files = std::fs::read_dir(dir).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    files.into_iter().find(|path| path.extension().is_some_and(|ending| ending == "db"))
}
