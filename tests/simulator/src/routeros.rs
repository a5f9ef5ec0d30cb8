//! A MikroTik router, as far as a hotspot is run through its API.
//!
//! - [`codec`]: words and sentences on the wire.
//! - [`command`], [`query`]: a sentence of the client taken apart.
//! - [`reply`]: what is answered, and the errors.
//! - [`version`]: what follows from the RouterOS version played.
//! - [`hotspot`]: users, sessions and the rules between them; pure.
//! - [`menu`]: the commands over the hotspot; pure.
//! - [`login`]: the two ways to log an API client in; pure.
//! - [`router`]: one router with its state behind one lock.
//! - [`connection`]: one API connection, with its tags and faults.

pub mod codec;
pub mod command;
pub mod connection;
pub mod hotspot;
pub mod login;
pub mod menu;
pub mod query;
pub mod reply;
pub mod router;
pub mod value;
pub mod version;
