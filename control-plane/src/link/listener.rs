//! The listener of the agents: TLS 1.3, client certificates of our own authority, two endpoints.
//!
//! A connection carries one request. Until it has become a link, it holds one of a limited number of places and is
//! under a deadline, so strangers can occupy neither memory nor time for long.

mod routes;
mod tls;

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use super::authority::{Authority, AuthorityError, fingerprint_of};
use super::hub::Hub;
use super::site::SitePort;
use crate::seams::{Clock, Random};
use crate::store::Store;
use crate::vault::Vault;

/// Most connections that are not links yet; further ones wait in the system's queue.
const PLACES_MAX: u32 = 512;
/// How long a TLS handshake may take, in milliseconds.
const HANDSHAKE_DEADLINE_MS: u64 = 10_000;
/// How long request and answer may take, in milliseconds.
const REQUEST_DEADLINE_MS: u64 = 15_000;
/// Largest request head, in bytes.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Most header fields of a request.
const HEADERS_MAX: usize = 64;
/// Wait after a connection could not be accepted, in milliseconds.
const ACCEPT_PAUSE_MS: u64 = 50;
/// How long the end waits for requests under way, in milliseconds.
const DRAIN_MS: u64 = 2_000;

/// What the agents' end of the control plane works with. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Context {
    /// The database.
    pub store: Store,
    /// Opens router passwords.
    pub vault: Arc<Vault>,
    /// Time of day.
    pub clock: Clock,
    /// Ids.
    pub random: Random,
    /// Signs agents.
    pub authority: Arc<Authority>,
    /// The live links.
    pub hub: Hub,
    /// Knows what is to become of reservations.
    pub site: Arc<dyn SitePort>,
}

/// Why the listener cannot work.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The listener's certificate cannot be made.
    #[error("certificate of the agent listener cannot be made")]
    Identity(#[from] AuthorityError),
    /// TLS refuses the certificates.
    #[error("TLS of the agent listener cannot be set up")]
    Tls(#[from] rustls::Error),
    /// TLS refuses the authority as judge of agents.
    #[error("client verification of the agent listener cannot be set up")]
    Verifier(#[from] rustls::server::VerifierBuilderError),
}

/// Fingerprint of the client certificate of a connection, if it gave one.
#[derive(Debug, Clone)]
struct Peer(Option<Arc<str>>);

/// Serves agents until `shutdown`, then takes no new connection and returns; links stay up until [`Hub::goodbye`].
///
/// `addresses` are the `host:port` texts that agents may dial.
///
/// # Errors
/// When the certificates cannot be set up. A connection that fails is logged and forgotten.
pub async fn serve(
    listener: TcpListener,
    context: Context,
    addresses: &[&str],
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ListenError> {
    let acceptor = tls::acceptor(&context.authority, &context.clock, addresses)?;
    let router = routes::router(context);
    let places = Arc::new(Semaphore::new(PLACES_MAX as usize));
    let accepting = accept_all(&listener, &acceptor, &router, &places);
    tokio::select! {
        () = accepting => {}
        () = shutdown => {}
    }
    drop(listener);
    let under_way = places.acquire_many(PLACES_MAX);
    // Requests that take longer are cut when the process ends.
    let _ = tokio::time::timeout(Duration::from_millis(DRAIN_MS), under_way).await;
    Ok(())
}

async fn accept_all(
    listener: &TcpListener,
    acceptor: &TlsAcceptor,
    router: &Router,
    places: &Arc<Semaphore>,
) {
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                crate::seams::spawn(connection(stream, acceptor.clone(), router.clone(), place));
            }
            Err(error) => {
                tracing::warn!(error = %error, "agent connection cannot be accepted");
                tokio::time::sleep(Duration::from_millis(ACCEPT_PAUSE_MS)).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, acceptor: TlsAcceptor, router: Router, _place: OwnedSemaphorePermit) {
    // Small frames must not wait for each other; a connection that is gone fails later by itself.
    let _ = stream.set_nodelay(true);
    let handshake =
        tokio::time::timeout(Duration::from_millis(HANDSHAKE_DEADLINE_MS), acceptor.accept(stream)).await;
    let stream = match handshake {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            tracing::info!(error = %error, "agent connection refused in the TLS handshake");
            return;
        }
        Err(_) => {
            tracing::debug!("agent connection did not finish its TLS handshake in time");
            return;
        }
    };
    let certificate = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
    let peer = Peer(certificate.map(|certificate| fingerprint_of(certificate).into()));
    requests(stream, router, peer).await;
}

/// Serves an agent's connection that a simulated world made: without TLS, its peer known by `fingerprint`.
#[cfg(feature = "simulation")]
pub async fn serve_simulated<S>(context: Context, stream: S, fingerprint: &str)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    requests(stream, routes::router(context), Peer(Some(fingerprint.into()))).await;
}

async fn requests<S>(stream: S, router: Router, peer: Peer)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = hyper::service::service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(peer.clone());
        one_request(router.clone(), request)
    });
    let serving = hyper::server::conn::http1::Builder::new()
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(REQUEST_DEADLINE_MS))
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    match tokio::time::timeout(Duration::from_millis(REQUEST_DEADLINE_MS), serving).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(error = %error, "agent request failed"),
        Err(_) => tracing::debug!("agent request did not finish in time"),
    }
}

/// Answers a request; unless it became a link, the connection ends with it.
async fn one_request(router: Router, request: Request) -> Result<Response, Infallible> {
    let mut response = router.oneshot(request).await?;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response)
}
