//! `/ip/hotspot/user`: who may log in.

use pagos_protocol::Secret;

use super::{RowId, owned, row_id};
use crate::routeros::{Record, Reply, Request};

const PROPERTIES: [&str; 6] = [".id", "name", "profile", "disabled", "comment", "limit-uptime"];

/// One printed user. Names are bytes as the router keeps them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRow {
    /// Row id.
    pub id: RowId,
    /// Exact name.
    pub name: Vec<u8>,
    /// Exact profile name.
    pub profile: Vec<u8>,
    /// Whether logging in is refused.
    pub disabled: bool,
    /// Comment; empty if there is none.
    pub comment: Vec<u8>,
    /// Paid time as printed, if limited.
    pub limit_uptime: Option<String>,
}

impl UserRow {
    fn read(record: &Record) -> Self {
        Self {
            id: row_id(record),
            name: owned(record, "name"),
            // The default profile is printed like any other, but old versions may leave defaults out.
            profile: record.bytes("profile").unwrap_or(b"default").to_vec(),
            disabled: record.flag("disabled"),
            comment: owned(record, "comment"),
            limit_uptime: record.text("limit-uptime").map(std::borrow::Cow::into_owned),
        }
    }

    /// The rows of a printed reply.
    #[must_use]
    pub fn read_all(reply: &Reply) -> Vec<Self> {
        reply.records.iter().map(Self::read).collect()
    }
}

/// Prints the users of exactly this name: one, unless the same name exists on several servers.
#[must_use]
pub fn by_name(name: &[u8]) -> Request {
    Request::new("/ip/hotspot/user/print").query("name", name).properties(&PROPERTIES)
}

/// Prints the users of exactly these names.
#[must_use]
pub fn by_names(names: &[impl AsRef<[u8]>]) -> Request {
    either("name", names, &PROPERTIES)
}

/// Prints the users in these rows.
#[must_use]
pub fn by_rows(ids: &[impl AsRef<[u8]>]) -> Request {
    either(".id", ids, &PROPERTIES)
}

/// Prints the users whose property has one of the values; all users if there is none, so do not ask with none.
pub(super) fn either(property: &str, values: &[impl AsRef<[u8]>], asked: &[&str]) -> Request {
    let mut request = Request::new("/ip/hotspot/user/print");
    for (index, value) in values.iter().enumerate() {
        request = request.query(property, value);
        if index > 0 {
            request = request.operators("|");
        }
    }
    request.properties(asked)
}

/// Prints the user in a row.
#[must_use]
pub fn by_row(id: &str) -> Request {
    Request::new("/ip/hotspot/user/print").query(".id", id).properties(&PROPERTIES)
}

/// A user to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewUser<'a> {
    /// Name.
    pub name: &'a str,
    /// Password; the word is left out when it is empty.
    pub password: &'a Secret,
    /// Exact profile name. The router takes the beginning of a name for the name: check that it exists first.
    pub profile: &'a str,
    /// Comment.
    pub comment: &'a str,
    /// Whether it may log in at once.
    pub enabled: bool,
}

/// Adds a user; the reply returns its row id.
#[must_use]
pub fn add(user: &NewUser<'_>) -> Request {
    let mut request = Request::new("/ip/hotspot/user/add")
        .attribute("name", user.name)
        .attribute("profile", user.profile)
        .attribute("comment", user.comment);
    if !user.password.expose().is_empty() {
        request = request.attribute("password", user.password.expose());
    }
    if !user.enabled {
        request = request.attribute("disabled", "yes");
    }
    request
}

/// Takes the comment away and enables the user.
#[must_use]
pub fn clear_and_enable(id: &str) -> Request {
    enable(id).attribute("comment", "")
}

/// Enables the user and leaves its comment.
#[must_use]
pub fn enable(id: &str) -> Request {
    Request::new("/ip/hotspot/user/set").attribute(".id", id).attribute("disabled", "no")
}

/// Refuses further logins; sessions go on.
#[must_use]
pub fn disable(id: &str) -> Request {
    Request::new("/ip/hotspot/user/set").attribute(".id", id).attribute("disabled", "yes")
}

/// Removes the user; sessions and cookies stay.
#[must_use]
pub fn remove(id: &str) -> Request {
    Request::new("/ip/hotspot/user/remove").attribute(".id", id)
}
