//! How a command ended.

use serde::{Deserialize, Serialize};

/// The three ways a command ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum Outcome {
    /// It is done, now or by an earlier delivery.
    Done {
        /// What came of it.
        done: Done,
    },
    /// It was not done and nothing on the router was changed.
    Refused {
        /// Why.
        code: Code,
        /// The router's own words, for the operator.
        #[serde(default)]
        detail: String,
    },
    /// It was tried and did not succeed; the router may or may not have been changed.
    Failed {
        /// Why.
        code: Code,
        /// Whether trying again can help.
        retryable: bool,
        /// The router's own words, for the operator.
        #[serde(default)]
        detail: String,
    },
    /// An outcome of a newer agent; treated as `Failed` and retryable.
    #[serde(other)]
    Unknown,
}

impl Outcome {
    /// A refusal: nothing on the router was changed.
    pub fn refused(code: Code, detail: impl Into<String>) -> Self {
        Self::Refused { code, detail: detail.into() }
    }

    /// A failure after which the state of the router is not known.
    pub fn failed(code: Code, detail: impl Into<String>) -> Self {
        Self::Failed { code, retryable: code.retryable(), detail: detail.into() }
    }

    /// Success.
    #[must_use]
    pub fn done(done: Done) -> Self {
        Self::Done { done }
    }
}

/// What came of a command that was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Done {
    /// The user of a purchase stands on the router.
    Reserved,
    /// The user is enabled and carries no mark.
    Confirmed,
    /// No user, session or cookie of the purchase is left.
    Released,
    /// The user of the purchase, if there is one, is disabled and has neither session nor cookie.
    Revoked,
    /// A session of the device was seen in the active table.
    LoggedIn {
        /// Whether it was there before the login was tried.
        already: bool,
    },
    /// The device of a user who proved to be it is online.
    Reconnected {
        /// Whether it was online before anything was tried.
        already: bool,
        /// Its session.
        session: Session,
        /// What the user has used of its time.
        usage: Usage,
    },
    /// The user proved to be it, and its device is not online.
    NotReconnected {
        /// Why.
        code: Code,
        /// The router's own words, for the operator.
        detail: String,
        /// What the user has used of its time.
        usage: Usage,
    },
    /// The user who proved to be it.
    UserChecked {
        /// The row.
        user: User,
        /// Whether its password is empty.
        pin: bool,
        /// `mac-cookie-timeout` of its profile.
        mac_cookie_timeout: Option<String>,
        /// `mac-authentication` of its profile.
        mac_authentication: bool,
    },
    /// The user asked for; none when there is no such user.
    User {
        /// The row, if there is one.
        user: Option<User>,
    },
    /// Those of the users asked for that exist.
    Users {
        /// Their rows, in the router's order.
        users: Vec<User>,
    },
    /// The profiles of the router.
    Profiles {
        /// One entry per profile, at most [`PROFILES_MAX`].
        profiles: Vec<Profile>,
    },
    /// The router answered.
    Probed {
        /// `/system/identity` name.
        identity: String,
        /// RouterOS version as printed.
        version: String,
        /// Number of user profiles.
        profiles: u32,
    },
    /// The new settings are stored and in use.
    RouterSet,
    /// Something a newer agent did.
    #[serde(other)]
    Unknown,
}

/// Most profiles reported in one answer.
pub const PROFILES_MAX: usize = 150;

/// One row of `/ip/hotspot/user`, without its password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Row id on the router.
    pub id: String,
    /// Exact name.
    pub name: String,
    /// Profile name.
    pub profile: String,
    /// Whether the row is disabled.
    pub disabled: bool,
    /// Comment, empty if none.
    pub comment: String,
    /// Paid time as the router prints it, if limited.
    pub limit_uptime: Option<String>,
}

/// One row of `/ip/hotspot/active`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Name of the user, or of its clone for the device.
    pub user: String,
    /// Address of the device.
    pub address: String,
    /// How long it has lasted, as the router prints it.
    pub uptime: String,
    /// Bytes from the device.
    pub bytes_in: u64,
    /// Bytes to the device.
    pub bytes_out: u64,
}

/// Time of a user, its clones included, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Time of all sessions.
    pub used_s: u64,
    /// What is left: of its paid time, or where that has no limit, of its session.
    pub left_s: Option<u64>,
}

/// One row of `/ip/hotspot/user/profile`; values as the router prints them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Row id on the router.
    pub id: String,
    /// Exact name.
    pub name: String,
    /// `session-timeout`.
    pub session_timeout: Option<String>,
    /// `idle-timeout`.
    pub idle_timeout: Option<String>,
    /// `keepalive-timeout`.
    pub keepalive_timeout: Option<String>,
    /// `status-autorefresh`.
    pub status_autorefresh: Option<String>,
    /// `shared-users`.
    pub shared_users: Option<String>,
    /// `rate-limit`.
    pub rate_limit: Option<String>,
    /// `address-list`.
    pub address_list: Option<String>,
    /// `mac-cookie-timeout`.
    pub mac_cookie_timeout: Option<String>,
}

/// Why a command was refused or failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// Another user has the name: draw again.
    NameTaken,
    /// The profile does not exist on the router.
    ProfileNotFound,
    /// A newer decision about the purchase is journalled already.
    Stale,
    /// The paid user is gone from the router.
    UserGone,
    /// The router could not be reached, or did not answer.
    RouterUnreachable,
    /// The router refuses the agent's login.
    RouterLoginFailed,
    /// The agent's router user may not do this.
    PermissionDenied,
    /// Any other answer of the router.
    RouterError,
    /// The deadline passed before it was done.
    DeadlinePassed,
    /// The device is not in the host table.
    DeviceNotSeen,
    /// The router refused the device's login.
    LoginRefused,
    /// The login was accepted but no session was seen.
    LoginUnverified,
    /// The user has as many devices online as it may.
    DeviceLimitReached,
    /// There is no such user, or the password is another.
    CredentialsInvalid,
    /// The user is disabled, or its time or bytes are used up.
    AccessExpired,
    /// The router's licence allows no more sessions.
    LicenseLimitReached,
    /// The router's device mode forbids the hotspot.
    DeviceModeForbids,
    /// The RADIUS server of the router refused the device, or does not answer.
    RadiusFailed,
    /// The agent has no such router.
    UnknownRouter,
    /// The agent does not know this action.
    Unsupported,
    /// The agent could not write its journal.
    JournalFailed,
    /// The agent cannot take it now: too many commands wait for the router, or the agent's journal is new and the open
    /// reservations have not been handed over to it yet.
    Busy,
    /// A code of a newer agent.
    #[serde(other)]
    Unknown,
}

impl Code {
    /// Whether the same command may succeed later without a person doing something.
    #[must_use]
    pub fn retryable(self) -> bool {
        match self {
            Self::RouterUnreachable
            | Self::DeadlinePassed
            | Self::RouterError
            | Self::JournalFailed
            | Self::Busy
            | Self::DeviceNotSeen
            | Self::LoginUnverified
            | Self::RouterLoginFailed
            | Self::PermissionDenied
            | Self::LicenseLimitReached
            | Self::DeviceModeForbids
            | Self::RadiusFailed
            | Self::UnknownRouter
            | Self::Unknown => true,
            Self::NameTaken
            | Self::ProfileNotFound
            | Self::Stale
            | Self::UserGone
            | Self::LoginRefused
            | Self::DeviceLimitReached
            | Self::CredentialsInvalid
            | Self::AccessExpired
            | Self::Unsupported => false,
        }
    }
}
