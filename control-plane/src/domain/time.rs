//! Points in time.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// Milliseconds since the epoch, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl From<i64> for Timestamp {
    fn from(millis: i64) -> Self {
        Self(millis)
    }
}

impl Timestamp {
    /// This point and `millis` later.
    #[must_use]
    pub const fn plus(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Milliseconds from `earlier` to this point; negative when it lies before.
    #[must_use]
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Seconds since the epoch.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// ISO 8601 in UTC without a zone suffix; a fraction only when it is not zero (`2026-03-01T18:04:05.123000`).
    #[must_use]
    pub fn iso(self) -> String {
        let nanos = i128::from(self.0) * 1_000_000;
        let at = OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let (date, time) = (at.date(), at.time());
        let whole = format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
            date.year(),
            u8::from(date.month()),
            date.day(),
            time.hour(),
            time.minute(),
            time.second()
        );
        match time.microsecond() {
            0 => whole,
            micros => format!("{whole}.{micros:06}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn iso_has_no_zone_and_a_fraction_only_when_needed() {
        assert_eq!(Timestamp(0).iso(), "1970-01-01T00:00:00");
        assert_eq!(Timestamp(1_772_388_245_123).iso(), "2026-03-01T18:04:05.123000");
    }
}
