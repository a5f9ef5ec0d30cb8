//! `/setup/{secret}`: the page that makes the first super admin. The link works once.

pub mod page;
pub mod show;
pub mod submit;

use super::operation::Operation;

/// The endpoints.
#[must_use]
pub fn operations() -> Vec<Operation> {
    vec![show::operation(), submit::operation()]
}
