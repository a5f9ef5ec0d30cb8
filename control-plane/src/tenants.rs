//! What administrators do: companies, routers and their keys, users, products.
//!
//! Each function is one decision and one transaction. Nothing here knows HTTP; a refusal carries the stable code.

pub mod companies;
pub mod counts;
pub mod endpoints;
pub mod gateways;
pub mod keys;
pub mod logos;
pub mod products;
pub mod routers;
pub mod sales;
pub mod users;

use crate::domain::code::Code;
use crate::store::StoreError;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum TenantError {
    /// It may not be done; the code says why.
    #[error("refused with {0}")]
    Refused(Code),
    /// The database did not do it.
    #[error("administration work could not be stored")]
    Store(#[from] StoreError),
}

impl From<Code> for TenantError {
    fn from(code: Code) -> Self {
        Self::Refused(code)
    }
}
