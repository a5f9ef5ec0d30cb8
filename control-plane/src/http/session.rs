//! Endpoints that begin and end sessions of administrators.

pub mod change_password;
pub mod log_in;
pub mod log_out;
