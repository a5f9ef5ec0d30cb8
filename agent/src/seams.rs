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

pub mod clock;
pub mod net;
pub mod random;
