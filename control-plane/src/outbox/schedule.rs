//! When to try again.

/// Pauses after the first, second, … failed try of a message, in milliseconds; about a day in all.
const PAUSES_MS: [i64; 8] =
    [5_000, 60_000, 300_000, 1_800_000, 7_200_000, 18_000_000, 28_800_000, 36_000_000];
/// A message that was not delivered so long after it was put in is given up at its next failure, in milliseconds. Its lane may
/// have been held up, so that it was tried less often.
pub(super) const TRY_SPAN_MS: i64 = 28 * 3_600_000;
/// A pause is so much longer or shorter by chance, in percent.
const JITTER_PERCENT: i64 = 20;
/// First pause of a lane whose target fails, in milliseconds; each further failure in a row doubles it.
const LANE_PAUSE_FIRST_MS: i64 = 1_000;
/// Longest such pause, in milliseconds.
const LANE_PAUSE_MAX_MS: i64 = 60_000;

/// Draws of [`pause_ms`] lie below this.
pub(super) const DRAWS: u32 = 1_000;

/// Pause after so many tries of a message that failed; none when it is given up. `draw` is chance, below [`DRAWS`].
#[must_use]
pub(super) fn pause_ms(attempts: i64, draw: u32) -> Option<i64> {
    let index = usize::try_from(attempts - 1).ok()?;
    let pause = *PAUSES_MS.get(index)?;
    let spread = 2 * i64::from(draw) - i64::from(DRAWS);
    Some(pause + pause * JITTER_PERCENT / 100 * spread / i64::from(DRAWS))
}

/// Pause of a lane whose target has failed so often in a row.
#[must_use]
pub(super) fn lane_pause_ms(failures: i64) -> i64 {
    let doublings = u32::try_from((failures - 1).clamp(0, 16)).unwrap_or(0);
    LANE_PAUSE_FIRST_MS.saturating_mul(1 << doublings).min(LANE_PAUSE_MAX_MS)
}

#[cfg(test)]
mod tests {
    use super::{DRAWS, PAUSES_MS, TRY_SPAN_MS, lane_pause_ms, pause_ms};

    #[test]
    fn pauses_of_a_message_grow_for_about_a_day() {
        let total: i64 = PAUSES_MS.iter().sum();
        assert!((24 * 3_600_000..TRY_SPAN_MS).contains(&total), "{total}");
        assert!(PAUSES_MS.windows(2).all(|pair| pair[0] < pair[1]));
        let longest: i64 = (1..=8).filter_map(|attempts| pause_ms(attempts, DRAWS - 1)).sum();
        assert!(longest < total * 121 / 100);
        assert_eq!((pause_ms(0, 0), pause_ms(9, 0)), (None, None));
    }

    #[test]
    fn chance_spreads_a_pause_both_ways() {
        assert_eq!(pause_ms(1, 0), Some(4_000));
        assert_eq!(pause_ms(1, DRAWS / 2), Some(5_000));
        assert_eq!(pause_ms(1, DRAWS - 1), Some(5_998));
    }

    #[test]
    fn a_lane_is_never_held_up_for_more_than_a_minute() {
        let pauses: Vec<i64> = [1, 2, 6, 7, 1_000_000].into_iter().map(lane_pause_ms).collect();
        assert_eq!(pauses, [1_000, 2_000, 32_000, 60_000, 60_000]);
    }
}
