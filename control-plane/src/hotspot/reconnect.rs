//! A device is let in again, though it may have another MAC than before.

use pagos_protocol::outcome::{self, Session, Usage};
use pagos_protocol::{Action, Done, command::Reconnect};

use super::{Answer, Away, Hotspot, Visitor, name};
use crate::domain::bucket::TooMuch;
use crate::metrics::{Counter, count};
use crate::store::api_keys::Identity;

/// A device whose user comes back.
pub struct Visit {
    /// Who says to be the user.
    pub visitor: Visitor,
    /// MAC of the device, upper case with colons.
    pub mac: String,
    /// Its IPv4, if the portal saw it.
    pub ip: Option<String>,
}

/// How a visit ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Return {
    /// The device is online.
    Online {
        /// Whether it was before.
        already: bool,
        /// Its session.
        session: Session,
        /// What the user has used of its time.
        usage: Usage,
    },
    /// The user proved to be it, and its device is not online.
    Offline {
        /// Why.
        why: Why,
        /// What the user has used of its time.
        usage: Usage,
    },
    /// There is no such user, or the password is another.
    Stranger,
    /// Nothing can be told.
    Away(Away),
}

/// Why the device of a known user is not online.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The user is disabled, or its time or bytes are used up.
    Expired,
    /// The device is not on the hotspot's network.
    NotSeen,
    /// The user has as many devices as it may.
    TooManyDevices,
    /// The router accepted the login, and no session was seen.
    Unverified,
    /// The licence of the router allows no more sessions.
    License,
    /// The device mode of the router forbids the hotspot.
    DeviceMode,
    /// The RADIUS server of the router said no, or nothing.
    Radius,
    /// The router refused it for another reason.
    Refused,
}

impl Return {
    /// One word for counters and logs.
    const fn word(&self) -> &'static str {
        match self {
            Self::Online { already: true, .. } => "already_connected",
            Self::Online { already: false, .. } => "reconnected",
            Self::Offline { why, .. } => match why {
                Why::Expired => "expired",
                Why::NotSeen => "device_not_seen",
                Why::TooManyDevices => "device_limit",
                Why::Unverified => "unverified",
                Why::License => "license_limit",
                Why::DeviceMode => "device_mode",
                Why::Radius => "radius",
                Why::Refused => "refused",
            },
            Self::Stranger => "credentials_invalid",
            Self::Away(Away::Inactive) => "router_inactive",
            Self::Away(Away::Unreachable) => "router_unreachable",
            Self::Away(Away::Fault) => "fault",
        }
    }
}

impl Hotspot {
    /// Lets a device in again. What was begun at the router goes on when the future is dropped.
    ///
    /// # Errors
    /// [`TooMuch`] when there were too many wrong passwords of late.
    pub async fn reconnect(&self, key: &Identity, visit: Visit) -> Result<Return, TooMuch> {
        let end = self.let_in(key, visit).await?;
        tracing::info!(router.id = %key.router_id, reconnect.end = end.word(), "device asked to be let in again");
        count(Counter::Reconnections, &[("end", end.word())]);
        Ok(end)
    }

    async fn let_in(&self, key: &Identity, visit: Visit) -> Result<Return, TooMuch> {
        let visitor = &visit.visitor;
        let credentials = match self.credentials(&key.company_id, &key.router_id, visitor).await {
            Ok(credentials) => credentials,
            Err(away) => return Ok(Return::Away(away)),
        };
        if name::looks_like_mac(&visitor.name) || !name::is_possible(&visitor.name) {
            return Ok(Return::Stranger);
        }
        let guess = self.guess(key, Some(&visit.mac), &visitor.name)?;
        let action = Action::Reconnect(Reconnect { credentials, mac: visit.mac, ip: visit.ip });
        let end = match self.ask(&key.router_id, action).await {
            Ok(Answer::Stranger) => return Ok(Return::Stranger),
            Ok(Answer::Done(done)) => told(done),
            Err(away) => Return::Away(away),
        };
        guess.take_back(self.0.clock.now());
        Ok(end)
    }
}

fn told(done: Done) -> Return {
    match done {
        Done::Reconnected { already, session, usage } => Return::Online { already, session, usage },
        Done::NotReconnected { code, detail, usage } => {
            let why = why(code);
            if matches!(why, Why::License | Why::DeviceMode | Why::Radius | Why::Refused) {
                tracing::warn!(reconnect.why = ?why, "router refused a device");
                // The router's words may name user and device.
                tracing::debug!(detail, "what the router said");
            }
            Return::Offline { why, usage }
        }
        Done::Reserved
        | Done::Confirmed
        | Done::Released
        | Done::Revoked
        | Done::LoggedIn { .. }
        | Done::UserChecked { .. }
        | Done::User { .. }
        | Done::Users { .. }
        | Done::Profiles { .. }
        | Done::Probed { .. }
        | Done::RouterSet
        | Done::Unknown => Return::Away(Away::Fault),
    }
}

fn why(code: outcome::Code) -> Why {
    match code {
        outcome::Code::AccessExpired => Why::Expired,
        outcome::Code::DeviceNotSeen => Why::NotSeen,
        outcome::Code::DeviceLimitReached => Why::TooManyDevices,
        outcome::Code::LoginUnverified => Why::Unverified,
        outcome::Code::LicenseLimitReached => Why::License,
        outcome::Code::DeviceModeForbids => Why::DeviceMode,
        outcome::Code::RadiusFailed => Why::Radius,
        outcome::Code::LoginRefused
        | outcome::Code::NameTaken
        | outcome::Code::ProfileNotFound
        | outcome::Code::Stale
        | outcome::Code::UserGone
        | outcome::Code::RouterUnreachable
        | outcome::Code::RouterLoginFailed
        | outcome::Code::PermissionDenied
        | outcome::Code::RouterError
        | outcome::Code::DeadlinePassed
        | outcome::Code::CredentialsInvalid
        | outcome::Code::UnknownRouter
        | outcome::Code::Unsupported
        | outcome::Code::JournalFailed
        | outcome::Code::Busy
        | outcome::Code::Unknown => Why::Refused,
    }
}
