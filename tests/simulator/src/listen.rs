//! Accepting connections for a server that may be away.

use crate::fault::{FaultBoard, Place};
use std::future::Future;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Accepts connections for ever and runs `serve` on each; dropping the future ends them all.
///
/// While the place (none for the control API) is away, a new connection is reset at once. `serve` is given the channel that says so, and has to
/// let go of its connection when it turns true.
pub async fn accept<S, F>(listener: TcpListener, faults: &FaultBoard, place: Option<Place<'_>>, serve: S)
where
    S: Fn(TcpStream, watch::Receiver<bool>) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    // Nobody takes the control API away: its channel never turns true.
    let here = watch::Sender::new(false);
    let away = place.map_or_else(|| here.subscribe(), |place| faults.away(place));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        let Ok((stream, _)) = accepted else {
            // Out of descriptors, most likely: let others finish first.
            tokio::task::yield_now().await;
            continue;
        };
        if *away.borrow() {
            reset(&stream);
            place.into_iter().for_each(|place| faults.refused(place));
            continue;
        }
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "connection lost before it was served");
            continue;
        }
        connections.spawn(serve(stream, away.clone()));
    }
}

/// What a router is talked to over.
pub trait Wire: AsyncRead + AsyncWrite + Unpin + Send {
    /// Makes the peer see a reset, not an orderly end, when this is dropped.
    fn reset(&self);
}

impl Wire for TcpStream {
    fn reset(&self) {
        reset(self);
    }
}

/// Makes the peer see a reset, not an orderly end, when the stream is dropped.
pub fn reset(stream: &TcpStream) {
    if let Err(error) = stream.set_zero_linger() {
        tracing::debug!(%error, "connection could not be reset");
    }
}

/// Resolves when the place goes away; never if the simulator is stopping.
pub async fn gone(away: &mut watch::Receiver<bool>) {
    if away.wait_for(|away| *away).await.is_err() {
        std::future::pending::<()>().await;
    }
}
