//! The time zone of the old database's server. Its columns `creada_en` and `creado_en` were filled by that clock, without
//! saying so.

use crate::domain::time::Timestamp;

/// A quarter of an hour, in milliseconds: zones differ by whole ones.
const QUARTER_MS: i64 = 900_000;
/// Fewest rows from which a zone is guessed.
const SAMPLE_MIN: usize = 20;

/// How far local time is from UTC, over the years.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// From when on, by the local clock, it is so far ahead of UTC; in milliseconds, by time.
    changes: Vec<(i64, i64)>,
}

impl Zone {
    /// UTC itself.
    #[must_use]
    pub const fn utc() -> Self {
        Self { changes: Vec::new() }
    }

    /// A zone from its changes: since when by the local clock, and how far ahead of UTC, in milliseconds.
    #[must_use]
    pub fn of(mut changes: Vec<(i64, i64)>) -> Self {
        changes.sort_unstable();
        Self { changes }
    }

    /// The point in time at which the local clock shows `local`. Times before the first change count as those after it.
    #[must_use]
    pub fn instant(&self, local: Timestamp) -> Timestamp {
        let later = self.changes.partition_point(|&(since, _)| since <= local.0);
        let offset = self.changes.get(later.saturating_sub(1)).map_or(0, |&(_, offset)| offset);
        local.plus(-offset)
    }
}

/// How far ahead of UTC the server's clock seems to be, in milliseconds, from pairs of the same moment by its clock and in
/// UTC. None when there are too few, or they do not agree.
#[must_use]
pub fn guess(mut ahead_ms: Vec<i64>) -> Option<i64> {
    if ahead_ms.len() < SAMPLE_MIN {
        return None;
    }
    ahead_ms.sort_unstable();
    let rounded = |ms: i64| (ms + QUARTER_MS / 2).div_euclid(QUARTER_MS) * QUARTER_MS;
    let middle = rounded(ahead_ms[ahead_ms.len() / 2]);
    let agreeing = ahead_ms.iter().filter(|ms| rounded(**ms) == middle).count();
    (agreeing * 2 > ahead_ms.len()).then_some(middle)
}

#[cfg(test)]
mod tests {
    use super::{Zone, guess};
    use crate::domain::time::Timestamp;

    const HOUR_MS: i64 = 3_600_000;

    #[test]
    fn the_change_before_counts() {
        let zone = Zone::of(vec![(1_000, -5 * HOUR_MS), (0, -6 * HOUR_MS)]);
        assert_eq!(zone.instant(Timestamp(999)), Timestamp(999 + 6 * HOUR_MS));
        assert_eq!(zone.instant(Timestamp(1_000)), Timestamp(1_000 + 5 * HOUR_MS));
        assert_eq!(zone.instant(Timestamp(-5)), Timestamp(-5 + 6 * HOUR_MS));
        assert_eq!(Zone::utc().instant(Timestamp(7)), Timestamp(7));
    }

    #[test]
    fn a_zone_is_guessed_from_rows_that_agree() {
        assert_eq!(guess(vec![-6 * HOUR_MS - 2_000; 30]), Some(-6 * HOUR_MS));
        assert_eq!(guess(vec![300; 30]), Some(0));
        assert_eq!(guess(vec![-6 * HOUR_MS; 5]), None);
        assert_eq!(guess((0..40).map(|at| at * HOUR_MS).collect()), None);
    }
}
