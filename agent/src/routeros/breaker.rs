//! When to dial a router that does not answer: a circuit breaker without clock or chance of its own.

use std::time::Duration;

use crate::seams::clock::Instant;

/// So many failures in a row open the breaker.
pub const BREAKER_FAILURES: u32 = 3;

/// First pause of an open breaker.
pub const BREAKER_PAUSE_MIN: Duration = Duration::from_secs(1);

/// Longest pause of an open breaker.
pub const BREAKER_PAUSE_MAX: Duration = Duration::from_secs(30);

/// Counts failed attempts in a row and says when the next one may be made.
///
/// Closed, every command may dial. Open, commands are refused at once until a pause has passed; then one attempt is
/// made, and its end closes the breaker or opens it for twice as long.
#[derive(Debug, Default)]
pub struct Breaker {
    failures: u32,
    open_until: Option<Instant>,
}

impl Breaker {
    /// Whether an attempt may be made at `now`.
    #[must_use]
    pub fn allows(&self, now: Instant) -> bool {
        self.open_until.is_none_or(|until| now >= until)
    }

    /// An attempt succeeded.
    pub fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// An attempt failed at `now`. `jitter` picks a random part of a duration.
    pub fn failed(&mut self, now: Instant, jitter: impl FnOnce(Duration) -> Duration) {
        self.failures = self.failures.saturating_add(1);
        if self.failures >= BREAKER_FAILURES {
            let doublings = (self.failures - BREAKER_FAILURES).min(16);
            let pause = BREAKER_PAUSE_MIN.saturating_mul(1 << doublings).min(BREAKER_PAUSE_MAX);
            self.open_until = Some(now + pause / 2 + jitter(pause / 2));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seams::clock::monotonic;

    #[test]
    fn opens_after_failures_in_a_row_and_lets_one_attempt_through_after_the_pause() {
        let now = monotonic();
        let mut breaker = Breaker::default();
        for _ in 1..BREAKER_FAILURES {
            breaker.failed(now, |whole| whole);
            assert!(breaker.allows(now));
        }
        breaker.failed(now, |whole| whole);
        assert!(!breaker.allows(now));
        assert!(breaker.allows(now + BREAKER_PAUSE_MIN));
        breaker.failed(now, |whole| whole);
        assert!(!breaker.allows(now + BREAKER_PAUSE_MIN));
        assert!(breaker.allows(now + BREAKER_PAUSE_MIN * 2));
        breaker.succeeded();
        assert!(breaker.allows(now));
    }

    #[test]
    fn pause_grows_no_longer_than_its_cap() {
        let now = monotonic();
        let mut breaker = Breaker::default();
        for _ in 0..100 {
            breaker.failed(now, |whole| whole);
        }
        assert!(!breaker.allows(now + BREAKER_PAUSE_MAX / 2));
        assert!(breaker.allows(now + BREAKER_PAUSE_MAX));
    }
}
