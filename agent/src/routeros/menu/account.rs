//! `/ip/hotspot/user`, as far as it decides whether somebody may log in: password, device, limits and counters.

use std::fmt;

use super::{RowId, canonical_mac, number, owned, row_id, seconds};
use crate::routeros::{Record, Reply, Request};

const PROPERTIES: [&str; 14] = [
    ".id",
    "name",
    "password",
    "profile",
    "disabled",
    "comment",
    "limit-uptime",
    "limit-bytes-in",
    "limit-bytes-out",
    "limit-bytes-total",
    "uptime",
    "bytes-in",
    "bytes-out",
    "mac-address",
];

/// How a MAC is printed that stands for any.
const ANY_MAC: &str = "00:00:00:00:00:00";

/// One printed user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRow {
    /// Row id.
    pub id: RowId,
    /// Exact name.
    pub name: Vec<u8>,
    /// Password as far as it is shown.
    pub password: Shown,
    /// Exact profile name.
    pub profile: Vec<u8>,
    /// Whether logging in is refused.
    pub disabled: bool,
    /// Comment; empty if there is none.
    pub comment: Vec<u8>,
    /// The only device that may log in, upper case with colons.
    pub mac: Option<String>,
    /// What it may use.
    pub limits: Limits,
    /// What it has used.
    pub used: Used,
    /// `limit-uptime` as printed, if limited.
    pub limit_uptime: Option<String>,
}

/// A password as a router prints it. `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub enum Shown {
    /// Empty, or not printed at all.
    Empty,
    /// Stars: the agent's router user may not read it.
    Stars,
    /// The password itself.
    Clear(Vec<u8>),
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shown(***)")
    }
}

impl Shown {
    fn read(record: &Record) -> Self {
        match record.bytes("password") {
            None | Some(b"") => Self::Empty,
            Some(text) if text.iter().all(|byte| *byte == b'*') => Self::Stars,
            Some(text) => Self::Clear(text.to_vec()),
        }
    }
}

/// What a user may use; zero for as much as it likes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// Time of all sessions, in seconds.
    pub uptime_s: u64,
    /// Bytes from its devices.
    pub bytes_in: u64,
    /// Bytes to its devices.
    pub bytes_out: u64,
    /// Bytes either way.
    pub bytes_total: u64,
}

impl Limits {
    /// Names and values as the router takes them.
    fn attributes(self) -> [(&'static str, u64, String); 4] {
        let plain = |name, value: u64| (name, value, value.to_string());
        [
            ("limit-uptime", self.uptime_s, format!("{}s", self.uptime_s)),
            plain("limit-bytes-in", self.bytes_in),
            plain("limit-bytes-out", self.bytes_out),
            plain("limit-bytes-total", self.bytes_total),
        ]
    }
}

/// What a user has used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Used {
    /// Time of all sessions, in seconds.
    pub uptime_s: u64,
    /// Bytes from its devices.
    pub bytes_in: u64,
    /// Bytes to its devices.
    pub bytes_out: u64,
}

impl AccountRow {
    fn read(record: &Record) -> Self {
        let time = |name| record.text(name).and_then(|text| seconds(&text)).unwrap_or(0);
        let mac = record.text("mac-address").and_then(|text| canonical_mac(&text));
        Self {
            id: row_id(record),
            name: owned(record, "name"),
            password: Shown::read(record),
            profile: record.bytes("profile").unwrap_or(b"default").to_vec(),
            disabled: record.flag("disabled"),
            comment: owned(record, "comment"),
            mac: mac.filter(|mac| mac != ANY_MAC),
            limits: Limits {
                uptime_s: time("limit-uptime"),
                bytes_in: number(record, "limit-bytes-in"),
                bytes_out: number(record, "limit-bytes-out"),
                bytes_total: number(record, "limit-bytes-total"),
            },
            used: Used {
                uptime_s: time("uptime"),
                bytes_in: number(record, "bytes-in"),
                bytes_out: number(record, "bytes-out"),
            },
            limit_uptime: record.text("limit-uptime").map(std::borrow::Cow::into_owned),
        }
    }

    /// The rows of a printed reply.
    #[must_use]
    pub fn read_all(reply: &Reply) -> Vec<Self> {
        reply.records.iter().map(Self::read).collect()
    }
}

