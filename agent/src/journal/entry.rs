//! What is remembered about one purchase.

use pagos_protocol::Outcome;

/// The kind of a decision about a purchase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Make the user.
    Reserve,
    /// The user is paid.
    Confirm,
    /// Remove the user.
    Release,
    /// Shut the user out and leave it.
    Revoke,
}

impl Kind {
    /// All kinds, for tests that exhaust them.
    pub const ALL: [Self; 4] = [Self::Reserve, Self::Confirm, Self::Release, Self::Revoke];

    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reserve => "reserve",
            Self::Confirm => "confirm",
            Self::Release => "release",
            Self::Revoke => "revoke",
        }
    }

    /// The kind a stored word names.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// How far a command got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Version of the decision behind the command.
    pub version: u64,
    /// How it ended; `None` from before the router is touched until the end is known.
    pub outcome: Option<Outcome>,
}

/// The journal's entry of one purchase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The purchase (`TRX_…`).
    pub purchase_id: String,
    /// The router it is on.
    pub router_id: String,
    /// User name.
    pub name: String,
    /// Profile name; empty when no command has named one.
    pub profile: String,
    /// Row of the user on the router, once this agent has made or adopted it.
    pub row_id: Option<String>,
    /// The newest decision; `None` when only logins were asked for.
    pub decision: Option<(Kind, Slot)>,
    /// The newest login.
    pub login: Option<Slot>,
    /// When the newest command was taken up, wall clock in milliseconds.
    pub started_at: i64,
    /// Since when nothing is left to do for the purchase; entries are forgotten 90 days after.
    pub finished_at: Option<i64>,
    /// When to ask the control plane what became of the purchase; `None` when nothing is left to be decided.
    pub ask_at: Option<i64>,
    /// Whether the paid user was looked for and is gone.
    pub missing: bool,
    /// Whether a reservation was cut off, so that the router may make its user late.
    pub doubt: bool,
    /// Whether the user was confirmed at some time.
    pub confirmed: bool,
}

/// What was last seen of a router.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// What tells the box from others; empty if it does not say.
    pub serial: String,
    /// How long it had been up, in seconds.
    pub uptime_s: u64,
    /// When, wall clock in milliseconds.
    pub seen_at: i64,
}

impl Entry {
    /// An entry that remembers no command yet.
    #[must_use]
    pub fn new(purchase_id: &str, router_id: &str, name: &str, now_ms: i64) -> Self {
        Self {
            purchase_id: purchase_id.to_owned(),
            router_id: router_id.to_owned(),
            name: name.to_owned(),
            profile: String::new(),
            row_id: None,
            decision: None,
            login: None,
            started_at: now_ms,
            finished_at: None,
            ask_at: None,
            missing: false,
            doubt: false,
            confirmed: false,
        }
    }
}
