//! Repeats, old decisions, crashes and what is on disk when.

use pagos_protocol::{
    Action, Code, Done, Secret,
    command::{Login, Reserve},
};
use pagos_simulator::fault::FaultKind;

use crate::site::*;

#[tokio::test]
async fn repeat_is_answered_from_the_journal_without_the_router() {
    let mut site = Site::new().await;
    site.device_seen(DEVICE, [10, 5, 50, 2]);
    for action in [reserve(1), confirm(2), login(3), release(4)] {
        let first = site.run(action.clone()).await;
        let commands = site.commands();
        assert_eq!(site.run(action.clone()).await, first);
        site.restart().await;
        assert_eq!(site.run(action).await, first);
        assert_eq!(site.commands(), commands);
    }
}

#[tokio::test]
async fn password_of_a_user_is_never_on_disk() {
    let mut site = Site::new().await;
    site.device_seen(DEVICE, [10, 5, 50, 2]);
    let Action::Reserve(reservation) = reserve(1) else { unreachable!("it is a reservation") };
    let Action::Login(login) = login(2) else { unreachable!("it is a login") };
    let password = Secret::new("never-on-disk");
    site.run(Action::Reserve(Reserve { password: password.clone(), ..reservation })).await;
    let outcome = site.run(Action::Login(Login { password: password.clone(), ..login })).await;
    assert_eq!(outcome, done(Done::LoggedIn { already: false }));
    site.restart().await;
    let directory = site.journal_path().parent().expect("directory").to_owned();
    for file in std::fs::read_dir(directory).expect("directory") {
        let bytes = std::fs::read(file.expect("file").path()).expect("readable");
        let found = bytes.windows(password.expose().len()).any(|part| part == password.expose().as_bytes());
        assert!(!found, "the password is in a file of the journal");
    }
}

#[tokio::test]
async fn older_decisions_are_stale_without_the_router() {
    let site = Site::new().await;
    site.run(reserve(3)).await;
    site.run(confirm(5)).await;
    let commands = site.commands();
    for action in [reserve(3), reserve(4), confirm(4), release(1), release(4), login(4)] {
        assert_eq!(refused(&site.run(action).await), Code::Stale);
    }
    assert_eq!(site.commands(), commands);
}

#[tokio::test]
async fn two_deliveries_at_once_run_once() {
    let site = Site::new().await;
    let (one, two) = tokio::join!(site.run(reserve(1)), site.run(reserve(1)));
    assert_eq!((one, two), (done(Done::Reserved), done(Done::Reserved)));
    assert_eq!(site.count("/ip/hotspot/user/add"), 1);
}

#[tokio::test]
async fn dropped_caller_stops_nothing() {
    let site = Site::new().await;
    site.fault(FaultKind::Hang, Some("/ip/hotspot/user/add"), Some(1));
    let executor = site.executor.clone();
    let caller = tokio::spawn(async move { executor.execute(command(reserve(1))).await });
    while site.count("/ip/hotspot/user/add") == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    caller.abort();
    site.mend();
    // The repeat waits for the first, and is answered from the journal.
    assert_eq!(site.run(reserve(1)).await, done(Done::Reserved));
    assert_eq!(site.count("/ip/hotspot/user/add"), 1);
}

#[tokio::test]
async fn crash_between_journal_and_report_is_made_good_by_the_repeat() {
    for (kind, made) in [(FaultKind::DropBefore, false), (FaultKind::DropAfter, true)] {
        let site = Site::new().await;
        // A journal that knows of the start but not of the end, as a killed agent leaves it.
        let dead = dead_agent_after(&site, kind).await;
        assert_eq!(site.user("PT-A1B2C").is_some(), made);
        assert_eq!(dead.execute(command(reserve(1))).await, done(Done::Reserved));
        assert_eq!(dead.execute(command(release(2))).await, done(Done::Released));
        assert!(site.user("PT-A1B2C").is_none());
    }
}

#[tokio::test]
async fn repeat_after_a_crash_is_never_refused_while_the_router_cannot_be_asked() {
    let site = Site::new().await;
    let dead = dead_agent_after(&site, FaultKind::DropAfter).await;
    let away = site.fault(FaultKind::DropBefore, Some("/login"), None);
    let late = pagos_protocol::Command { deadline_ms: 500, ..command(reserve(1)) };
    assert_eq!(failed(&dead.execute(late).await), Code::RouterUnreachable);
    dead.welcome(&[], vec![]).await.expect("welcome");
    assert_eq!(failed(&dead.execute(command(reserve(1))).await), Code::UnknownRouter);
    site.simulator.control().faults.delete(Some(away));
}

fn command(action: Action) -> pagos_protocol::Command {
    pagos_protocol::Command { id: "c".into(), router_id: ROUTER.into(), deadline_ms: DEADLINE_MS, action }
}

/// An agent that was killed in the middle of a reservation, opened again on a copy of its journal.
async fn dead_agent_after(site: &Site, kind: FaultKind) -> pagos_agent::executor::Executor {
    site.fault(kind, Some("/ip/hotspot/user/add"), Some(1));
    site.fault(FaultKind::Hang, Some("/ip/hotspot/user/print"), None);
    let running = site.executor.clone();
    let running = tokio::spawn(async move { running.execute(command(reserve(1))).await });
    while site.count("/ip/hotspot/user/print") == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    let copy = site.journal_path().with_file_name(format!("copy-{kind:?}.db"));
    for ending in ["", "-wal"] {
        let from = format!("{}{ending}", site.journal_path().display());
        std::fs::copy(from, format!("{}{ending}", copy.display())).expect("copy of the journal");
    }
    running.abort();
    site.mend();
    let journal = pagos_agent::journal::Journal::open(&copy).expect("copy opens");
    pagos_agent::executor::Executor::open(journal).expect("executor opens")
}

#[tokio::test]
async fn command_is_in_the_file_before_the_router_sees_anything() {
    let site = Site::new().await;
    site.fault(FaultKind::Hang, None, None);
    let executor = site.executor.clone();
    let running = tokio::spawn(async move { executor.execute(command(reserve(1))).await });
    while site.count("/login") == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    let file = rusqlite::Connection::open(site.journal_path()).expect("second reader");
    let row: (String, i64, String, Option<String>) = file
        .query_row(
            "SELECT kind, version, step, outcome FROM purchase WHERE purchase_id = 'TRX_1'",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )
        .expect("entry");
    assert_eq!(row, ("reserve".into(), 1, "started".into(), None));
    site.mend();
    assert_eq!(running.await.expect("command"), done(Done::Reserved));
}

#[tokio::test]
async fn name_drawn_anew_is_reserved_under_its_newer_version() {
    let site = Site::new().await;
    site.operator(pagos_agent::routeros::Request::new("/ip/hotspot/user/add").attribute("name", "PT-A1B2C"))
        .await;
    assert_eq!(refused(&site.run(reserve(1)).await), Code::NameTaken);
    let other = Action::Reserve(Reserve { name: "PT-ZZZZZ".into(), ..reservation(2) });
    assert_eq!(site.run(other).await, done(Done::Reserved));
}
