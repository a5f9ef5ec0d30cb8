use std::os::unix::fs::PermissionsExt;

use pagos_protocol::{Done, Outcome, Secret};

use super::*;

struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().expect("temporary directory") }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("journal.db")
    }

    fn open(&self) -> Journal {
        Journal::open(&self.path()).expect("journal opens")
    }
}

fn entry(purchase_id: &str) -> Entry {
    let mut entry = Entry::new(purchase_id, "RTR_1", "PT-00001", 1_000);
    entry.profile = "1h".into();
    entry.decision = Some((Kind::Reserve, Slot { version: 3, outcome: None }));
    entry
}

async fn put(journal: &Journal, entry: Entry) {
    let purchase_id = entry.purchase_id.clone();
    journal.decide(&purchase_id, move |_| (Some(entry), ())).await.written.expect("written");
}

fn settings(router_id: &str, version: u64) -> RouterSettings {
    RouterSettings {
        router_id: router_id.into(),
        version,
        host: "10.0.0.1".into(),
        port: 8728,
        username: "agente".into(),
        password: Secret::new("secreta"),
    }
}

#[tokio::test]
async fn entry_survives_closing_with_everything_in_it() {
    let place = Place::new();
    let journal = place.open();
    let id = journal.id().to_owned();
    let mut whole = entry("TRX_1");
    whole.row_id = Some("*1A".into());
    whole.decision = Some((
        Kind::Confirm,
        Slot { version: u64::from(u32::MAX) * 4, outcome: Some(Outcome::done(Done::Confirmed)) },
    ));
    whole.login = Some(Slot { version: 9, outcome: Some(Outcome::done(Done::LoggedIn { already: true })) });
    whole.finished_at = Some(crate::seams::clock::now_ms());
    put(&journal, whole.clone()).await;
    put(&journal, entry("TRX_2")).await;
    journal.close().await;
    let journal = place.open();
    assert_eq!(journal.id(), id);
    assert_eq!(journal.entry("TRX_1").await.expect("read"), Some(whole));
    assert_eq!(journal.entry("TRX_2").await.expect("read"), Some(entry("TRX_2")));
    assert_eq!(journal.entry("TRX_3").await.expect("read"), None);
}

#[tokio::test]
async fn recorded_outcome_is_seen_by_the_next_reader_and_after_a_restart() {
    let place = Place::new();
    let journal = place.open();
    put(&journal, entry("TRX_1")).await;
    let record = |entry: Option<Entry>| {
        let mut entry = entry?;
        entry.row_id = Some("*7".into());
        Some(entry)
    };
    journal.record("TRX_1", record).await;
    let row = |entry: Option<Entry>| entry.and_then(|entry| entry.row_id);
    assert_eq!(row(journal.entry("TRX_1").await.expect("read")).as_deref(), Some("*7"));
    journal.close().await;
    assert_eq!(row(place.open().entry("TRX_1").await.expect("read")).as_deref(), Some("*7"));
}

#[tokio::test]
async fn decision_is_in_the_file_when_it_returns() {
    let place = Place::new();
    let journal = place.open();
    put(&journal, entry("TRX_1")).await;
    let reader = rusqlite::Connection::open(place.path()).expect("second reader");
    let count: i64 = reader.query_row("SELECT count(*) FROM purchase", [], |row| row.get(0)).expect("count");
    assert_eq!(count, 1);
}

#[tokio::test]
async fn many_at_once_are_all_written() {
    let place = Place::new();
    let journal = place.open();
    let mut writing = tokio::task::JoinSet::new();
    for number in 0..500 {
        let journal = journal.clone();
        writing.spawn(async move { put(&journal, entry(&format!("TRX_{number}"))).await });
    }
    while let Some(written) = writing.join_next().await {
        written.expect("written");
    }
    for number in 0..500 {
        assert!(journal.entry(&format!("TRX_{number}")).await.expect("read").is_some());
    }
}

