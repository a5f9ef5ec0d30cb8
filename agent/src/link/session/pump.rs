//! Frames in and out of an open link.

use std::{io, time::Duration};

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use pagos_protocol::{AgentMessage, Code, Outcome, PING_INTERVAL_MS, SILENCE_MAX_MS, ServerMessage, frame};
use tokio::sync::mpsc;
use tokio::time::{Interval, MissedTickBehavior};
use tokio_tungstenite::tungstenite::{Bytes, Message};

use super::{Session, Socket, broken};
use crate::seams::clock;

/// How long one frame may take to leave, in milliseconds.
const WRITE_DEADLINE_MS: u64 = 10_000;
/// How long the server has to close its side after we closed ours, in milliseconds.
const LINGER_MS: u64 = 1_000;

/// How a link ended.
#[derive(Debug)]
pub enum Ended {
    /// The server says when to come back.
    Goodbye {
        /// Not earlier than this, in milliseconds from now.
        retry_after_ms: u64,
    },
    /// The server closed it.
    Closed,
    /// Nothing was heard for too long.
    Silent,
    /// The server takes nothing off the connection.
    NotReading,
    /// The connection failed.
    Failed(io::Error),
    /// We closed it.
    Stopped,
}

impl Session {
    /// Carries frames until the link ends. Commands and welcomes go to `incoming`; what comes from `outgoing` is sent.
    /// When `outgoing` has no sender any more, the link is closed.
    pub async fn run(
        self,
        incoming: mpsc::Sender<ServerMessage>,
        mut outgoing: mpsc::Receiver<AgentMessage>,
    ) -> Ended {
        let (mut sink, mut stream) = self.socket.split();
        let ended = tokio::select! {
            biased;
            ended = read_all(&mut stream, &incoming) => ended,
            ended = write_all(&mut sink, &mut outgoing) => ended,
        };
        if matches!(ended, Ended::Stopped | Ended::Goodbye { .. } | Ended::Closed) {
            let farewell = close(&mut sink, &mut stream);
            // The server notices the end by itself if this does not reach it.
            let _ = tokio::time::timeout(Duration::from_millis(LINGER_MS), farewell).await;
        }
        ended
    }
}

async fn read_all(stream: &mut SplitStream<Socket>, incoming: &mpsc::Sender<ServerMessage>) -> Ended {
    loop {
        let message = match tokio::time::timeout(Duration::from_millis(SILENCE_MAX_MS), stream.next()).await {
            Ok(Some(Ok(message))) => message,
            Ok(Some(Err(error))) => return Ended::Failed(broken(error)),
            Ok(None) => return Ended::Closed,
            Err(_) => return Ended::Silent,
        };
        let text = match message {
            Message::Text(text) => text,
            Message::Close(_) => return Ended::Closed,
            Message::Ping(_) | Message::Pong(_) | Message::Binary(_) | Message::Frame(_) => continue,
        };
        match frame::decode::<ServerMessage>(&text) {
            Ok(ServerMessage::Goodbye(goodbye)) => {
                return Ended::Goodbye { retry_after_ms: goodbye.retry_after_ms };
            }
            Ok(ServerMessage::Unknown) => tracing::debug!("message of an unknown kind dropped"),
            Ok(
                message @ (ServerMessage::Welcome(_)
                | ServerMessage::Command(_)
                | ServerMessage::Verdicts(_)
                | ServerMessage::HandOver(_)),
            ) => {
                if incoming.send(message).await.is_err() {
                    return Ended::Stopped;
                }
            }
            Err(error) => tracing::warn!(error = %error, "frame dropped"),
        }
    }
}

async fn write_all(
    sink: &mut SplitSink<Socket, Message>,
    outgoing: &mut mpsc::Receiver<AgentMessage>,
) -> Ended {
    let mut pings = pings();
    loop {
        let message = tokio::select! {
            biased;
            message = outgoing.recv() => match message {
                Some(message) => Message::Text(text(message).into()),
                None => return Ended::Stopped,
            },
            _ = pings.tick() => Message::Ping(Bytes::new()),
        };
        match tokio::time::timeout(Duration::from_millis(WRITE_DEADLINE_MS), sink.send(message)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Ended::Failed(broken(error)),
            Err(_) => return Ended::NotReading,
        }
    }
}

fn pings() -> Interval {
    let every = Duration::from_millis(PING_INTERVAL_MS);
    let mut pings = tokio::time::interval_at(clock::deadline_in(PING_INTERVAL_MS), every);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pings
}

/// The frame of a message. An outcome that does not fit is replaced, since somebody waits for it.
fn text(message: AgentMessage) -> String {
    if let Ok(text) = frame::encode(&message) {
        return text;
    }
    let id = match message {
        AgentMessage::Outcome { id, .. } => id,
        AgentMessage::Hello(_)
        | AgentMessage::VerdictsWanted(_)
        | AgentMessage::Settled(_)
        | AgentMessage::Missing(_)
        | AgentMessage::HandOverDone { .. }
        | AgentMessage::Unknown => String::new(),
    };
    tracing::warn!(command.id = id, "outcome does not fit into a frame");
    let outcome = Outcome::failed(Code::RouterError, "the answer of the router does not fit into a frame");
    frame::encode(&AgentMessage::Outcome { id, outcome }).unwrap_or_default()
}

async fn close(sink: &mut SplitSink<Socket, Message>, stream: &mut SplitStream<Socket>) {
    if sink.send(Message::Close(None)).await.is_err() {
        return;
    }
    while let Some(Ok(_)) = stream.next().await {}
}

#[cfg(test)]
mod tests {
    use pagos_protocol::{AgentMessage, Code, Done, Outcome, frame};

    use super::text;

    #[test]
    fn an_outcome_that_is_too_large_becomes_a_failure() {
        let outcome = Outcome::refused(Code::RouterError, "x".repeat(pagos_protocol::FRAME_BYTES_MAX));
        let sent = text(AgentMessage::Outcome { id: "c1".into(), outcome });
        let read: AgentMessage = frame::decode(&sent).expect("frame");
        assert!(matches!(read, AgentMessage::Outcome { id, outcome: Outcome::Failed { .. } } if id == "c1"));
    }

    #[test]
    fn an_outcome_that_fits_is_sent_as_it_is() {
        let message = AgentMessage::Outcome { id: "c1".into(), outcome: Outcome::done(Done::Reserved) };
        assert_eq!(frame::decode::<AgentMessage>(&text(message.clone())), Ok(message));
    }
}
