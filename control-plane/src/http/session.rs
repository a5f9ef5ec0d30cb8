//! Endpoints that begin and end sessions of administrators.

pub mod change_password;
pub mod log_in;
pub mod log_out;

use super::operation::Operation;

/// The endpoints.
#[must_use]
pub fn operations() -> Vec<Operation> {
    vec![log_in::operation(), log_out::operation(), change_password::operation()]
}
