//! The two clocks.

use std::time::SystemTime;

/// A point on the monotonic clock. Deadlines are of this type; it follows a paused or simulated runtime.
pub type Instant = tokio::time::Instant;

/// Wall clock: milliseconds since 1970-01-01 UTC; 0 when the machine believes to be before that.
///
/// For timestamps that people read and for ages in days. Boxes without a battery start in the past: never measure a
/// deadline with it.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "this is the seam that everything else takes the time of day from"
)]
pub fn now_ms() -> i64 {
    #[cfg(feature = "simulation")]
    if let Some(world) = super::simulation::world() {
        return world.now_ms();
    }
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Monotonic clock.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the seam that everything else takes the time from")]
pub fn monotonic() -> Instant {
    Instant::now()
}

/// The longest a deadline may lie ahead, in milliseconds: one day.
pub const DEADLINE_MS_MAX: u64 = 86_400_000;

/// The point `ms` milliseconds from now, at most [`DEADLINE_MS_MAX`].
#[must_use]
pub fn deadline_in(ms: u64) -> Instant {
    monotonic() + std::time::Duration::from_millis(ms.min(DEADLINE_MS_MAX))
}
