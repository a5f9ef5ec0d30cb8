//! Frames in and out of a welcomed connection.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use pagos_protocol::{AgentMessage, Goodbye, SILENCE_MAX_MS, ServerMessage, Welcome, frame};
use tokio::sync::{mpsc, watch};

use super::End;
use super::desk::{Desk, Tray, WAITING_MAX};
use crate::link::live::{Closing, Inbox, Live, Parcel};

/// How long one frame may take to leave, in milliseconds.
const WRITE_DEADLINE_MS: u64 = 10_000;
/// How long the agent has to close its side after we closed ours, in milliseconds.
const LINGER_MS: u64 = 1_000;

/// Sends the first frame.
pub(super) async fn send_welcome(socket: &mut WebSocket, welcome: Welcome) -> Result<(), End> {
    let message = text(&ServerMessage::Welcome(welcome)).ok_or(End::Changed)?;
    match tokio::time::timeout(Duration::from_millis(WRITE_DEADLINE_MS), socket.send(message)).await {
        Ok(sent) => sent.map_err(End::Failed),
        Err(_) => Err(End::NotReading),
    }
}

/// Carries frames both ways until the connection ends.
pub(super) async fn run(socket: WebSocket, live: &Live, inbox: Inbox, desk: Desk, tray: Tray) -> End {
    let (mut sink, mut stream) = socket.split();
    let Inbox { mut outbox, mut closing } = inbox;
    let (to_desk, questions) = mpsc::channel(WAITING_MAX);
    let serving = desk.run(questions);
    let end = tokio::select! {
        biased;
        end = read_all(&mut stream, live, &to_desk) => end,
        () = serving => End::Closed(Closing::Dismissed),
        end = write_all(&mut sink, &mut outbox, tray) => end,
        reason = asked_to_close(&mut closing) => End::Closed(reason),
    };
    drop(outbox);
    if let End::Closed(reason) = &end {
        let farewell = close(&mut sink, &mut stream, *reason);
        // The agent notices the end by itself if this does not reach it.
        let _ = tokio::time::timeout(Duration::from_millis(LINGER_MS), farewell).await;
    }
    end
}

async fn read_all(stream: &mut SplitStream<WebSocket>, live: &Live, to_desk: &ToDesk) -> End {
    loop {
        let message = match tokio::time::timeout(Duration::from_millis(SILENCE_MAX_MS), stream.next()).await {
            Ok(Some(Ok(message))) => message,
            Ok(Some(Err(error))) => return End::Failed(error),
            Ok(None) => return End::Left,
            Err(_) => return End::Silent,
        };
        match message {
            Message::Text(text) => take(&text, live, to_desk),
            Message::Ping(_) | Message::Pong(_) => {}
            Message::Binary(_) => return End::NotText,
            Message::Close(_) => return End::Left,
        }
    }
}

type Sink = SplitSink<WebSocket, Message>;

/// Where messages about reservations go.
type ToDesk = mpsc::Sender<Box<AgentMessage>>;

/// Takes one frame: the outcome of a command that was sent on this connection, or something for the desk.
fn take(text: &str, live: &Live, to_desk: &ToDesk) {
    match frame::decode::<AgentMessage>(text) {
        Ok(AgentMessage::Outcome { id, outcome }) => {
            if !live.settle(&id, outcome) {
                tracing::info!(agent.id = %live.agent, "outcome dropped: nobody waits for it on this link");
            }
        }
        Ok(
            message @ (AgentMessage::VerdictsWanted(_)
            | AgentMessage::Settled(_)
            | AgentMessage::Missing(_)
            | AgentMessage::HandOverDone { .. }),
        ) => {
            if to_desk.try_send(Box::new(message)).is_err() {
                tracing::warn!(agent.id = %live.agent, "message dropped: too many wait to be served");
            }
        }
        Ok(AgentMessage::Hello(_)) => tracing::warn!(agent.id = %live.agent, "second hello dropped"),
        Ok(AgentMessage::Unknown) => {
            tracing::debug!(agent.id = %live.agent, "message of an unknown kind dropped");
        }
        Err(error) => tracing::warn!(agent.id = %live.agent, error = %error, "frame dropped"),
    }
}

async fn write_all(sink: &mut Sink, outbox: &mut mpsc::Receiver<Parcel>, tray: Tray) -> End {
    let Tray { mut frames, mut opened } = tray;
    let mut open = false;
    loop {
        let text = tokio::select! {
            biased;
            Some(text) = frames.recv() => Some(text),
            // An error means that the desk is gone, and with it the link.
            _ = &mut opened, if !open => {
                open = true;
                None
            }
            parcel = outbox.recv(), if open => match parcel {
                Some(parcel) => parcel.take(),
                // The hub has let go of the link.
                None => return End::Closed(Closing::Dismissed),
            },
        };
        let Some(text) = text else { continue };
        let writing = sink.send(Message::Text(text.into()));
        match tokio::time::timeout(Duration::from_millis(WRITE_DEADLINE_MS), writing).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return End::Failed(error),
            Err(_) => return End::NotReading,
        }
    }
}

async fn asked_to_close(closing: &mut watch::Receiver<Option<Closing>>) -> Closing {
    match closing.wait_for(Option::is_some).await {
        Ok(reason) => reason.unwrap_or(Closing::Dismissed),
        Err(_) => Closing::Dismissed,
    }
}

async fn close(
    sink: &mut SplitSink<WebSocket, Message>,
    stream: &mut SplitStream<WebSocket>,
    reason: Closing,
) {
    let (code, words) = match reason {
        Closing::Replaced => (close_code::POLICY, "replaced by a newer connection"),
        Closing::Dismissed => (close_code::POLICY, "closed by the server"),
        Closing::Goodbye { retry_after_ms } => {
            if let Some(message) = text(&ServerMessage::Goodbye(Goodbye { retry_after_ms })) {
                // Followed by the close frame, which fails the same way.
                let _ = sink.send(message).await;
            }
            (close_code::AWAY, "server is going down")
        }
    };
    let frame = CloseFrame { code, reason: words.into() };
    if sink.send(Message::Close(Some(frame))).await.is_err() {
        return;
    }
    // Reads on until the agent closes, so that unread bytes do not make the system cut off what we wrote.
    while let Some(Ok(_)) = stream.next().await {}
}

fn text(message: &ServerMessage) -> Option<Message> {
    match frame::encode(message) {
        Ok(text) => Some(Message::Text(text.into())),
        Err(error) => {
            tracing::error!(error = %error, "message does not fit into a frame");
            None
        }
    }
}
