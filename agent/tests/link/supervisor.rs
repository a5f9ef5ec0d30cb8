//! The agent as a whole: commands, cut links, refusals, the end.

use std::path::Path;
use std::time::{Duration, Instant};

use pagos_agent::executor::Executor;
use pagos_agent::identity;
use pagos_agent::journal::Journal;
use pagos_agent::supervisor::{StartError, run};
use pagos_protocol::{Action, Code, Goodbye, Outcome, ServerMessage};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;

use crate::cloud::{Cloud, settings};

const FAST_MS: u64 = 2_000;

struct Agent {
    dir: TempDir,
    stop: watch::Sender<bool>,
    task: JoinHandle<Result<(), StartError>>,
}

async fn enrol(dir: &Path, cloud: &Cloud, agent_id: &str) {
    let token = cloud.token().encode();
    let (enrolled, ()) = tokio::join!(pagos_agent::enrolment::enroll(dir, &token), cloud.enroll(agent_id));
    enrolled.expect("enrolled");
}

async fn start(cloud: &Cloud) -> Agent {
    let dir = tempfile::tempdir().expect("directory");
    enrol(dir.path(), cloud, "agent-1").await;
    let journal = Journal::open(&dir.path().join("journal.db")).expect("journal");
    let executor = Executor::open(journal).expect("executor");
    let (stop, stopping) = watch::channel(false);
    let task = tokio::spawn(run(dir.path().to_owned(), executor, stopping));
    Agent { dir, stop, task }
}

impl Agent {
    async fn stop(self) {
        self.stop.send(true).expect("running");
        self.task.await.expect("task").expect("ended well");
    }
}

/// A router that takes connections and never says a word.
async fn mute_router() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("listen");
    let port = listener.local_addr().expect("address").port();
    (listener, port)
}

fn code(outcome: &Outcome) -> Option<Code> {
    match outcome {
        Outcome::Refused { code, .. } | Outcome::Failed { code, .. } => Some(*code),
        Outcome::Done { .. } | Outcome::Unknown => None,
    }
}

#[tokio::test]
async fn commands_are_answered_and_a_cut_link_is_dialled_again() {
    let cloud = Cloud::start().await;
    let agent = start(&cloud).await;
    let (mut peer, hello) = cloud.welcome(Some(settings(1, 5))).await;
    assert!(hello.routers.is_empty());
    peer.command("c1", Action::Unknown, FAST_MS).await;
    let (id, outcome) = peer.outcome().await;
    assert_eq!((id.as_str(), code(&outcome)), ("c1", Some(Code::Unsupported)));
    drop(peer);
    let (mut peer, again) = cloud.welcome(None).await;
    assert_eq!(again.journal_id, hello.journal_id);
    let known: Vec<_> = again.routers.iter().map(|known| known.settings_version).collect();
    assert_eq!(known, [5]);
    peer.command("c2", Action::Probe, FAST_MS).await;
    let (id, outcome) = peer.outcome().await;
    assert_eq!((id.as_str(), code(&outcome)), ("c2", Some(Code::RouterUnreachable)));
    agent.stop().await;
}

#[tokio::test]
async fn an_oversized_frame_ends_the_link_and_nothing_else() {
    use futures_util::SinkExt;
    let cloud = Cloud::start().await;
    let agent = start(&cloud).await;
    let (mut peer, _) = cloud.welcome(None).await;
    let _ = peer.0.send(Message::Text("x".repeat(pagos_protocol::FRAME_BYTES_MAX + 1).into())).await;
    cloud.welcome(None).await;
    agent.stop().await;
}

#[tokio::test]
async fn goodbye_and_retry_after_are_obeyed() {
    let cloud = Cloud::start().await;
    let agent = start(&cloud).await;
    let (mut peer, _) = cloud.welcome(None).await;
    peer.send(&ServerMessage::Goodbye(Goodbye { retry_after_ms: 700 })).await;
    assert!(peer.next().await.is_none());
    let began = Instant::now();
    cloud.refuse("503 Service Unavailable", "retry-after: 1\r\n").await;
    assert!(began.elapsed() >= Duration::from_millis(690), "{:?}", began.elapsed());
    let began = Instant::now();
    cloud.welcome(None).await;
    assert!(began.elapsed() >= Duration::from_millis(990), "{:?}", began.elapsed());
    agent.stop().await;
}

#[tokio::test]
async fn a_refused_agent_waits_until_it_is_enrolled_again() {
    let cloud = Cloud::start().await;
    let agent = start(&cloud).await;
    cloud.refuse("403 Forbidden", "").await;
    assert!(cloud.quiet_for(Duration::from_millis(1_500)).await, "a refused agent does not dial");
    enrol(agent.dir.path(), &cloud, "agent-2").await;
    let (_peer, _) = cloud.welcome(None).await;
    assert_eq!(identity::enrolled_id(agent.dir.path()).as_deref(), Some("agent-2"));
    agent.stop().await;
}

#[tokio::test]
async fn a_stopping_agent_finishes_what_it_began() {
    let cloud = Cloud::start().await;
    let agent = start(&cloud).await;
    let (_router, port) = mute_router().await;
    let (mut peer, _) = cloud.welcome(Some(settings(port, 1))).await;
    peer.command("slow", Action::Probe, 600).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let stopping = tokio::spawn(agent.stop());
    tokio::time::sleep(Duration::from_millis(100)).await;
    peer.command("late", Action::Probe, FAST_MS).await;
    let (id, outcome) = peer.outcome().await;
    assert_eq!((id.as_str(), outcome), ("late", Outcome::failed(Code::Busy, "the agent is stopping")));
    let (id, _) = peer.outcome().await;
    assert_eq!(id, "slow");
    assert!(peer.next().await.is_none());
    stopping.await.expect("stopped");
}

#[tokio::test]
async fn many_commands_for_a_mute_router_are_all_taken() {
    let cloud = Cloud::start().await;
    let agent = start(&cloud).await;
    let (_router, port) = mute_router().await;
    let (mut peer, _) = cloud.welcome(Some(settings(port, 1))).await;
    for number in 0..150 {
        peer.command(&format!("c{number}"), Action::Probe, 1_000).await;
    }
    for _ in 0..150 {
        let (id, outcome) = peer.outcome().await;
        assert_eq!(code(&outcome), Some(Code::DeadlinePassed), "{id}");
    }
    agent.stop().await;
}

#[tokio::test]
async fn a_box_that_is_not_enrolled_does_not_start() {
    let dir = tempfile::tempdir().expect("directory");
    let journal = Journal::open(&dir.path().join("journal.db")).expect("journal");
    let executor = Executor::open(journal).expect("executor");
    let (_stop, stopping) = watch::channel(false);
    let ended = run(dir.path().to_owned(), executor, stopping).await;
    assert!(matches!(ended, Err(StartError::Identity(identity::IdentityError::NotEnrolled(_)))));
}
