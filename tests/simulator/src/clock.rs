//! The simulator's clock: real time plus an offset that only grows.
//!
//! Everything that a router or a gateway counts (uptime, limits, cookies, `created_at`) reads this clock, so that a
//! test can make a day pass in a moment. Faults and sockets run on real time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Wall time that never goes back and can be moved forward.
#[derive(Debug)]
pub struct Clock {
    source: Source,
    offset_ms: AtomicU64,
    latest_ms: AtomicU64,
}

/// By which clock time passes.
#[derive(Debug)]
enum Source {
    /// The machine's, read each time: a copy that only counts on would drift away from those who are compared with us.
    Machine,
    /// The runtime's timers, from this time on.
    Runtime { started_unix_ms: u64, since: tokio::time::Instant },
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock {
    /// A clock that agrees with the machine's.
    pub fn new() -> Self {
        Self::of(Source::Machine)
    }

    /// A clock that begins at a given time and follows the timers of the runtime, which may stand still or jump.
    #[allow(clippy::disallowed_methods)]
    pub fn of_runtime(started_unix_ms: u64) -> Self {
        Self::of(Source::Runtime { started_unix_ms, since: tokio::time::Instant::now() })
    }

    fn of(source: Source) -> Self {
        Self { source, offset_ms: AtomicU64::new(0), latest_ms: AtomicU64::new(0) }
    }

    /// Milliseconds since the Unix epoch, offset included.
    // The one place of this crate that reads the machine's clock.
    #[allow(clippy::disallowed_methods)]
    pub fn now_ms(&self) -> u64 {
        let read_ms = match self.source {
            Source::Machine => {
                whole_ms(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO))
            }
            Source::Runtime { started_unix_ms, since } => {
                started_unix_ms.saturating_add(whole_ms(since.elapsed()))
            }
        };
        let now_ms = read_ms.saturating_add(self.offset_ms.load(Ordering::Relaxed));
        // The machine's clock may be set back.
        self.latest_ms.fetch_max(now_ms, Ordering::Relaxed).max(now_ms)
    }

    /// Seconds since the Unix epoch, offset included.
    pub fn now_s(&self) -> u64 {
        self.now_ms() / 1000
    }

    /// Moves the clock forward and returns the whole offset in seconds.
    pub fn advance(&self, seconds: u64) -> u64 {
        let step = seconds.saturating_mul(1000);
        self.offset_ms.fetch_add(step, Ordering::Relaxed).saturating_add(step) / 1000
    }
}

fn whole_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[allow(clippy::disallowed_methods)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_others_on_this_machine_read() {
        let clock = Clock::new();
        let others = || whole_ms(SystemTime::now().duration_since(UNIX_EPOCH).unwrap());
        for _ in 0..10_000 {
            let before = others();
            let now = clock.now_ms();
            assert!((before..=others()).contains(&now), "{now} is not from {before}");
        }
    }

    #[test]
    fn advancing_adds_up() {
        let clock = Clock::new();
        let before = clock.now_ms();
        assert_eq!(clock.advance(60), 60);
        assert_eq!(clock.advance(30), 90);
        assert!(clock.now_ms() >= before + 90_000);
    }
}
