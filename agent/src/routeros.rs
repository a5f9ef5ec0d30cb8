//! Client of the RouterOS API (MikroTik API documentation): one persistent, tagged connection per router.
//!
//! | module | holds |
//! |---|---|
//! | [`codec`] | words and sentences on the wire; no IO |
//! | [`request`] | a command to send, and the records that come back |
//! | [`session`] | login, tags, replies of many open commands; no IO |
//! | [`breaker`] | when to dial a router that does not answer; no IO |
//! | [`connection`] | the task that owns the socket of one router |
//! | [`menu`] | typed commands of the menus that the agent uses |
//! | [`error`] | what can go wrong, and what the router's error texts mean |
//!
//! Values are bytes as the router keeps them; they become text only where they leave the agent. This module knows
//! neither purchases nor the link.

pub mod breaker;
pub mod codec;
pub mod connection;
pub mod error;
pub mod menu;
pub mod request;
pub mod session;

pub use connection::Connection;
pub use error::{CallError, Trap, TrapClass};
pub use request::{Record, Reply, Request};
