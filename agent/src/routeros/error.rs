//! What can go wrong with a router, and what its error texts mean.
//!
//! RouterOS has no error codes that can be relied on. Texts are compared in lower case by what they contain, and the
//! raw text is kept for the operator.

/// One `!trap` of the router.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trap {
    /// The router's words; bytes that are no UTF-8 are replaced. Empty when it gave none.
    pub message: String,
    /// `=category=`, if it gave one; a hint only.
    pub category: Option<u8>,
}

impl Trap {
    /// What the text means.
    #[must_use]
    pub fn class(&self) -> TrapClass {
        TrapClass::of(&self.message)
    }
}

/// What a trap of a menu command means to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrapClass {
    /// A row with this name is there already.
    Duplicate,
    /// The row named is not there (any more).
    Gone,
    /// A profile or server named does not exist.
    BadReference,
    /// A name given is the beginning of several names.
    Ambiguous,
    /// This version has no such argument.
    UnknownParameter,
    /// This version or device has no such command.
    MenuMissing,
    /// An argument's value is not accepted.
    BadValue,
    /// An argument is missing.
    MissingValue,
    /// The agent's router user may not do this.
    Permission,
    /// The device mode forbids the hotspot.
    DeviceMode,
    /// User name or password of the agent's router user are wrong.
    Credentials,
    /// The router has forgotten the session.
    NotLoggedIn,
    /// The command was cancelled.
    Interrupted,
    /// The router could not do it just now.
    Transient,
    /// A text that is not known.
    Other,
}

/// The first text that is contained decides.
const TRAP_TEXTS: [(&str, TrapClass); 26] = [
    ("already have user with this name", TrapClass::Duplicate),
    ("with the same name already exists", TrapClass::Duplicate),
    ("no such item", TrapClass::Gone),
    ("input does not match any value of", TrapClass::BadReference),
    ("ambiguous value of", TrapClass::Ambiguous),
    ("more than one possible value matches", TrapClass::Ambiguous),
    ("unknown parameter", TrapClass::UnknownParameter),
    ("no such command", TrapClass::MenuMissing),
    ("invalid value for argument", TrapClass::BadValue),
    ("invalid value of", TrapClass::BadValue),
    ("value of", TrapClass::BadValue),
    ("missing =", TrapClass::MissingValue),
    ("missing value", TrapClass::MissingValue),
    ("not enough permissions", TrapClass::Permission),
    ("not allowed by device-mode", TrapClass::DeviceMode),
    ("invalid user name or password", TrapClass::Credentials),
    ("cannot log in", TrapClass::Credentials),
    ("could not authenticate", TrapClass::Credentials),
    ("not logged in", TrapClass::NotLoggedIn),
    ("interrupted", TrapClass::Interrupted),
    ("action failed", TrapClass::Transient),
    ("action timed out", TrapClass::Transient),
    ("timeout", TrapClass::Transient),
    ("std failure", TrapClass::Transient),
    ("try again", TrapClass::Transient),
    ("busy", TrapClass::Transient),
];

impl TrapClass {
    /// What a text means.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let text = text.to_lowercase();
        let known = TRAP_TEXTS.iter().find(|(part, _)| text.contains(part)).map(|(_, class)| *class);
        // A failure without any reason is not one that a person could mend.
        known.unwrap_or(if text.trim() == "failure" { Self::Transient } else { Self::Other })
    }
}

/// What a trap of `/ip/hotspot/active/login` means to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginClass {
    /// The address is not in the host table.
    HostUnknown,
    /// Another login of the device is under way.
    InProgress,
    /// The device has a session already.
    AlreadyIn,
    /// Address and MAC do not belong together.
    WrongMac,
    /// The user has as many sessions as it may.
    UserSessions,
    /// The hotspot cannot do it just now.
    Transient,
    /// There is no such user, it is disabled, or the password is another.
    Credentials,
    /// The user has used up its time or its bytes.
    Spent,
    /// The licence allows no more sessions.
    License,
    /// The RADIUS server does not answer.
    RadiusSilent,
    /// The RADIUS server refused it.
    Radius,
    /// Any other reason.
    Refused,
}

/// The first text that is contained decides. An operator may have translated the texts: unknown ones are refusals.
const LOGIN_TEXTS: [(&str, LoginClass); 21] = [
    ("unknown host ip", LoginClass::HostUnknown),
    ("already authorizing", LoginClass::InProgress),
    ("already logged in", LoginClass::AlreadyIn),
    ("already authorized", LoginClass::AlreadyIn),
    ("this mac address is not yours", LoginClass::Refused),
    ("not allowed to log in from this mac", LoginClass::Refused),
    ("wrong mac", LoginClass::WrongMac),
    ("no more sessions are allowed", LoginClass::UserSessions),
    ("simultaneous session limit", LoginClass::UserSessions),
    ("session limit reached", LoginClass::License),
    ("invalid username or password", LoginClass::Credentials),
    ("invalid user name or password", LoginClass::Credentials),
    ("reached uptime limit", LoginClass::Spent),
    ("reached traffic limit", LoginClass::Spent),
    ("transfer limit reached", LoginClass::Spent),
    ("radius server is not responding", LoginClass::RadiusSilent),
    ("radius", LoginClass::Radius),
    ("no valid profile found", LoginClass::Radius),
    ("invalid calling-station-id", LoginClass::Radius),
    ("shutting down", LoginClass::Transient),
    ("internal error", LoginClass::Transient),
];

impl LoginClass {
    /// What a text means.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let text = text.to_lowercase();
        LOGIN_TEXTS.iter().find(|(part, _)| text.contains(part)).map_or(Self::Refused, |(_, class)| *class)
    }
}