/// Prints the users of exactly these names; all users if there is none, so do not ask with none.
#[must_use]
pub fn by_names(names: &[impl AsRef<[u8]>]) -> Request {
    super::user::either("name", names, &PROPERTIES)
}

/// Changes those limits of a user that are to be others.
#[must_use]
pub fn set_limits(id: &str, now: Limits, wanted: Limits) -> Request {
    let mut request = Request::new("/ip/hotspot/user/set").attribute(".id", id);
    for ((name, value, text), (_, old, _)) in wanted.attributes().into_iter().zip(now.attributes()) {
        if value != old {
            request = request.attribute(name, text);
        }
    }
    request
}

/// A clone to be made: the same user, for another device.
#[derive(Debug, Clone, Copy)]
pub struct NewClone<'a> {
    /// Name.
    pub name: &'a str,
    /// The user it is a clone of.
    pub of: &'a AccountRow,
    /// Its password, if it is known; else the router copies it from the user.
    pub password: Option<&'a [u8]>,
    /// The only device that may use it.
    pub mac: &'a str,
    /// What it may use.
    pub limits: Limits,
}

/// Adds a clone; the reply returns its row id.
#[must_use]
pub fn add_clone(clone: &NewClone<'_>) -> Request {
    let mut request = Request::new("/ip/hotspot/user/add");
    if clone.password.is_none() {
        request = request.attribute("copy-from", &clone.of.id);
    }
    request = request
        .attribute("name", clone.name)
        .attribute("profile", &clone.of.profile)
        .attribute("mac-address", clone.mac);
    if !clone.of.comment.is_empty() {
        request = request.attribute("comment", &clone.of.comment);
    }
    if let Some(password) = clone.password.filter(|password| !password.is_empty()) {
        request = request.attribute("password", password);
    }
    // A copy has the user's limits until it is told others.
    let limits = clone.limits.attributes().into_iter();
    for (name, _, text) in limits.filter(|(_, value, _)| *value > 0 || clone.password.is_none()) {
        request = request.attribute(name, text);
    }
    request
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routeros::codec::Sentence;

    fn row(words: &[&str]) -> AccountRow {
        let mut sentence = Sentence::new();
        for word in words {
            sentence.push(&[b"=", word.as_bytes()]);
        }
        AccountRow::read(&Record::new(sentence))
    }

    fn words(request: &Request) -> Vec<String> {
        let mut out = Vec::new();
        request.encode(1, &mut out);
        String::from_utf8_lossy(&out).split('=').map(str::to_owned).collect()
    }

    #[test]
    fn what_is_not_printed_is_at_its_default() {
        let found = row(&["name=ana", "limit-uptime=1h", "uptime=00:20:00", "bytes-in=5"]);
        assert_eq!(found.limits, Limits { uptime_s: 3_600, ..Limits::default() });
        assert_eq!(found.used, Used { uptime_s: 1_200, bytes_in: 5, bytes_out: 0 });
        assert_eq!((found.password, found.mac), (Shown::Empty, None));
        assert_eq!(row(&["mac-address=00:00:00:00:00:00"]).mac, None);
        assert_eq!(row(&["mac-address=aa:bb:cc:00:00:01"]).mac.as_deref(), Some("AA:BB:CC:00:00:01"));
    }

    #[test]
    fn stars_are_no_password_and_none_is_shown_in_logs() {
        assert_eq!(row(&["password=*****"]).password, Shown::Stars);
        let clear = row(&["password=0417"]);
        assert_eq!(clear.password, Shown::Clear(b"0417".to_vec()));
        assert!(!format!("{clear:?}").contains("0417"));
    }

    #[test]
    fn only_limits_that_differ_are_set() {
        let now = Limits { uptime_s: 60, bytes_in: 7, ..Limits::default() };
        let wanted = Limits { uptime_s: 90, bytes_total: 9, ..Limits::default() };
        let text = words(&set_limits("*1", now, wanted)).join("=");
        for part in ["limit-uptime=90s", "limit-bytes-in=0", "limit-bytes-total=9"] {
            assert!(text.contains(part), "{text}");
        }
        assert!(!text.contains("limit-bytes-out"), "{text}");
    }
}