#[tokio::test]
async fn file_is_readable_by_its_owner_only() {
    let place = Place::new();
    std::fs::write(place.path(), "").expect("file");
    std::fs::set_permissions(place.path(), std::fs::Permissions::from_mode(0o644)).expect("mode");
    let journal = place.open();
    put(&journal, entry("TRX_1")).await;
    for ending in ["", "-wal", "-shm"] {
        let path = format!("{}{ending}", place.path().display());
        let mode = std::fs::metadata(&path).expect("metadata").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{path}");
    }
}

#[tokio::test]
async fn newest_settings_of_a_router_are_kept() {
    let place = Place::new();
    let journal = place.open();
    for (router_id, version) in [("RTR_2", 1), ("RTR_1", 5), ("RTR_1", 4), ("RTR_3", 1)] {
        journal.put_router(settings(router_id, version)).await.expect("written");
    }
    journal.drop_router("RTR_3".into()).await.expect("written");
    journal.close().await;
    assert_eq!(place.open().routers_at_open(), [settings("RTR_1", 5), settings("RTR_2", 1)]);
}

#[tokio::test]
async fn finished_entries_are_forgotten_after_their_time_and_others_never() {
    let place = Place::new();
    let journal = place.open();
    let now = crate::seams::clock::now_ms();
    let finished = |purchase_id: &str, at: Option<i64>| Entry { finished_at: at, ..entry(purchase_id) };
    put(&journal, finished("TRX_old", Some(now - MARK_KEPT_MS - 60_000))).await;
    put(&journal, finished("TRX_new", Some(now - MARK_KEPT_MS + 60_000))).await;
    put(&journal, finished("TRX_open", None)).await;
    put(&journal, finished("TRX_unset_clock", Some(2_000))).await;
    journal.close().await;
    let journal = place.open();
    // Entries are pruned after the first request.
    journal.entry("TRX_new").await.expect("read");
    assert_eq!(journal.entry("TRX_old").await.expect("read"), None);
    assert!(journal.entry("TRX_new").await.expect("read").is_some());
    assert!(journal.entry("TRX_open").await.expect("read").is_some());
    let unset = journal.entry("TRX_unset_clock").await.expect("read").expect("kept");
    assert!(unset.finished_at.is_some_and(|at| at >= now));
}

#[tokio::test]
async fn closed_journal_says_so() {
    let place = Place::new();
    let journal = place.open();
    journal.close().await;
    journal.close().await;
    let decided = journal.decide("TRX_1", |_| (None, ())).await;
    assert!(matches!(decided.written, Err(JournalError::Closed)));
    assert_eq!(decided.verdict, None);
}

#[tokio::test]
async fn journal_of_a_newer_agent_is_not_touched() {
    let place = Place::new();
    place.open().close().await;
    let file = rusqlite::Connection::open(place.path()).expect("file");
    file.pragma_update(None, "user_version", 99).expect("version");
    assert!(matches!(Journal::open(&place.path()), Err(JournalError::Newer { found: 99, .. })));
}

#[tokio::test]
async fn journal_of_the_first_version_learns_what_to_ask_about() {
    let place = Place::new();
    let file = rusqlite::Connection::open(place.path()).expect("file");
    file.execute_batch(include_str!("../../../migrations/agent/0001_start.sql")).expect("first schema");
    file.execute_batch(
        "INSERT INTO journal VALUES ('j', 1); PRAGMA user_version = 1;
         INSERT INTO purchase (purchase_id, router_id, name, kind, version, step, outcome, started_at) VALUES
         ('TRX_1', 'RTR_1', 'a', 'reserve', 1, 'started', NULL, 5),
         ('TRX_2', 'RTR_1', 'b', 'reserve', 1, 'done', '{\"result\":\"done\",\"done\":{\"kind\":\"reserved\"}}', 6),
         ('TRX_3', 'RTR_1', 'c', 'reserve', 1, 'done', '{\"result\":\"refused\",\"code\":\"busy\"}', 7),
         ('TRX_4', 'RTR_1', 'd', 'confirm', 2, 'done', '{\"result\":\"done\",\"done\":{\"kind\":\"confirmed\"}}', 8),
         ('TRX_5', 'RTR_1', 'e', 'release', 2, 'done', '{\"result\":\"failed\",\"code\":\"busy\",\"retryable\":true}', 9);",
    )
    .expect("filled");
    drop(file);
    let journal = place.open();
    assert_eq!(journal.id(), "j");
    let asked = journal.to_ask("RTR_1", "", None, 100).await.expect("read");
    let read: Vec<_> = asked.iter().map(|entry| (entry.name.as_str(), entry.ask_at, entry.doubt)).collect();
    assert_eq!(read, [("a", Some(5), true), ("b", Some(6), false), ("e", Some(9), false)]);
    assert!(journal.entry("TRX_4").await.expect("read").expect("kept").confirmed);
}

