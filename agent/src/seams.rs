//! Time, chance and dialling: the only module that calls the raw functions.
//!
//! Everything else takes them from here, so that a simulated world can replace them in one place. The linter bans the
//! raw calls elsewhere.
//!
//! | module | holds |
//! |---|---|
//! | [`clock`] | wall clock in milliseconds, and the monotonic clock that deadlines are measured by |
//! | [`random`] | random bytes, jitter and ids |
//! | [`net`] | outgoing TCP connections |
//! | [`task`] | tasks |
//! | `simulation` | a world that stands in for all of them; only with the feature of that name |

pub mod clock;
pub mod net;
pub mod random;
#[cfg(feature = "simulation")]
pub mod simulation;
pub mod task;
