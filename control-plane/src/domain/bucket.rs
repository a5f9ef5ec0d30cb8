//! How often something may happen within a minute, per key.

use std::collections::BTreeMap;

use super::time::Timestamp;

/// Entries kept before those that matter no more are dropped.
const ENTRIES_MAX: usize = 50_000;
/// A minute in microseconds: so short is a share of the largest allowances.
const MINUTE_US: i64 = 60_000_000;
const US_PER_MS: i64 = 1_000;
const US_PER_S: i64 = 1_000_000;

/// Too much; says when to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMuch {
    /// Seconds to wait.
    pub retry_after_s: u64,
}

/// One allowance per key; each use takes its share of a minute to come back.
#[derive(Debug)]
pub struct Buckets<K> {
    /// When the allowance is whole again, in microseconds. A key that is not here has all of it.
    whole_at: BTreeMap<K, i64>,
}

impl<K> Default for Buckets<K> {
    fn default() -> Self {
        Self { whole_at: BTreeMap::new() }
    }
}

impl<K: Ord> Buckets<K> {
    /// Whether there is room for one more.
    ///
    /// # Errors
    /// [`TooMuch`] when the minute is used up.
    pub fn room(&self, key: &K, per_minute: u32, now: Timestamp) -> Result<(), TooMuch> {
        self.after_one(key, per_minute, now).map(|_| ())
    }

    /// Uses one.
    ///
    /// # Errors
    /// [`TooMuch`] when the minute is used up; then nothing is counted.
    pub fn take(&mut self, key: K, per_minute: u32, now: Timestamp) -> Result<(), TooMuch> {
        let whole_at = self.after_one(&key, per_minute, now)?;
        if self.whole_at.len() >= ENTRIES_MAX {
            self.whole_at.retain(|_, whole_at| *whole_at > micros(now));
        }
        self.whole_at.insert(key, whole_at);
        Ok(())
    }

    /// Undoes one use.
    pub fn give_back(&mut self, key: &K, per_minute: u32, now: Timestamp) {
        if let Some(whole_at) = self.whole_at.get_mut(key) {
            *whole_at -= share(per_minute);
            if *whole_at <= micros(now) {
                self.whole_at.remove(key);
            }
        }
    }

    /// When the allowance will be whole again after one more.
    fn after_one(&self, key: &K, per_minute: u32, now: Timestamp) -> Result<i64, TooMuch> {
        let now = micros(now);
        // What is more than a minute away was counted before the clock was set back: it counts no more.
        let known = self.whole_at.get(key).copied().filter(|whole_at| *whole_at <= now + MINUTE_US);
        let whole_at = known.unwrap_or(now).max(now) + share(per_minute);
        let over = whole_at - now - MINUTE_US;
        if over > 0 || per_minute == 0 {
            return Err(TooMuch { retry_after_s: u64::try_from(over / US_PER_S + 1).unwrap_or(1) });
        }
        Ok(whole_at)
    }
}

const fn micros(now: Timestamp) -> i64 {
    now.0.saturating_mul(US_PER_MS)
}

fn share(per_minute: u32) -> i64 {
    MINUTE_US / i64::from(per_minute.max(1))
}

#[cfg(test)]
mod tests {
    use super::{Buckets, TooMuch};
    use crate::domain::time::Timestamp;

    #[test]
    fn a_clock_that_is_set_back_closes_nothing() {
        let mut buckets = Buckets::default();
        let hour = 3_600_000;
        for at in [hour, hour, 0, 0] {
            assert_eq!(buckets.take("a", 2, Timestamp(at)), Ok(()), "{at}");
        }
        assert_eq!(buckets.take("a", 2, Timestamp(0)), Err(TooMuch { retry_after_s: 31 }));
    }

    #[test]
    fn a_use_that_is_given_back_leaves_the_others() {
        let mut buckets = Buckets::default();
        let mut take = |at| buckets.take("a", 2, Timestamp(at));
        assert_eq!((take(0), take(0)), (Ok(()), Ok(())));
        assert_eq!(take(0), Err(TooMuch { retry_after_s: 31 }));
        buckets.give_back(&"a", 2, Timestamp(0));
        assert_eq!(buckets.room(&"b", 2, Timestamp(0)), Ok(()));
        assert_eq!(buckets.take("a", 2, Timestamp(0)), Ok(()));
        assert!(buckets.room(&"a", 2, Timestamp(29_999)).is_err());
        assert!(buckets.room(&"a", 2, Timestamp(30_000)).is_ok());
        buckets.give_back(&"a", 2, Timestamp(60_000));
        assert!(buckets.whole_at.is_empty());
    }
}