#[tokio::test]
async fn entries_are_paged_and_due_ones_found_whichever_way_the_clock_was_set() {
    let place = Place::new();
    let journal = place.open();
    for (number, ask_at) in [(1, Some(10)), (2, None), (3, Some(20)), (4, Some(9_000))] {
        put(&journal, Entry { ask_at, ..entry(&format!("TRX_{number}")) }).await;
    }
    let ids =
        |entries: Vec<Entry>| -> Vec<String> { entries.into_iter().map(|entry| entry.purchase_id).collect() };
    let router = entry("TRX_1").router_id;
    let all =
        async |after: &str, limit| ids(journal.to_ask(&router, after, None, limit).await.expect("read"));
    assert_eq!(all("", 2).await, ["TRX_1", "TRX_3"]);
    assert_eq!(all("TRX_3", 2).await, ["TRX_4"]);
    let due = journal.to_ask(&router, "", Some((15, 5_000)), 100).await.expect("read");
    assert_eq!(ids(due), ["TRX_1", "TRX_4"]);
    assert_eq!(journal.next_to_ask().await.expect("read"), Some(10));
    assert!(ids(journal.to_ask("RTR_OTHER", "", None, 100).await.expect("read")).is_empty());
}

#[tokio::test]
async fn bad_value_names_its_place_and_harms_no_other() {
    let place = Place::new();
    let journal = place.open();
    put(&journal, entry("TRX_1")).await;
    put(&journal, entry("TRX_2")).await;
    let file = rusqlite::Connection::open(place.path()).expect("file");
    file.execute("UPDATE purchase SET kind = 'nonsense' WHERE purchase_id = 'TRX_1'", []).expect("update");
    let error = journal.entry("TRX_1").await.expect_err("a bad value");
    assert_eq!(error.to_string(), "the journal holds a bad value in purchase.kind of TRX_1");
    assert!(journal.entry("TRX_2").await.expect("read").is_some());
}

#[test]
fn file_that_is_no_journal_is_named() {
    let place = Place::new();
    std::fs::write(place.path(), "this is not a database, it only looks like a file").expect("file");
    let error = Journal::open(&place.path()).expect_err("no journal");
    assert!(error.to_string().contains("journal.db"), "{error}");
    let nowhere = place.directory.path().join("absent/journal.db");
    assert!(matches!(Journal::open(&nowhere), Err(JournalError::File { .. })));
}

#[tokio::test]
async fn quota_is_remembered_per_router_and_user_and_goes_with_the_router() {
    let place = Place::new();
    let journal = place.open();
    let quota =
        |seconds| Quota { limits: [3_600, 0, 0, u64::from(u32::MAX) * 9], lowered: [seconds, 0, 0, 7] };
    let name = "Peña".as_bytes();
    assert_eq!(journal.quota("RTR_1", name).await.expect("read"), None);
    for seconds in [2_400, 1_200] {
        journal.put_quota("RTR_1", name, quota(seconds)).await.expect("written");
    }
    journal.put_quota("RTR_2", name, quota(60)).await.expect("written");
    journal.close().await;
    let journal = place.open();
    assert_eq!(journal.quota("RTR_1", name).await.expect("read"), Some(quota(1_200)));
    assert_eq!(journal.quota("RTR_1", b"Pena").await.expect("read"), None);
    journal.drop_router("RTR_1".into()).await.expect("dropped");
    assert_eq!(journal.quota("RTR_1", name).await.expect("read"), None);
    assert_eq!(journal.quota("RTR_2", name).await.expect("read"), Some(quota(60)));
}
