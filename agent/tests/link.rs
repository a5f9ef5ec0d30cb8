//! Enrolment and the link against a control plane's double: real TLS, real sockets.

#![allow(missing_docs, unreachable_pub, reason = "a test")]
#![allow(clippy::disallowed_methods, reason = "stands for the world outside")]
#![allow(clippy::wildcard_enum_match_arm, reason = "any other answer fails the test")]

#[path = "link/cloud.rs"]
mod cloud;
#[path = "link/enrolment.rs"]
mod enrolment;
#[path = "link/leases.rs"]
mod leases;
#[path = "link/session.rs"]
mod session;
#[path = "link/supervisor.rs"]
mod supervisor;
