//! Time, chance, ids and tasks. Everything else takes them from here, so that tests can set them.
//!
//! With the feature `simulation` a world can stand in for the machine: see [`simulation`]. Without it nothing of that
//! is compiled.

#[cfg(feature = "simulation")]
pub mod simulation;

use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::future::BoxFuture;
use ring::rand::{SecureRandom, SystemRandom};
use tokio::task::JoinHandle;

use crate::domain::time::Timestamp;

/// Tells the time of day.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    System,
    /// A clock that stands until it is moved, in milliseconds since the epoch.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// Milliseconds since the epoch, UTC.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => system_now(),
            Self::Manual(at) => Timestamp(at.load(Ordering::Relaxed)),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the seam")]
fn system_now() -> Timestamp {
    #[cfg(feature = "simulation")]
    if let Some(world) = simulation::world() {
        return Timestamp(world.now_ms());
    }
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// A monotonic instant, for durations and deadlines.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the seam")]
pub fn instant() -> tokio::time::Instant {
    tokio::time::Instant::now()
}

/// Begins a task.
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    #[cfg(feature = "simulation")]
    if let Some(world) = simulation::world() {
        return simulation::spawn(&world, future);
    }
    tokio::spawn(future)
}

/// Remembers whose work this is, for a task that a library begins later.
#[derive(Debug, Clone, Copy)]
pub struct Here(#[cfg(feature = "simulation")] simulation::Place);

/// Whose work this is.
#[must_use]
pub fn here() -> Here {
    Here(
        #[cfg(feature = "simulation")]
        simulation::place(),
    )
}

impl Here {
    /// Runs `future` as work of whoever was meant.
    pub async fn run<F>(self, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        #[cfg(feature = "simulation")]
        if simulation::world().is_some() {
            drop(simulation::spawn_at(self.0, future).await);
            return;
        }
        future.await;
    }
}

/// Awaits work of the database. In a simulated world no time passes meanwhile.
pub async fn database<F: Future>(work: F) -> F::Output {
    #[cfg(feature = "simulation")]
    if simulation::world().is_some() {
        return simulation::at_once(work);
    }
    work.await
}

/// Draws from the operating system's generator.
#[derive(Debug, Clone)]
pub struct Random(Arc<SystemRandom>);

impl Default for Random {
    fn default() -> Self {
        Self(Arc::new(SystemRandom::new()))
    }
}

impl Random {
    /// `N` random bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        #[cfg(feature = "simulation")]
        if let Some(world) = simulation::world() {
            world.fill(&mut bytes);
            return bytes;
        }
        self.0.fill(&mut bytes).expect("the operating system gives random bytes");
        bytes
    }

    /// `n` bytes as lower-case hex.
    #[must_use]
    pub fn hex<const N: usize>(&self) -> String {
        hex::encode(self.bytes::<N>())
    }

    /// An even draw from `0..bound`.
    ///
    /// # Panics
    /// When `bound` is zero.
    #[must_use]
    pub fn below(&self, bound: u32) -> u32 {
        assert!(bound > 0, "an even draw needs a bound");
        let limit = u32::MAX - u32::MAX % bound;
        loop {
            let drawn = u32::from_le_bytes(self.bytes());
            if drawn < limit {
                return drawn % bound;
            }
        }
    }

    /// An internal id: UUID version 7.
    #[must_use]
    pub fn uuid(&self, now: Timestamp) -> String {
        let millis = u64::try_from(now.0).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(millis, &self.bytes()).into_uuid().to_string()
    }
}

/// Where a write to the database stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// Its transaction has not begun.
    Before,
    /// It is on disk, and the caller does not know yet.
    After,
}

/// Watches the writes to the database. Tests end a process at such a moment, by a future that never ends, or let the
/// write fail there; a service has none, and pays nothing.
pub trait Checkpoints: Debug + Send + Sync {
    /// A write has come to a moment; `step` names the write. On [`Unwritten`] its caller is told that the database
    /// failed: before the transaction nothing is written, after it everything is.
    fn at(&self, step: &'static str, moment: Moment) -> BoxFuture<'_, Result<(), Unwritten>>;
}

/// The caller of a write shall be told that the database failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unwritten;
