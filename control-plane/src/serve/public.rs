//! The listener of portals and panels: plain HTTP/1.1, with a limit on connections and on the time a request may dawdle.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::ServiceExt;

use crate::http::frame::Peer;

/// Most connections at the same time; further ones wait in the system's queue.
const CONNECTIONS_MAX: usize = 8_192;
/// Longest wait for a request's head, also between two requests of a connection, in milliseconds. Longer than clients keep
/// idle connections, so that none sends into one that is just being closed.
const HEAD_TIMEOUT_MS: u64 = 120_000;
/// Largest request head, in bytes.
const HEAD_BYTES_MAX: usize = 32 * 1024;
/// Wait after a connection could not be accepted, in milliseconds.
const ACCEPT_PAUSE_MS: u64 = 50;

/// Serves until `shutdown`, then accepts nothing more and returns when the requests under way are answered.
pub async fn serve(listener: TcpListener, router: Router, shutdown: impl Future<Output = ()> + Send) {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    tokio::select! {
        () = accept_all(&listener, &router, &graceful, &places) => {}
        () = shutdown => {}
    }
    drop(listener);
    graceful.shutdown().await;
}

async fn accept_all(
    listener: &TcpListener,
    router: &Router,
    graceful: &GracefulShutdown,
    places: &Arc<Semaphore>,
) {
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, from)) => {
                let peer = Peer(from.ip());
                tokio::spawn(connection(stream, peer, router.clone(), graceful.watcher(), place));
            }
            Err(error) => {
                tracing::warn!(error = %error, "connection cannot be accepted");
                tokio::time::sleep(Duration::from_millis(ACCEPT_PAUSE_MS)).await;
            }
        }
    }
}

async fn connection(
    stream: TcpStream,
    peer: Peer,
    router: Router,
    watcher: Watcher,
    _place: OwnedSemaphorePermit,
) {
    // Answers are small and must not wait for more; a connection that is gone fails later by itself.
    let _ = stream.set_nodelay(true);
    let service = hyper::service::service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(peer);
        router.clone().oneshot(request.map(Body::new))
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(HEAD_TIMEOUT_MS))
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(serving).await {
        tracing::debug!(error = %error, "connection ended early");
    }
}
