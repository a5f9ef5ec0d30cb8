//! The quota that a user and its clones share. Pure.

use crate::routeros::menu::account::{Limits, Used};

/// The sum of what several have used.
pub(super) fn sum(all: impl Iterator<Item = Used>) -> Used {
    all.fold(Used::default(), |sum, used| Used {
        uptime_s: sum.uptime_s.saturating_add(used.uptime_s),
        bytes_in: sum.bytes_in.saturating_add(used.bytes_in),
        bytes_out: sum.bytes_out.saturating_add(used.bytes_out),
    })
}

/// The limits under which one of several can use no more than all together have left, since a router counts what each has
/// used by itself. `None` when nothing is left.
pub(super) fn share(limits: Limits, all: Used, one: Used) -> Option<Limits> {
    let total = |used: Used| used.bytes_in.saturating_add(used.bytes_out);
    Some(Limits {
        uptime_s: part(limits.uptime_s, all.uptime_s, one.uptime_s)?,
        bytes_in: part(limits.bytes_in, all.bytes_in, one.bytes_in)?,
        bytes_out: part(limits.bytes_out, all.bytes_out, one.bytes_out)?,
        bytes_total: part(limits.bytes_total, total(all), total(one))?,
    })
}

/// A limit of zero is none, so that one of zero is never given to somebody who has nothing left.
fn part(limit: u64, all: u64, one: u64) -> Option<u64> {
    if limit == 0 {
        return Some(0);
    }
    limit.checked_sub(all).filter(|left| *left > 0).map(|left| one.saturating_add(left))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Limits = Limits { uptime_s: 3_600, bytes_in: 0, bytes_out: 0, bytes_total: 1_000 };

    fn used(uptime_s: u64, bytes_in: u64, bytes_out: u64) -> Used {
        Used { uptime_s, bytes_in, bytes_out }
    }

    #[test]
    fn one_of_several_gets_what_all_have_left() {
        let (base, clone) = (used(600, 100, 50), used(1_200, 0, 250));
        let all = sum([base, clone].into_iter());
        assert_eq!(all, used(1_800, 100, 300));
        let of_clone = share(HOUR, all, clone).expect("something left");
        assert_eq!(of_clone, Limits { uptime_s: 3_000, bytes_total: 850, ..Limits::default() });
        let of_base = share(HOUR, all, base).expect("something left");
        assert_eq!(of_base, Limits { uptime_s: 2_400, bytes_total: 750, ..Limits::default() });
        let of_new = share(HOUR, all, Used::default()).expect("something left");
        assert_eq!(of_new, Limits { uptime_s: 1_800, bytes_total: 600, ..Limits::default() });
    }

    #[test]
    fn alone_the_limits_stay_as_they_are() {
        let alone = used(600, 1, 2);
        assert_eq!(share(HOUR, alone, alone), Some(HOUR));
        assert_eq!(share(Limits::default(), alone, alone), Some(Limits::default()));
    }

    #[test]
    fn whoever_has_nothing_left_gets_nothing() {
        for all in [used(3_600, 0, 0), used(9_999, 0, 0), used(0, 400, 600), used(1, u64::MAX, 1)] {
            assert_eq!(share(HOUR, all, Used::default()), None, "{all:?}");
        }
        assert!(share(HOUR, used(3_599, 0, 999), Used::default()).is_some());
    }
}
