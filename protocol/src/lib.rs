//! What the control plane and its agents say to each other.
//!
//! | module | holds |
//! |---|---|
//! | [`command`] | what the control plane asks of a router, and [`Action`] by [`Action`] what it needs |
//! | [`outcome`] | how a command ended |
//! | [`frame`] | the messages of the link, one JSON text frame each |
//! | [`site`] | verdicts about reservations, the hand-over to an empty journal, what an agent finds out |
//! | [`enrolment`] | the one-time token and the exchange that gives an agent its certificate |
//! | [`secret`] | text that never shows in logs |
//!
//! No IO and no async here. Both sides ignore fields and message kinds that they do not know, so that either can be
//! upgraded first. Golden vectors in `tests/vectors/protocol` must parse for ever.

pub mod command;
pub mod enrolment;
pub mod frame;
pub mod outcome;
pub mod secret;
pub mod site;

pub use command::{Action, Command, RouterSettings};
pub use frame::{AgentMessage, Goodbye, Hello, ServerMessage, Welcome};
pub use outcome::{Code, Done, Outcome};
pub use secret::Secret;
pub use site::{HandOver, Missing, Reservation, Ruling, Settled, Verdict, Verdicts, VerdictsWanted};

/// Version of the message set; exchanged in [`Hello`] and [`Welcome`].
pub const VERSION: u32 = 1;

/// Largest frame either side sends or accepts, in bytes.
pub const FRAME_BYTES_MAX: usize = 64 * 1024;

/// Path of the link on the agent listener.
pub const LINK_PATH: &str = "/agent/v1/link";

/// Path of enrolment on the agent listener; the only one that needs no client certificate.
pub const ENROLL_PATH: &str = "/agent/v1/enroll";

/// How often an agent sends a WebSocket ping, in milliseconds.
pub const PING_INTERVAL_MS: u64 = 20_000;

/// A side that hears nothing for this long, in milliseconds, takes the link for dead.
pub const SILENCE_MAX_MS: u64 = 45_000;
