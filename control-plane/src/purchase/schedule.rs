//! When to try again. Pure arithmetic, so that it can be read and tested.

use crate::gateway::GatewayName;

/// Pauses before the first questions about an unknown charge, in milliseconds, where a payment is read.
const FIRST_READS_MS: [i64; 6] = [1_000, 2_000, 4_000, 8_000, 15_000, 30_000];
/// The same where the charge is sent again under its key.
const FIRST_RESENDS_MS: [i64; 5] = [2_000, 5_000, 10_000, 20_000, 40_000];
/// Pauses before the first questions about a payment that waits for a transfer or a review, in milliseconds.
const FIRST_PENDING_MS: [i64; 4] = [5_000, 10_000, 20_000, 30_000];
/// Pauses before the first questions about a refund, in milliseconds.
const FIRST_REFUNDS_MS: [i64; 6] = [500, 1_000, 2_000, 5_000, 15_000, 30_000];
/// Pauses before a settled payment is looked at again that could not be read, in milliseconds.
const RECHECKS_MS: [i64; 8] = [2_000, 10_000, 30_000, 60_000, 300_000, 900_000, 3_600_000, 6 * 3_600_000];

/// So long after the payment a completed purchase is looked at again of itself, in milliseconds: news of money that was
/// taken back may have been lost. A day, a week, 30 days.
const LOOK_BACKS_MS: [i64; 3] = [24 * HOUR_MS, 7 * 24 * HOUR_MS, 30 * 24 * HOUR_MS];

/// Questions a minute apart after the first ones.
const MINUTE_ASKS: u32 = 15;
/// Questions ten minutes apart after those: 24 hours of them.
const SLOW_ASKS: u32 = 144;
/// Questions an hour apart after those about what may take days: 30 days of them.
const HOURLY_ASKS: u32 = 720;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 3_600_000;

/// First pause before a router act is tried again, in milliseconds.
const ROUTER_RETRY_FIRST_MS: i64 = 500;
/// Longest such pause, in milliseconds. The return of the agent ends it early.
const ROUTER_RETRY_MAX_MS: i64 = 60_000;

/// Pause before question number `asks` (from 0) about a charge; none when it was asked often enough.
#[must_use]
pub fn ask_pause_ms(gateway: GatewayName, asks: u32) -> Option<i64> {
    let first = if gateway.repeats_by_key() { &FIRST_RESENDS_MS[..] } else { &FIRST_READS_MS[..] };
    pause(first, &[(MINUTE_ASKS, MINUTE_MS), (SLOW_ASKS, 10 * MINUTE_MS)], asks)
}

/// Pause before question number `asks` about a payment that may take days.
#[must_use]
pub fn pending_pause_ms(asks: u32) -> Option<i64> {
    let later = [(MINUTE_ASKS, MINUTE_MS), (SLOW_ASKS, 10 * MINUTE_MS), (HOURLY_ASKS, HOUR_MS)];
    pause(&FIRST_PENDING_MS, &later, asks)
}

/// Pause before question number `asks` about a refund.
#[must_use]
pub fn refund_pause_ms(asks: u32) -> Option<i64> {
    pause(&FIRST_REFUNDS_MS, &[(MINUTE_ASKS, MINUTE_MS), (SLOW_ASKS, 10 * MINUTE_MS)], asks)
}

/// Pause before a settled payment is looked at again, when it could not be read `asks` times.
#[must_use]
pub fn recheck_pause_ms(asks: u32) -> Option<i64> {
    pause(&RECHECKS_MS, &[], asks)
}

/// How long after the payment a completed purchase is looked at again, having been so `looked_back` times.
#[must_use]
pub fn look_back_ms(looked_back: u8) -> Option<i64> {
    LOOK_BACKS_MS.get(usize::from(looked_back)).copied()
}

/// The pause number `asks`: the `first` ones, then so many of each length.
fn pause(first: &[i64], later: &[(u32, i64)], asks: u32) -> Option<i64> {
    if let Some(pause) = usize::try_from(asks).ok().and_then(|index| first.get(index)) {
        return Some(*pause);
    }
    let mut passed = u32::try_from(first.len()).unwrap_or(u32::MAX);
    for (count, pause) in later {
        passed = passed.saturating_add(*count);
        if asks < passed {
            return Some(*pause);
        }
    }
    None
}

/// Pause after `attempts` failed tries of a router act.
#[must_use]
pub fn router_pause_ms(attempts: u32) -> i64 {
    ROUTER_RETRY_FIRST_MS.saturating_mul(1 << attempts.saturating_sub(1).min(10)).min(ROUTER_RETRY_MAX_MS)
}

#[cfg(test)]
mod tests {
    use super::{ask_pause_ms, pending_pause_ms, router_pause_ms};
    use crate::gateway::GatewayName;

    #[test]
    fn questions_go_on_for_a_day_and_then_end() {
        for gateway in GatewayName::ALL {
            let total: i64 = (0..).map_while(|asks| ask_pause_ms(gateway, asks)).sum();
            assert!((86_400_000..90_000_000).contains(&total), "{gateway:?} {total}");
        }
        let pauses: Vec<i64> = (0..7).filter_map(|asks| ask_pause_ms(GatewayName::Conekta, asks)).collect();
        assert_eq!(pauses, [1_000, 2_000, 4_000, 8_000, 15_000, 30_000, 60_000]);
        let pauses: Vec<i64> =
            (0..6).filter_map(|asks| ask_pause_ms(GatewayName::MercadoPago, asks)).collect();
        assert_eq!(pauses, [2_000, 5_000, 10_000, 20_000, 40_000, 60_000]);
    }

    #[test]
    fn a_transfer_is_waited_for_a_month() {
        let total: i64 = (0..).map_while(pending_pause_ms).sum();
        assert!(total > 30 * 86_400_000, "{total}");
    }

    #[test]
    fn router_tries_slow_down_to_a_minute() {
        assert_eq!([1, 2, 3, 8, 30].map(router_pause_ms), [500, 1_000, 2_000, 60_000, 60_000]);
    }
}
