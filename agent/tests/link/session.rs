//! One link: opening, pings, silence.

use std::time::Duration;

use futures_util::StreamExt;
use pagos_agent::identity::{self, Identity};
use pagos_agent::link::{Ended, OpenError, Session};
use pagos_protocol::{Goodbye, Hello, PING_INTERVAL_MS, ServerMessage};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;

use crate::cloud::{Cloud, authority, leaf};

async fn identity(cloud: &Cloud) -> Identity {
    let dir = tempfile::tempdir().expect("directory");
    let token = cloud.token().encode();
    let (enrolled, ()) =
        tokio::join!(pagos_agent::enrolment::enroll(dir.path(), &token), cloud.enroll("agent-1"));
    enrolled.expect("enrolled");
    identity::load(dir.path()).expect("identity")
}

fn hello() -> Hello {
    Hello { version: 1, agent_version: "test".into(), journal_id: "j".into(), routers: Vec::new() }
}

async fn open(identity: &Identity) -> Result<Session, OpenError> {
    Session::open(&identity.address, identity.tls.clone(), hello()).await.map(|(session, _)| session)
}

#[tokio::test]
async fn the_server_sees_our_certificate() {
    let cloud = Cloud::start().await;
    let identity = identity(&cloud).await;
    let (opened, stream) = tokio::join!(
        async { tokio::time::timeout(Duration::from_millis(300), open(&identity)).await },
        cloud.accept()
    );
    assert!(opened.is_err(), "nobody has answered");
    assert!(stream.get_ref().1.peer_certificates().is_some());
}

#[tokio::test]
async fn the_link_trusts_only_the_authority_of_its_enrolment() {
    let cloud = Cloud::start().await;
    let mut identity = identity(&cloud).await;
    let thief = authority();
    let (leaf, shown) = (leaf(&thief, "localhost"), thief.der().clone());
    let other = Cloud::with(thief, leaf, shown).await;
    identity.address = pagos_agent::link::Address::parse(&other.address()).expect("address");
    let opened = tokio::select! {
        opened = open(&identity) => opened,
        _ = other.accept() => panic!("the agent spoke to a server that it must not trust"),
    };
    assert!(matches!(opened, Err(OpenError::Dial(_))), "{opened:?}");
}

#[tokio::test]
async fn refusals_say_when_to_try_again() {
    let cloud = Cloud::start().await;
    let identity = identity(&cloud).await;
    let (opened, ()) = tokio::join!(open(&identity), cloud.refuse("403 Forbidden", ""));
    assert!(matches!(opened, Err(OpenError::Refused)), "{opened:?}");
    let (opened, ()) =
        tokio::join!(open(&identity), cloud.refuse("503 Service Unavailable", "retry-after: 7\r\n"));
    assert!(matches!(opened, Err(OpenError::Later { retry_after_ms: 7000 })), "{opened:?}");
    let (opened, ()) = tokio::join!(open(&identity), cloud.refuse("404 Not Found", ""));
    assert!(matches!(opened, Err(OpenError::Status(404))), "{opened:?}");
    let saying_goodbye = async {
        let (mut peer, _) = cloud.link().await;
        peer.send(&ServerMessage::Goodbye(Goodbye { retry_after_ms: 900 })).await;
    };
    let (opened, ()) = tokio::join!(open(&identity), saying_goodbye);
    assert!(matches!(opened, Err(OpenError::Later { retry_after_ms: 900 })), "{opened:?}");
}

#[tokio::test]
async fn the_whole_attempt_has_one_deadline() {
    let cloud = Cloud::start().await;
    let identity = identity(&cloud).await;
    let opening = tokio::spawn(async move { open(&identity).await });
    let (_peer, _) = cloud.link().await;
    tokio::time::pause();
    let opened = opening.await.expect("task");
    assert!(matches!(opened, Err(OpenError::Deadline)), "{opened:?}");
}

#[tokio::test]
async fn pings_go_out_and_pongs_keep_the_link() {
    let cloud = Cloud::start().await;
    let identity = identity(&cloud).await;
    let (session, (mut peer, _)) = tokio::join!(open(&identity), cloud.welcome(None));
    let (incoming, _messages) = mpsc::channel(1);
    let (_outcomes, outgoing) = mpsc::channel(1);
    let running = tokio::spawn(session.expect("open").run(incoming, outgoing));
    tokio::task::yield_now().await;
    tokio::time::pause();
    for _ in 0..4 {
        let began = tokio::time::Instant::now();
        assert!(matches!(peer.0.next().await, Some(Ok(Message::Ping(_)))));
        assert!(began.elapsed() <= Duration::from_millis(PING_INTERVAL_MS + 5));
    }
    assert!(!running.is_finished());
}

#[tokio::test]
async fn a_silent_server_is_taken_for_dead() {
    let cloud = Cloud::start().await;
    let identity = identity(&cloud).await;
    // The other end is kept open, and never read.
    let (session, (_peer, _)) = tokio::join!(open(&identity), cloud.welcome(None));
    let (incoming, _messages) = mpsc::channel(1);
    let (_outcomes, outgoing) = mpsc::channel(1);
    tokio::time::pause();
    let ended = session.expect("open").run(incoming, outgoing).await;
    assert!(matches!(ended, Ended::Silent), "{ended:?}");
}
