//! The agent's end of the link to the control plane. Knows no router and decides nothing.
//!
//! | module | holds |
//! |---|---|
//! | [`address`] | `host:port` of the control plane |
//! | [`tls`] | whom to trust: the authority named by a token, or the one of our identity |
//! | [`dial`] | a TLS connection, and why there is none |
//! | [`session`] | hello and welcome, then frames both ways until the link ends |
//! | [`backoff`] | how long to wait before dialling again |

pub mod address;
pub mod backoff;
pub mod dial;
pub mod session;
pub mod tls;

pub use address::Address;
pub use backoff::Backoff;
pub use dial::DialError;
pub use session::{Ended, OpenError, Session};
