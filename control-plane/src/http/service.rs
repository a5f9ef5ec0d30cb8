//! What monitors and curious people ask.

pub mod health;
pub mod logo;
pub mod ready;
pub mod root;

use super::operation::Operation;

/// The endpoints.
#[must_use]
pub fn operations() -> Vec<Operation> {
    vec![root::operation(), health::operation(), ready::operation()]
}
