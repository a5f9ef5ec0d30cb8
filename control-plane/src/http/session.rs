//! Endpoints that begin and end sessions of administrators.

pub mod change_password;
pub mod log_in;
pub mod log_out;

/// Longest password that is looked at, in characters.
const PASSWORD_CHARS_MAX: usize = 1024;
