//! The listener of portals and panels: HTTP/1.1 and, with TLS, HTTP/2. What a stranger can hold is limited: connections of
//! all and of one address, the time of a handshake, of a head, and of doing nothing, and the size of a head.
//!
//! | module | holds |
//! |---|---|
//! | `activity` | what goes on on a connection |
//! | `places` | how many connections there may be |
//! | [`tls`] | certificate and key, read again when they change |

mod activity;
mod places;
pub mod tls;

use std::convert::Infallible;
use std::future::Future;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::domain::network::Network;
use crate::http::client::Peer;
use activity::{Activity, Answer};
use places::{Place, Places};

/// Largest request head, in bytes.
const HEAD_BYTES_MAX: usize = 32 * 1024;
/// The same over HTTP/2.
const HEAD_BYTES_MAX_HTTP2: u32 = 32 * 1024;
/// Requests at the same time on one HTTP/2 connection.
const STREAMS_MAX: u32 = 100;
/// How long a TLS handshake may take, in milliseconds.
const HANDSHAKE_MS: u64 = 10_000;
/// Wait after a connection could not be accepted, in milliseconds.
const ACCEPT_PAUSE_MS: u64 = 50;

/// Who may come in, and how.
pub struct Door {
    /// Makes connections safe; none when a proxy does.
    pub tls: Option<TlsAcceptor>,
    /// Most connections at the same time; further ones wait in the system's queue.
    pub connections_max: usize,
    /// Most connections of one address; further ones are closed. Proxies have no limit of their own.
    pub connections_per_client_max: u32,
    /// Proxies.
    pub proxies: Vec<Network>,
}

impl Default for Door {
    fn default() -> Self {
        Self { tls: None, connections_max: 1_024, connections_per_client_max: u32::MAX, proxies: Vec::new() }
    }
}

/// Serves until `shutdown`, then accepts nothing more and returns when the requests under way are answered.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    door: Door,
    shutdown: impl Future<Output = ()> + Send,
) {
    let graceful = GracefulShutdown::new();
    let places = Places::new(door.connections_max, door.connections_per_client_max, &door.proxies);
    tokio::select! {
        () = accept_all(&listener, &router, door.tls.as_ref(), &graceful, &places) => {}
        () = shutdown => {}
    }
    drop(listener);
    graceful.shutdown().await;
}

async fn accept_all(
    listener: &TcpListener,
    router: &Router,
    tls: Option<&TlsAcceptor>,
    graceful: &GracefulShutdown,
    places: &Places,
) {
    loop {
        let Some(free) = places.wait().await else { return };
        match listener.accept().await {
            Ok((stream, from)) => {
                let Some(place) = places.take(free, from.ip()) else {
                    tracing::debug!("connection refused: its address has as many as it may");
                    continue;
                };
                let caller = Caller { peer: Peer(from.ip()), router: router.clone(), _place: place };
                crate::seams::spawn(connection(stream, tls.cloned(), caller, graceful.watcher()));
            }
            Err(error) => {
                tracing::warn!(error = %error, "connection cannot be accepted");
                tokio::time::sleep(Duration::from_millis(ACCEPT_PAUSE_MS)).await;
            }
        }
    }
}

/// Who is at the other end, and what answers.
struct Caller {
    peer: Peer,
    router: Router,
    _place: Place,
}

async fn connection(stream: TcpStream, tls: Option<TlsAcceptor>, caller: Caller, watcher: Watcher) {
    // Answers are small and must not wait for more; a connection that is gone fails later by itself.
    let _ = stream.set_nodelay(true);
    let Some(tls) = tls else { return one(stream, caller, watcher).await };
    let handshake = tokio::time::timeout(Duration::from_millis(HANDSHAKE_MS), tls.accept(stream));
    match handshake.await {
        Ok(Ok(stream)) if stream.get_ref().1.alpn_protocol() == Some(b"h2") => {
            many(stream, caller, watcher).await;
        }
        Ok(Ok(stream)) => one(stream, caller, watcher).await,
        Ok(Err(error)) => tracing::debug!(error = %error, "connection ended in the TLS handshake"),
        Err(_) => tracing::debug!("connection did not finish its TLS handshake in time"),
    }
}

/// HTTP/1.1: one request after the other.
async fn one<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    caller: Caller,
    watcher: Watcher,
) {
    let activity = Activity::new();
    let service = service_fn(|request| answer(&caller, &activity, request));
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        // Looked after by the activity.
        .header_read_timeout(None)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    ended(watcher.watch(serving), &activity).await;
}

/// HTTP/2: many requests at once.
async fn many<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    caller: Caller,
    watcher: Watcher,
) {
    let activity = Activity::new();
    let (caller, doing) = (std::sync::Arc::new(caller), activity.clone());
    let service = service_fn(move |request| {
        let (caller, doing) = (std::sync::Arc::clone(&caller), doing.clone());
        async move { answer(&caller, &doing, request).await }
    });
    let serving = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(HEAD_BYTES_MAX_HTTP2)
        .serve_connection(TokioIo::new(stream), service);
    ended(watcher.watch(serving), &activity).await;
}

async fn ended(serving: impl Future<Output = Result<(), hyper::Error>>, activity: &Activity) {
    tokio::select! {
        result = serving => if let Err(error) = result {
            tracing::debug!(error = %error, "connection ended early");
        },
        () = activity.idle() => tracing::debug!("connection closed: nothing went on"),
    }
}

async fn answer(
    caller: &Caller,
    activity: &Activity,
    mut request: hyper::Request<Incoming>,
) -> Result<Response<Answer>, Infallible> {
    let under_way = activity.begin();
    request.extensions_mut().insert(caller.peer);
    let response = caller.router.clone().oneshot(request.map(Body::new)).await?;
    Ok(response.map(|body| Answer::new(body, under_way)))
}
