//! The connection's task against a router that is played sentence by sentence.

use std::time::Duration;

use pagos_protocol::Secret;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::*;
use crate::{
    routeros::codec::{Decoder, Sentence},
    seams::clock::deadline_in,
};

/// The router's end of one connection.
struct Peer {
    stream: TcpStream,
    decoder: Decoder,
    read: std::collections::VecDeque<Sentence>,
}

impl Peer {
    /// Takes the next connection and lets it log in.
    async fn accept(listener: &TcpListener) -> Self {
        let (stream, _) = listener.accept().await.expect("connection");
        let mut peer = Self { stream, decoder: Decoder::default(), read: std::collections::VecDeque::new() };
        assert_eq!(peer.next().await.expect("login").0, "/login");
        peer.say(&["!done"]).await;
        peer
    }

    /// The next command and its tag; `None` when the agent has closed the connection.
    async fn next(&mut self) -> Option<(String, String)> {
        while self.read.is_empty() {
            let mut bytes = [0; 1024];
            let count = self.stream.read(&mut bytes).await.unwrap_or(0);
            if count == 0 {
                return None;
            }
            self.decoder.feed(&bytes[..count], |sentence| self.read.push_back(sentence)).expect("sentences");
        }
        let sentence = self.read.pop_front()?;
        let text = |word: &[u8]| String::from_utf8_lossy(word).into_owned();
        let tag = sentence.words().find_map(|word| word.strip_prefix(b".tag=")).map(text);
        Some((text(sentence.first()), tag.unwrap_or_default()))
    }

    async fn say(&mut self, words: &[&str]) {
        let mut sentence = Sentence::new();
        for word in words {
            sentence.push(&[word.as_bytes()]);
        }
        let mut out = Vec::new();
        sentence.encode(&mut out);
        self.stream.write_all(&out).await.expect("written");
    }

    async fn done(&mut self, tag: &str) {
        self.say(&["!done", &format!(".tag={tag}")]).await;
    }
}

async fn router() -> (TcpListener, Connection) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("listener");
    let settings = RouterSettings {
        router_id: "RTR_1".into(),
        version: 1,
        host: "127.0.0.1".into(),
        port: listener.local_addr().expect("address").port(),
        username: "agente".into(),
        password: Secret::new("secreta"),
    };
    (listener, Connection::start(settings))
}

/// Time passes; afterwards it goes on by itself.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

fn call(
    connection: &Connection,
    path: &'static str,
    within_ms: u64,
) -> tokio::task::JoinHandle<Result<Reply, CallError>> {
    let connection = connection.clone();
    tokio::spawn(async move { connection.call(Request::new(path), deadline_in(within_ms)).await })
}

#[tokio::test]
async fn commands_share_one_connection_and_end_in_any_order() {
    let (listener, connection) = router().await;
    let one = call(&connection, "/one/print", 2_000);
    let mut peer = Peer::accept(&listener).await;
    let (_, tag_one) = peer.next().await.expect("command");
    let two = call(&connection, "/two/print", 2_000);
    let (path, tag_two) = peer.next().await.expect("command");
    assert_eq!(path, "/two/print");
    peer.done(&tag_two).await;
    assert_eq!(two.await.expect("task"), Ok(Reply::default()));
    peer.done(&tag_one).await;
    assert_eq!(one.await.expect("task"), Ok(Reply::default()));
}

#[tokio::test]
async fn late_command_is_cancelled_and_the_connection_goes_on() {
    let (listener, connection) = router().await;
    let late = call(&connection, "/one/add", 200);
    let mut peer = Peer::accept(&listener).await;
    let (_, tag) = peer.next().await.expect("command");
    assert_eq!(late.await.expect("task"), Err(CallError::DeadlinePassed { sent: true }));
    let (path, cancel) = peer.next().await.expect("cancel");
    assert_eq!(path, "/cancel");
    // Until the router has ended the command it may still take effect.
    let settled = tokio::time::timeout(Duration::from_millis(50), connection.settle()).await;
    assert!(settled.is_err());
    peer.done(&tag).await;
    peer.done(&cancel).await;
    tokio::time::timeout(Duration::from_millis(500), connection.settle()).await.expect("settled");
    let next = call(&connection, "/two/print", 2_000);
    let (_, tag) = peer.next().await.expect("command");
    peer.done(&tag).await;
    assert!(next.await.expect("task").is_ok());
}

#[tokio::test]
async fn router_that_does_not_end_a_cancelled_change_is_left() {
    let (listener, connection) = router().await;
    let late = call(&connection, "/one/add", 200);
    let mut peer = Peer::accept(&listener).await;
    peer.next().await.expect("command");
    assert_eq!(late.await.expect("task"), Err(CallError::DeadlinePassed { sent: true }));
    let settling = connection.clone();
    let settled = tokio::spawn(async move { settling.settle().await });
    peer.next().await.expect("cancel");
    pass(CANCEL_GRACE).await;
    assert_eq!(peer.next().await, None, "the agent closes the connection");
    settled.await.expect("task");
}

