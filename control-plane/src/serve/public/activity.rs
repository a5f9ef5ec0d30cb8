//! What goes on on a connection, so that one on which nothing goes on does not hold its place.
//!
//! A request is under way from its complete head until the last byte of its answer has been handed over. A connection whose
//! client dribbles a head, or says nothing at all, has none under way, over HTTP/1.1 and HTTP/2 alike.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::Instant;

use crate::seams::instant;

/// Longest wait for the head of the first request, TLS handshake not included, in milliseconds.
const FIRST_HEAD_MS: u64 = 15_000;
/// Longest time without a request under way after that, in milliseconds. Longer than clients and proxies keep idle
/// connections, so that none sends into one that is just being closed.
const IDLE_MS: u64 = 120_000;

/// What goes on on one connection. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Activity(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    under_way: u32,
    any: bool,
    /// Since when nothing has been under way.
    since: Instant,
}

/// A request under way until it is dropped.
#[derive(Debug)]
pub(super) struct UnderWay(Activity);

impl Activity {
    /// A connection that has just come.
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(State { under_way: 0, any: false, since: instant() })))
    }

    /// The head of a request is there.
    pub(super) fn begin(&self) -> UnderWay {
        let mut state = self.lock();
        state.under_way += 1;
        state.any = true;
        drop(state);
        UnderWay(self.clone())
    }

    /// Ends when nothing has gone on for too long.
    pub(super) async fn idle(&self) {
        loop {
            let until = {
                let state = self.lock();
                let limit = Duration::from_millis(if state.any { IDLE_MS } else { FIRST_HEAD_MS });
                if state.under_way > 0 { instant() + limit } else { state.since + limit }
            };
            if until <= instant() {
                return;
            }
            tokio::time::sleep_until(until).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.under_way -= 1;
        state.since = instant();
    }
}

/// The body of an answer, which keeps its request under way.
#[derive(Debug)]
pub(super) struct Answer {
    body: Body,
    _under_way: UnderWay,
}

impl Answer {
    pub(super) fn new(body: Body, under_way: UnderWay) -> Self {
        Self { body, _under_way: under_way }
    }
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Activity, FIRST_HEAD_MS, IDLE_MS};

    async fn ends_within(activity: &Activity, millis: u64) -> bool {
        tokio::time::timeout(Duration::from_millis(millis), activity.idle()).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn who_never_asks_is_given_up_soon_and_who_has_asked_later() {
        let silent = Activity::new();
        assert!(!ends_within(&silent, FIRST_HEAD_MS - 10).await);
        assert!(ends_within(&silent, 20).await);
        let asked = Activity::new();
        drop(asked.begin());
        assert!(!ends_within(&asked, IDLE_MS - 10).await);
        assert!(ends_within(&asked, 20).await);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_under_way_is_never_given_up() {
        let activity = Activity::new();
        let (one, two) = (activity.begin(), activity.begin());
        assert!(!ends_within(&activity, 10 * IDLE_MS).await);
        drop(one);
        assert!(!ends_within(&activity, 10 * IDLE_MS).await);
        drop(two);
        assert!(!ends_within(&activity, IDLE_MS - 10).await);
        assert!(ends_within(&activity, 20).await);
    }
}
