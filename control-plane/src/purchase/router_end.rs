//! What an agent's outcome means for a purchase.

use pagos_protocol::{Code as AgentCode, Done, Outcome};

use super::machine::RouterEnd;
use super::state::LoginEnd;
use crate::domain::code::Code;
use crate::domain::failure::{Failure, FailureKind};
use crate::link::SendError;

/// Meaning for an act that changes the router.
#[must_use]
pub fn act(result: &Result<Outcome, SendError>) -> RouterEnd {
    match result {
        Ok(Outcome::Done { .. }) => RouterEnd::Done,
        Ok(Outcome::Refused { code: AgentCode::NameTaken, .. }) => RouterEnd::NameTaken,
        Ok(Outcome::Refused { code: AgentCode::UserGone, .. }) => RouterEnd::Gone,
        Ok(Outcome::Refused { code: AgentCode::Stale, .. }) => RouterEnd::Stale,
        Ok(Outcome::Refused { code, .. }) => RouterEnd::Refused(failure(*code)),
        Ok(Outcome::Failed { code, .. }) => RouterEnd::Unclear(failure(*code)),
        Ok(Outcome::Unknown) => RouterEnd::Unclear(failure(AgentCode::Unknown)),
        Err(SendError::Offline) => {
            RouterEnd::Refused(Failure::new(Code::AgentOffline, FailureKind::Unavailable))
        }
        Err(SendError::NoAnswer) => RouterEnd::Unclear(failure(AgentCode::DeadlinePassed)),
    }
}

/// Meaning for the login of a device.
#[must_use]
pub fn login(result: &Result<Outcome, SendError>) -> LoginEnd {
    match result {
        Ok(Outcome::Done { done: Done::LoggedIn { .. } }) => LoginEnd::Connected,
        Ok(Outcome::Refused { code, .. } | Outcome::Failed { code, .. }) => match code {
            AgentCode::LoginUnverified => LoginEnd::Unverified,
            AgentCode::DeadlinePassed => LoginEnd::TimedOut,
            AgentCode::DeviceNotSeen => LoginEnd::DeviceNotSeen,
            AgentCode::DeviceLimitReached => LoginEnd::DeviceLimit,
            AgentCode::LicenseLimitReached => LoginEnd::LicenseLimit,
            AgentCode::DeviceModeForbids => LoginEnd::DeviceMode,
            AgentCode::RadiusFailed => LoginEnd::Radius,
            AgentCode::NameTaken
            | AgentCode::ProfileNotFound
            | AgentCode::Stale
            | AgentCode::UserGone
            | AgentCode::RouterUnreachable
            | AgentCode::RouterLoginFailed
            | AgentCode::PermissionDenied
            | AgentCode::RouterError
            | AgentCode::LoginRefused
            | AgentCode::CredentialsInvalid
            | AgentCode::AccessExpired
            | AgentCode::UnknownRouter
            | AgentCode::Unsupported
            | AgentCode::JournalFailed
            | AgentCode::Busy
            | AgentCode::Unknown => LoginEnd::Failed,
        },
        Err(SendError::NoAnswer) => LoginEnd::TimedOut,
        Ok(Outcome::Done { .. } | Outcome::Unknown) | Err(SendError::Offline) => LoginEnd::Failed,
    }
}

/// What the buyer's page is told when an act did not succeed for this reason.
fn failure(code: AgentCode) -> Failure {
    match code {
        AgentCode::ProfileNotFound => Failure::new(Code::ProfileNotFound, FailureKind::Fault),
        AgentCode::RouterLoginFailed => Failure::new(Code::RouterLoginFailed, FailureKind::Fault),
        AgentCode::RouterUnreachable | AgentCode::DeadlinePassed | AgentCode::Busy => {
            Failure::new(Code::RouterUnreachable, FailureKind::Unavailable)
        }
        AgentCode::UnknownRouter | AgentCode::JournalFailed => {
            Failure::new(Code::AgentOffline, FailureKind::Unavailable)
        }
        AgentCode::NameTaken
        | AgentCode::Stale
        | AgentCode::UserGone
        | AgentCode::PermissionDenied
        | AgentCode::RouterError
        | AgentCode::DeviceNotSeen
        | AgentCode::LoginRefused
        | AgentCode::LoginUnverified
        | AgentCode::DeviceLimitReached
        | AgentCode::CredentialsInvalid
        | AgentCode::AccessExpired
        | AgentCode::LicenseLimitReached
        | AgentCode::DeviceModeForbids
        | AgentCode::RadiusFailed
        | AgentCode::Unsupported
        | AgentCode::Unknown => Failure::new(Code::RouterError, FailureKind::Fault),
    }
}