#[tokio::test]
async fn lost_connection_loses_what_was_sent_and_keeps_what_was_not() {
    let (listener, connection) = router().await;
    let lost = call(&connection, "/one/add", 2_000);
    let mut peer = Peer::accept(&listener).await;
    peer.next().await.expect("command");
    drop(peer);
    let error = lost.await.expect("task").expect_err("lost");
    assert!(matches!(error, CallError::Lost(_)) && error.effect_unknown());
    let next = call(&connection, "/two/print", 2_000);
    let mut peer = Peer::accept(&listener).await;
    let (_, tag) = peer.next().await.expect("command");
    peer.done(&tag).await;
    assert!(next.await.expect("task").is_ok());
}

#[tokio::test]
async fn fatal_ends_the_connection_and_the_next_call_makes_a_new_one() {
    let (listener, connection) = router().await;
    let lost = call(&connection, "/one/print", 2_000);
    let mut peer = Peer::accept(&listener).await;
    peer.next().await.expect("command");
    peer.say(&["!fatal", "session killed"]).await;
    let error = lost.await.expect("task").expect_err("lost");
    assert!(error.to_string().contains("session killed"), "{error}");
    let next = call(&connection, "/two/print", 2_000);
    let mut peer = Peer::accept(&listener).await;
    let (_, tag) = peer.next().await.expect("command");
    peer.done(&tag).await;
    assert!(next.await.expect("task").is_ok());
}

#[tokio::test]
async fn silent_router_is_asked_and_then_left() {
    let (listener, connection) = router().await;
    let first = call(&connection, "/one/print", 2_000);
    let mut peer = Peer::accept(&listener).await;
    let (_, tag) = peer.next().await.expect("command");
    peer.done(&tag).await;
    first.await.expect("task").expect("reply");
    pass(IDLE_PROBE_AFTER).await;
    let (path, tag) = peer.next().await.expect("probe");
    assert_eq!(path, "/system/identity/print");
    peer.done(&tag).await;
    // The answer is taken before more time passes.
    let second = call(&connection, "/two/print", 2_000);
    let (_, tag) = peer.next().await.expect("command");
    peer.done(&tag).await;
    second.await.expect("task").expect("reply");
    pass(IDLE_PROBE_AFTER).await;
    let (path, _) = peer.next().await.expect("next probe");
    assert_eq!(path, "/system/identity/print");
    pass(PROBE_TIMEOUT).await;
    assert_eq!(peer.next().await, None, "no answer: the agent closes the connection");
}

#[tokio::test]
async fn slow_router_that_still_talks_is_not_left() {
    let (listener, connection) = router().await;
    let slow = call(&connection, "/one/print", 60_000);
    let other = call(&connection, "/two/print", 60_000);
    let mut peer = Peer::accept(&listener).await;
    let (_, slow_tag) = peer.next().await.expect("command");
    let (_, other_tag) = peer.next().await.expect("command");
    pass(BUSY_PROBE_AFTER).await;
    assert_eq!(peer.next().await.expect("probe").0, "/system/identity/print");
    // Nine seconds later it answers something else than the probe, and nine later what was asked.
    pass(Duration::from_secs(9)).await;
    peer.done(&other_tag).await;
    other.await.expect("task").expect("reply");
    pass(Duration::from_secs(9)).await;
    peer.done(&slow_tag).await;
    slow.await.expect("task").expect("reply");
}

#[tokio::test]
async fn call_waits_for_a_login_no_longer_than_its_deadline() {
    let (listener, connection) = router().await;
    let late = call(&connection, "/one/add", 200);
    let (_stream, _) = listener.accept().await.expect("connection");
    let error = late.await.expect("task").expect_err("late");
    assert_eq!(error, CallError::DeadlinePassed { sent: false });
    assert!(!error.effect_unknown());
}

#[tokio::test]
async fn refused_port_is_unreachable_and_opens_the_breaker() {
    let (listener, connection) = router().await;
    drop(listener);
    for _ in 0..10 {
        let error = call(&connection, "/one/print", 2_000).await.expect("task").expect_err("refused");
        assert!(matches!(error, CallError::Unreachable(_)), "{error}");
    }
}

#[tokio::test]
async fn broken_bytes_end_the_connection() {
    let (listener, connection) = router().await;
    let lost = call(&connection, "/one/print", 2_000);
    let mut peer = Peer::accept(&listener).await;
    peer.next().await.expect("command");
    peer.stream.write_all(&[0xff]).await.expect("written");
    assert!(matches!(lost.await.expect("task"), Err(CallError::Lost(_))));
}

#[tokio::test]
async fn connection_closes_with_its_last_handle() {
    let (listener, connection) = router().await;
    let first = call(&connection, "/one/print", 2_000);
    let mut peer = Peer::accept(&listener).await;
    let (_, tag) = peer.next().await.expect("command");
    peer.done(&tag).await;
    first.await.expect("task").expect("reply");
    drop(connection);
    assert_eq!(peer.next().await, None);
}
