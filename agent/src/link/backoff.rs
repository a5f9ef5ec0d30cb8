//! How long to wait before dialling again: exponential with full jitter, so that many agents do not come at once.

use std::time::Duration;

/// First wait, at most, in milliseconds.
pub const BASE_MS: u64 = 250;
/// Longest wait, in milliseconds.
pub const CAP_MS: u64 = 30_000;
/// A link that stood this long counts as healthy, in milliseconds: the next wait is a first one again.
pub const HEALTHY_MS: u64 = 60_000;

/// Counts failures in a row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The next wait. `jitter` draws between nothing and all of what it is given.
    pub fn next(&mut self, jitter: impl FnOnce(Duration) -> Duration) -> Duration {
        let factor = 1_u64.checked_shl(self.failures).unwrap_or(u64::MAX);
        self.failures = self.failures.saturating_add(1).min(63);
        jitter(Duration::from_millis(BASE_MS.saturating_mul(factor).min(CAP_MS)))
    }

    /// Takes note of a link that has ended after `stood`.
    pub fn ended(&mut self, stood: Duration) {
        if stood >= Duration::from_millis(HEALTHY_MS) {
            self.failures = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{BASE_MS, Backoff, CAP_MS, HEALTHY_MS};

    fn whole(backoff: &mut Backoff) -> u64 {
        u64::try_from(backoff.next(|whole| whole).as_millis()).expect("short")
    }

    #[test]
    fn doubles_up_to_the_cap_and_stays_there() {
        let mut backoff = Backoff::default();
        let waits: Vec<u64> = (0..9).map(|_| whole(&mut backoff)).collect();
        assert_eq!(waits, [250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
        for _ in 0..200 {
            assert_eq!(whole(&mut backoff), CAP_MS);
        }
    }

    #[test]
    fn only_a_healthy_link_resets_it() {
        let mut backoff = Backoff::default();
        whole(&mut backoff);
        backoff.ended(Duration::from_millis(HEALTHY_MS - 1));
        assert_eq!(whole(&mut backoff), 2 * BASE_MS);
        backoff.ended(Duration::from_millis(HEALTHY_MS));
        assert_eq!(whole(&mut backoff), BASE_MS);
    }
}
