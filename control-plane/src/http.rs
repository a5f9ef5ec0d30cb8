//! The public HTTP interface.

pub mod error;
