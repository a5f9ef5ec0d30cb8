//! `/ip/hotspot/user/profile`: what a user gets.

use pagos_protocol::outcome::Profile;

use super::row_id;
use crate::routeros::{Record, Request};

const ALL_PROPERTIES: [&str; 10] = [
    ".id",
    "name",
    "session-timeout",
    "idle-timeout",
    "keepalive-timeout",
    "status-autorefresh",
    "shared-users",
    "rate-limit",
    "address-list",
    "mac-cookie-timeout",
];

/// Prints the profile of exactly this name.
#[must_use]
pub fn by_name(name: &[u8]) -> Request {
    Request::new("/ip/hotspot/user/profile/print").query("name", name).properties(&["name", "shared-users"])
}

/// Prints what of the profile of exactly this name concerns the devices of its users.
#[must_use]
pub fn devices(name: &[u8]) -> Request {
    Request::new("/ip/hotspot/user/profile/print").query("name", name).properties(&[
        "name",
        "mac-cookie-timeout",
        "mac-authentication",
    ])
}

/// Prints all profiles.
#[must_use]
pub fn all() -> Request {
    Request::new("/ip/hotspot/user/profile/print").properties(&ALL_PROPERTIES)
}

/// Prints the ids of all profiles, to count them.
#[must_use]
pub fn ids() -> Request {
    Request::new("/ip/hotspot/user/profile/print").properties(&[".id"])
}

/// Whether the profile lets a user have one session only; that is also the router's default.
#[must_use]
pub fn one_session(record: &Record) -> bool {
    matches!(record.bytes("shared-users"), None | Some(b"" | b"1"))
}

/// A printed profile as it is reported.
#[must_use]
pub fn read(record: &Record) -> Profile {
    let text = |name| record.text(name).map(std::borrow::Cow::into_owned);
    Profile {
        id: row_id(record),
        name: text("name").unwrap_or_default(),
        session_timeout: text("session-timeout"),
        idle_timeout: text("idle-timeout"),
        keepalive_timeout: text("keepalive-timeout"),
        status_autorefresh: text("status-autorefresh"),
        shared_users: text("shared-users"),
        rate_limit: text("rate-limit"),
        address_list: text("address-list"),
        mac_cookie_timeout: text("mac-cookie-timeout"),
    }
}
