//! The executor against a simulated router, through real sockets.
#![expect(clippy::disallowed_methods, reason = "tests are the world outside")]
#![allow(clippy::wildcard_enum_match_arm, reason = "tests look for one case")]

#[path = "executor/site.rs"]
mod site;

#[path = "executor/check_user.rs"]
mod check_user;
#[path = "executor/clones.rs"]
mod clones;
#[path = "executor/confirm.rs"]
mod confirm;
#[path = "executor/faults.rs"]
mod faults;
#[path = "executor/journal.rs"]
mod journal;
#[path = "executor/leases.rs"]
mod leases;
#[path = "executor/login.rs"]
mod login;
#[path = "executor/look.rs"]
mod look;
#[path = "executor/many.rs"]
mod many;
#[path = "executor/matrix.rs"]
mod matrix;
#[path = "executor/reconnect.rs"]
mod reconnect;
#[path = "executor/release.rs"]
mod release;
#[path = "executor/reserve.rs"]
mod reserve;
#[path = "executor/revoke.rs"]
mod revoke;
#[path = "executor/watch.rs"]
mod watch;
