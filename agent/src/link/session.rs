//! One link, from dialling to its end.
//!
//! The whole attempt, from the name look-up to the welcome, is under one deadline. Afterwards a ping goes out at a
//! fixed interval, and a link on which nothing is heard is taken for dead.

mod pump;

use std::{io, sync::Arc, time::Duration};

use futures_util::{SinkExt, StreamExt};
use pagos_protocol::{AgentMessage, FRAME_BYTES_MAX, Hello, LINK_PATH, ServerMessage, Welcome, frame};
use rustls::ClientConfig;
use tokio_tungstenite::tungstenite::http::{Response, StatusCode, header::RETRY_AFTER};
use tokio_tungstenite::tungstenite::{Error as SocketError, Message, protocol::WebSocketConfig};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::Address;
use super::dial::{self, DialError};
use crate::seams::net::Stream;

pub use pump::Ended;

/// How long it may take from dialling to the welcome, in milliseconds.
pub const OPEN_DEADLINE_MS: u64 = 15_000;
/// Buffers of the WebSocket, in bytes; the library's default is 128 KiB.
const BUFFER_BYTES: usize = 4096;
/// Most bytes that wait in the WebSocket's own buffer: room for two frames.
const WRITE_BYTES_MAX: usize = 2 * FRAME_BYTES_MAX + BUFFER_BYTES;

type Socket = WebSocketStream<Stream>;

/// Why there is no link.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no connection.
    #[error("cannot reach the control plane")]
    Dial(#[source] DialError),
    /// The control plane does not take this agent: it is revoked, or its certificate is not accepted.
    #[error("the control plane refuses this agent")]
    Refused,
    /// The control plane asks to come back later.
    #[error("the control plane asks to come back later")]
    Later {
        /// Not earlier than this, in milliseconds from now.
        retry_after_ms: u64,
    },
    /// Another HTTP status.
    #[error("the control plane answered with HTTP status {0}")]
    Status(u16),
    /// The WebSocket failed.
    #[error("the link failed while it was opened")]
    Socket(#[source] Box<SocketError>),
    /// The first message was no welcome.
    #[error("the control plane did not send a welcome")]
    NoWelcome,
    /// It took longer than [`OPEN_DEADLINE_MS`].
    #[error("the link did not open in time")]
    Deadline,
}

/// A link on which the welcome has arrived.
#[derive(Debug)]
pub struct Session {
    socket: Socket,
}

impl Session {
    /// Dials, says hello and waits for the welcome.
    ///
    /// # Errors
    /// [`OpenError`], by when the caller should try again.
    pub async fn open(
        address: &Address,
        config: Arc<ClientConfig>,
        hello: Hello,
    ) -> Result<(Self, Welcome), OpenError> {
        let attempt = Box::pin(attempt(address, config, hello));
        match tokio::time::timeout(Duration::from_millis(OPEN_DEADLINE_MS), attempt).await {
            Ok(result) => result,
            Err(_) => Err(OpenError::Deadline),
        }
    }
}

async fn attempt(
    address: &Address,
    config: Arc<ClientConfig>,
    hello: Hello,
) -> Result<(Session, Welcome), OpenError> {
    let stream = dial::connect(address, config).await.map_err(|error| match error {
        DialError::OwnCertificate => OpenError::Refused,
        DialError::Unreachable { .. }
        | DialError::NotTrusted(_)
        | DialError::Clock(_)
        | DialError::Tls { .. } => OpenError::Dial(error),
    })?;
    let limits = WebSocketConfig::default()
        .read_buffer_size(BUFFER_BYTES)
        .write_buffer_size(BUFFER_BYTES)
        .max_write_buffer_size(WRITE_BYTES_MAX)
        .max_message_size(Some(FRAME_BYTES_MAX))
        .max_frame_size(Some(FRAME_BYTES_MAX));
    let url = format!("wss://{address}{LINK_PATH}");
    let (mut socket, _) = client_async_with_config(url, stream, Some(limits)).await.map_err(socket_error)?;
    let text = frame::encode(&AgentMessage::Hello(hello)).map_err(|_| OpenError::NoWelcome)?;
    socket.send(Message::Text(text.into())).await.map_err(socket_error)?;
    let welcome = welcome(&mut socket).await?;
    Ok((Session { socket }, welcome))
}

async fn welcome(socket: &mut Socket) -> Result<Welcome, OpenError> {
    let first = socket.next().await.ok_or(OpenError::NoWelcome)?.map_err(socket_error)?;
    let Message::Text(text) = first else { return Err(OpenError::NoWelcome) };
    match frame::decode::<ServerMessage>(&text) {
        Ok(ServerMessage::Welcome(welcome)) => Ok(welcome),
        Ok(ServerMessage::Goodbye(goodbye)) => {
            Err(OpenError::Later { retry_after_ms: goodbye.retry_after_ms })
        }
        Ok(
            ServerMessage::Command(_)
            | ServerMessage::Verdicts(_)
            | ServerMessage::HandOver(_)
            | ServerMessage::Unknown,
        )
        | Err(_) => Err(OpenError::NoWelcome),
    }
}

fn socket_error(error: SocketError) -> OpenError {
    if let SocketError::Http(response) = &error {
        return http_error(response);
    }
    if matches!(&error, SocketError::Io(error) if dial::own_certificate_refused(error)) {
        return OpenError::Refused;
    }
    OpenError::Socket(Box::new(error))
}

fn http_error(response: &Response<Option<Vec<u8>>>) -> OpenError {
    if response.status() == StatusCode::FORBIDDEN {
        return OpenError::Refused;
    }
    let retry_after_s =
        response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse::<u64>().ok());
    match retry_after_s {
        Some(seconds) => OpenError::Later { retry_after_ms: seconds.saturating_mul(1000) },
        None => OpenError::Status(response.status().as_u16()),
    }
}

/// A broken connection as the reason of an end.
fn broken(error: SocketError) -> io::Error {
    let SocketError::Io(error) = error else { return io::Error::other(error) };
    error
}

#[cfg(test)]
mod tests {
    use tokio_tungstenite::tungstenite::http::Response;

    use super::{OpenError, http_error};

    fn answer(status: u16, retry_after: Option<&str>) -> OpenError {
        let mut response = Response::builder().status(status);
        if let Some(value) = retry_after {
            response = response.header("retry-after", value);
        }
        http_error(&response.body(None).expect("response"))
    }

    #[test]
    fn http_answers_say_when_to_come_back() {
        assert!(matches!(answer(403, None), OpenError::Refused));
        assert!(matches!(answer(503, Some("7")), OpenError::Later { retry_after_ms: 7000 }));
        assert!(matches!(answer(503, Some("Wed, 21 Oct 2026 07:28:00 GMT")), OpenError::Status(503)));
        assert!(matches!(answer(502, None), OpenError::Status(502)));
    }
}
