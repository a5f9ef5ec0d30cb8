//! The simulator's clock: real time plus an offset that only grows.
//!
//! Everything that a router or a gateway counts (uptime, limits, cookies, `created_at`) reads this clock, so that a
//! test can make a day pass in a moment. Faults and sockets run on real time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Wall time that never goes back and can be moved forward.
#[derive(Debug)]
pub struct Clock {
    started_unix_ms: u64,
    started: Started,
    offset_ms: AtomicU64,
}

/// By which clock time passes.
#[derive(Debug)]
enum Started {
    Machine(Instant),
    Runtime(tokio::time::Instant),
}

impl Started {
    fn elapsed(&self) -> Duration {
        match self {
            Self::Machine(at) => at.elapsed(),
            Self::Runtime(at) => at.elapsed(),
        }
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock {
    /// A clock that agrees with the machine's.
    // The one place of this crate that reads the machine's clocks.
    #[allow(clippy::disallowed_methods)]
    pub fn new() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Self {
            started_unix_ms: whole_ms(since_epoch),
            started: Started::Machine(Instant::now()),
            offset_ms: AtomicU64::new(0),
        }
    }

    /// A clock that begins at a given time and follows the timers of the runtime, which may stand still or jump.
    #[allow(clippy::disallowed_methods)]
    pub fn of_runtime(started_unix_ms: u64) -> Self {
        let started = Started::Runtime(tokio::time::Instant::now());
        Self { started_unix_ms, started, offset_ms: AtomicU64::new(0) }
    }

    /// Milliseconds since the Unix epoch, offset included.
    pub fn now_ms(&self) -> u64 {
        let elapsed = whole_ms(self.started.elapsed());
        self.started_unix_ms.saturating_add(elapsed).saturating_add(self.offset_ms.load(Ordering::Relaxed))
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
mod tests {
    use super::*;

    #[test]
    fn advancing_adds_up() {
        let clock = Clock::new();
        let before = clock.now_ms();
        assert_eq!(clock.advance(60), 60);
        assert_eq!(clock.advance(30), 90);
        assert!(clock.now_ms() >= before + 90_000);
    }
}
