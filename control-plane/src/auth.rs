//! Who is asking: passwords, sessions of administrators, API keys of routers.
//!
//! | module | holds |
//! |---|---|
//! | [`password`] | hashing on a bounded pool, and the rule for new passwords |
//! | [`token`] | signed tokens (HS256) |
//! | [`session`] | sessions of administrators |
//! | [`api_key`] | API keys of routers, their cache and their use counts |
//! | [`setup`] | the one-time link that makes the first super admin |
//!
//! Nothing here knows HTTP: the presented text comes in, an identity or an [`AuthError`] goes out.

pub mod api_key;
pub mod password;
pub mod session;
pub mod setup;
pub mod token;

use crate::domain::bucket::TooMuch;
use crate::domain::code::Code;
use crate::store::StoreError;

/// Why somebody is not let in.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// The credential, its user, its company or what they may do is refused; the code says why.
    #[error("refused with {0}")]
    Refused(Code),
    /// Too many wrong passwords for one address.
    #[error("too many wrong passwords for one address")]
    TooMany(TooMuch),
    /// Too many passwords wait to be checked.
    #[error("too many passwords wait to be checked")]
    Busy,
    /// The database did not answer.
    #[error("credentials cannot be looked up")]
    Store(#[from] StoreError),
}
