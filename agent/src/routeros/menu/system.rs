//! `/system`: who the router is.

use crate::routeros::Request;

/// Prints the router's name.
#[must_use]
pub fn identity() -> Request {
    Request::new("/system/identity/print")
}

/// Prints the router's RouterOS version.
#[must_use]
pub fn resource() -> Request {
    Request::new("/system/resource/print").properties(&["version"])
}
