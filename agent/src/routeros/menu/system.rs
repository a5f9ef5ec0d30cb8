//! `/system`: who the router is.

use crate::routeros::Request;

/// Prints the router's name.
#[must_use]
pub fn identity() -> Request {
    Request::new("/system/identity/print")
}

/// Prints how long the router has been up.
#[must_use]
pub fn uptime() -> Request {
    Request::new("/system/resource/print").properties(&["uptime"])
}

/// Prints the serial number of the board. Virtual routers have none, or not even the menu.
#[must_use]
pub fn routerboard() -> Request {
    Request::new("/system/routerboard/print").properties(&["serial-number"])
}

/// Prints what the licence is bound to.
#[must_use]
pub fn license() -> Request {
    Request::new("/system/license/print").properties(&["system-id", "software-id"])
}

/// Prints the router's RouterOS version.
#[must_use]
pub fn resource() -> Request {
    Request::new("/system/resource/print").properties(&["version"])
}
