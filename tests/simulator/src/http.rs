//! Serving HTTP/1.1 on one connection, with the possibility to cut it.

use crate::listen;
use axum::body::Body;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::future::Future;
use tokio::net::TcpStream;
use tokio::sync::watch;

/// Largest body taken, in bytes.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

/// In place of an answer: the connection is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the connection is cut on purpose")]
pub struct Cut;

/// Serves requests until either side leaves or the place goes away.
pub async fn serve<S, F>(stream: TcpStream, mut away: watch::Receiver<bool>, answer: S)
where
    S: Fn(Request<Incoming>) -> F + Send,
    F: Future<Output = Result<Response<Body>, Cut>> + Send,
{
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer));
    tokio::pin!(connection);
    tokio::select! {
        () = listen::gone(&mut away) => {}
        ended = &mut connection => {
            if let Err(error) = ended {
                tracing::debug!(%error, "connection ended early");
            }
        }
    }
}
