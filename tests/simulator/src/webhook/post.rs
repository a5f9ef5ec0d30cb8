//! One HTTP request to whoever wants to be told.

use super::signature::Headers;
use axum::body::Body;
use axum::http::{Request, Uri, header};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::time::Duration;
use tokio::net::TcpStream;

/// How long an answer may take: what Mercado Pago allows.
const ANSWER_MAX: Duration = Duration::from_secs(22);
/// Port of an address that names none.
const PORT: u16 = 80;

/// What is sent.
#[derive(Debug, Clone)]
pub struct Message {
    /// Where to.
    pub address: Uri,
    /// Headers beside the media type.
    pub headers: Headers,
    /// The body.
    pub body: String,
}

/// Why there was no answer.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// The address cannot be posted to.
    #[error("{0:?} cannot be posted to; use http:// and a host")]
    Address(String),
    /// Nobody is there.
    #[error("there is no connection")]
    Connect(#[source] std::io::Error),
    /// The connection broke.
    #[error("the connection broke")]
    Broken(#[source] hyper::Error),
    /// Nothing came in time.
    #[error("there was no answer within 22 seconds")]
    Silence,
}

/// Posts a message and returns the status of the answer.
///
/// # Errors
/// When there is no answer.
pub async fn post(message: Message) -> Result<u16, PostError> {
    tokio::time::timeout(ANSWER_MAX, exchange(message)).await.unwrap_or(Err(PostError::Silence))
}

async fn exchange(message: Message) -> Result<u16, PostError> {
    let wrong = || PostError::Address(message.address.to_string());
    let host =
        message.address.host().filter(|_| message.address.scheme_str() == Some("http")).ok_or_else(wrong)?;
    let port = message.address.port_u16().unwrap_or(PORT);
    let stream = dial(host.trim_matches(['[', ']']), port).await.map_err(PostError::Connect)?;
    let (mut sender, connection) =
        http1::handshake::<_, Body>(TokioIo::new(stream)).await.map_err(PostError::Broken)?;
    let driven = tokio::spawn(connection);
    let path = message.address.path_and_query().map_or("/", |path| path.as_str());
    let mut request = Request::post(path)
        .header(header::HOST, format!("{host}:{port}"))
        .header(header::CONTENT_TYPE, "application/json");
    for (name, value) in &message.headers {
        request = request.header(*name, value);
    }
    let request = request.body(Body::from(message.body.clone())).map_err(|_| wrong())?;
    let answer = sender.send_request(request).await.map_err(PostError::Broken)?;
    let status = answer.status().as_u16();
    driven.abort();
    Ok(status)
}

// The simulator is the world outside and dials by itself.
#[allow(clippy::disallowed_methods)]
async fn dial(host: &str, port: u16) -> std::io::Result<TcpStream> {
    TcpStream::connect((host, port)).await
}
