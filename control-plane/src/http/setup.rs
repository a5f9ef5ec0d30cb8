//! `/setup/{secret}`: the page that makes the first super admin. The link works once.

pub mod page;
pub mod show;
pub mod submit;
