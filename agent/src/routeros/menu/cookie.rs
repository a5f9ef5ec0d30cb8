//! `/ip/hotspot/cookie`: what lets a device in again without a password.

use super::{RowId, row_id};
use crate::routeros::{Reply, Request};

/// Prints the cookies of a user.
#[must_use]
pub fn by_user(name: &[u8]) -> Request {
    Request::new("/ip/hotspot/cookie/print").query("user", name).properties(&[".id"])
}

/// The row ids of a printed reply.
#[must_use]
pub fn read_ids(reply: &Reply) -> Vec<RowId> {
    reply.records.iter().map(row_id).collect()
}

/// Removes cookies.
#[must_use]
pub fn remove(ids: &[RowId]) -> Request {
    Request::new("/ip/hotspot/cookie/remove").attribute(".id", ids.join(","))
}