/// Why a command brought no reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// No connection could be made, or none is tried now; the command was not sent.
    #[error("the router cannot be reached: {0}")]
    Unreachable(String),
    /// The router refused the agent's login; the command was not sent.
    #[error("the router refused the agent's login: {0}")]
    LoginRefused(String),
    /// The router is to be reached over TLS, which this version of the agent cannot; the command was not sent.
    #[error("TLS routers (port 8729) are not supported yet")]
    TlsUnsupported,
    /// Too many commands wait for the router; the command was not sent.
    #[error("too many commands wait for the router")]
    QueueFull,
    /// The connection is no longer in use (the router was removed or its settings replaced); the command was not sent.
    #[error("the connection to the router was given up")]
    Retired,
    /// The deadline passed.
    #[error("the router did not answer in time")]
    DeadlinePassed {
        /// Whether the command had been sent by then.
        sent: bool,
    },
    /// The connection ended after the command was sent and before its reply was complete.
    #[error("the connection to the router ended before its answer: {0}")]
    Lost(String),
    /// The router answered with an error.
    #[error("the router answered: {}", .0.message)]
    Trap(Trap),
    /// The reply was larger than we take.
    #[error("the router's reply is too large")]
    ReplyTooLarge,
}

impl CallError {
    /// Whether a command that changes something may have taken effect all the same.
    #[must_use]
    pub fn effect_unknown(&self) -> bool {
        match self {
            Self::DeadlinePassed { sent } => *sent,
            Self::Lost(_) | Self::ReplyTooLarge => true,
            Self::Trap(trap) => match trap.class() {
                TrapClass::Interrupted | TrapClass::Transient => true,
                TrapClass::Duplicate
                | TrapClass::Gone
                | TrapClass::BadReference
                | TrapClass::Ambiguous
                | TrapClass::UnknownParameter
                | TrapClass::MenuMissing
                | TrapClass::BadValue
                | TrapClass::MissingValue
                | TrapClass::Permission
                | TrapClass::DeviceMode
                | TrapClass::Credentials
                | TrapClass::NotLoggedIn
                | TrapClass::Other => false,
            },
            Self::Unreachable(_)
            | Self::LoginRefused(_)
            | Self::TlsUnsupported
            | Self::QueueFull
            | Self::Retired => false,
        }
    }

    /// The trap's class, when the router answered with one.
    #[must_use]
    pub fn trap_class(&self) -> Option<TrapClass> {
        match self {
            Self::Trap(trap) => Some(trap.class()),
            Self::Unreachable(_)
            | Self::LoginRefused(_)
            | Self::TlsUnsupported
            | Self::QueueFull
            | Self::Retired
            | Self::DeadlinePassed { .. }
            | Self::Lost(_)
            | Self::ReplyTooLarge => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_both_eras_have_their_class() {
        for (text, class) in [
            ("failure: already have user with this name for this server", TrapClass::Duplicate),
            ("profile with the same name already exists", TrapClass::Duplicate),
            ("no such item (4)", TrapClass::Gone),
            ("input does not match any value of profile", TrapClass::BadReference),
            ("ambiguous value of profile, more than one possible value matches input", TrapClass::Ambiguous),
            ("unknown parameter profil", TrapClass::UnknownParameter),
            ("no such command or directory (hotspot)", TrapClass::MenuMissing),
            ("no such command prefix", TrapClass::MenuMissing),
            ("invalid value for argument limit-uptime", TrapClass::BadValue),
            ("value of limit-uptime expects range", TrapClass::BadValue),
            ("missing =name=", TrapClass::MissingValue),
            ("missing value(s) of argument(s) numbers", TrapClass::MissingValue),
            ("not enough permissions (9)", TrapClass::Permission),
            ("failure: not allowed by device-mode", TrapClass::DeviceMode),
            ("Invalid user name or password (6)", TrapClass::Credentials),
            ("cannot log in", TrapClass::Credentials),
            ("not logged in", TrapClass::NotLoggedIn),
            ("interrupted", TrapClass::Interrupted),
            ("std failure: timeout (13)", TrapClass::Transient),
            ("failure", TrapClass::Transient),
            ("failure: something else", TrapClass::Other),
            ("", TrapClass::Other),
        ] {
            assert_eq!(TrapClass::of(text), class, "{text}");
        }
    }

    #[test]
    fn login_texts_have_their_class() {
        for (text, class) in [
            ("unknown host IP 0.0.0.0", LoginClass::HostUnknown),
            ("already authorizing, retry later", LoginClass::InProgress),
            ("failure: user already logged in", LoginClass::AlreadyIn),
            ("invalid username or password", LoginClass::Credentials),
            ("invalid username (x): this MAC address is not yours", LoginClass::Refused),
            ("user x is not allowed to log in from this MAC address", LoginClass::Refused),
            ("wrong mac", LoginClass::WrongMac),
            ("no more sessions are allowed for user x", LoginClass::UserSessions),
            ("simultaneous session limit reached", LoginClass::UserSessions),
            ("session limit reached", LoginClass::License),
            ("user x has reached uptime limit", LoginClass::Spent),
            ("user x has reached traffic limit", LoginClass::Spent),
            ("RADIUS server is not responding", LoginClass::RadiusSilent),
            ("no valid profile found", LoginClass::Radius),
            ("hotspot service is shutting down", LoginClass::Transient),
            ("límite alcanzado", LoginClass::Refused),
        ] {
            assert_eq!(LoginClass::of(text), class, "{text}");
        }
    }
}
