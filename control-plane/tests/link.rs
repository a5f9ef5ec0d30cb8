//! The agents' listener over real TLS and real sockets: who gets in, what passes, how links end.
//!
//! Each test has a database of its own: SQLite, or PostgreSQL when `PAGOS_TEST_POSTGRES_URL` names a server.

#![allow(missing_docs, unreachable_pub, reason = "a test")]
#![allow(clippy::disallowed_methods, reason = "stands for the world outside")]
#![allow(clippy::wildcard_enum_match_arm, reason = "any other answer fails the test")]

#[allow(dead_code, reason = "shared with the tests of the public interface")]
#[path = "link/box.rs"]
mod a_box;
#[path = "link/enrolment.rs"]
mod enrolment;
#[path = "link/frames.rs"]
mod frames;
#[path = "link/identity.rs"]
mod identity;
#[path = "link/purchases.rs"]
mod purchases;
#[path = "link/reservations.rs"]
mod reservations;
#[path = "link/world.rs"]
mod world;
