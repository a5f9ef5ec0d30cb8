use super::*;

#[tokio::test]
async fn reopened_journal_keeps_its_id() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let path = dir.path().join("journal.db");
    let first = Journal::open(&path).expect("open");
    let id = first.id().to_owned();
    first.close().await;
    assert_eq!(Journal::open(&path).expect("reopen").id(), id);
}
