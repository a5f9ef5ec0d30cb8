//! When to try again. Pure arithmetic, so that it can be read and tested.

/// Pauses before the first questions about an unknown charge, in milliseconds.
const FIRST_ASKS_MS: [i64; 6] = [1_000, 2_000, 4_000, 8_000, 15_000, 30_000];
/// Questions a minute apart after those.
const MINUTE_ASKS: u32 = 15;
/// Questions ten minutes apart after those: 24 hours of them.
const SLOW_ASKS: u32 = 144;

const MINUTE_MS: i64 = 60_000;

/// First pause before a router act is tried again, in milliseconds.
const ROUTER_RETRY_FIRST_MS: i64 = 500;
/// Longest such pause, in milliseconds. The return of the agent ends it early.
const ROUTER_RETRY_MAX_MS: i64 = 60_000;

/// Pause before question number `asks` (from 0) about a charge; none when it was asked often enough.
#[must_use]
pub fn ask_pause_ms(asks: u32) -> Option<i64> {
    let first = u32::try_from(FIRST_ASKS_MS.len()).unwrap_or(u32::MAX);
    if let Some(pause) = usize::try_from(asks).ok().and_then(|index| FIRST_ASKS_MS.get(index)) {
        Some(*pause)
    } else if asks < first + MINUTE_ASKS {
        Some(MINUTE_MS)
    } else if asks < first + MINUTE_ASKS + SLOW_ASKS {
        Some(10 * MINUTE_MS)
    } else {
        None
    }
}

/// Pause after `attempts` failed tries of a router act.
#[must_use]
pub fn router_pause_ms(attempts: u32) -> i64 {
    ROUTER_RETRY_FIRST_MS.saturating_mul(1 << attempts.saturating_sub(1).min(10)).min(ROUTER_RETRY_MAX_MS)
}

#[cfg(test)]
mod tests {
    use super::{ask_pause_ms, router_pause_ms};

    #[test]
    fn questions_go_on_for_a_day_and_then_end() {
        let pauses: Vec<i64> = (0..).map_while(ask_pause_ms).collect();
        assert_eq!(&pauses[..7], [1_000, 2_000, 4_000, 8_000, 15_000, 30_000, 60_000]);
        let total: i64 = pauses.iter().sum();
        assert!((86_400_000..90_000_000).contains(&total), "{total}");
    }

    #[test]
    fn router_tries_slow_down_to_a_minute() {
        assert_eq!([1, 2, 3, 8, 30].map(router_pause_ms), [500, 1_000, 2_000, 60_000, 60_000]);
    }
}
