//! Measured durations, sorted.

use std::time::Duration;

/// Durations of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Times(Vec<Duration>);

impl Times {
    /// Sorts them.
    #[must_use]
    pub fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The duration that `percent` of them do not exceed, in milliseconds; not a number when there are none.
    #[must_use]
    pub fn percentile_ms(&self, percent: usize) -> f64 {
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0.get(rank - 1).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
    }

    /// The one in the middle, in milliseconds.
    #[must_use]
    pub fn median_ms(&self) -> f64 {
        self.percentile_ms(50)
    }
}

/// The number in the middle; not a number when there are none.
#[must_use]
pub fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_measured_time_that_so_many_do_not_exceed() {
        let times = Times::of((1..=200).rev().map(Duration::from_millis).collect());
        assert!((times.median_ms() - 100.0).abs() < 1e-9);
        assert!((times.percentile_ms(99) - 198.0).abs() < 1e-9);
        assert!((times.percentile_ms(100) - 200.0).abs() < 1e-9);
        assert!(Times::of(Vec::new()).median_ms().is_nan());
    }

    #[test]
    fn the_median_is_the_middle_of_the_sorted_numbers() {
        assert!((median(vec![9.0, 1.0, 5.0]) - 5.0).abs() < 1e-9);
        assert!(median(Vec::new()).is_nan());
    }
}
