//! Users of a hotspot who come back: their devices are let in again, and they are told what they have.
//!
//! | module | holds |
//! |---|---|
//! | [`name`] | a user's name as portals send it |
//! | [`reconnect`] | a device is let in again |
//! | [`profile`] | what a user has |
//!
//! Name and password are judged at the router by the agent, in one command. What is known here is the password that the
//! user was sold with, since a router may hide its own. Wrong tries are slowed.

pub mod name;
pub mod profile;
pub mod reconnect;

use std::sync::Arc;
use std::time::Duration;

use pagos_protocol::{Action, Outcome, Secret, command::Credentials, outcome};

use crate::causes::chain;
use crate::domain::id::{CompanyId, RouterId};
use crate::limits::guesses::Guesses;
use crate::link::{LinkPort, SendError};
use crate::seams::Clock;
use crate::store::{Store, StoreError, hotspot_users, ledger, routers};
use crate::vault::{Context, Vault, VaultError};

/// Longest wait for the agent and its router, in milliseconds.
const ROUTER_WAIT_MS: u64 = 10_000;

/// What the service works with.
pub struct Parts {
    /// The database.
    pub store: Store,
    /// Opens the passwords that users were sold with.
    pub vault: Arc<Vault>,
    /// Time of day.
    pub clock: Clock,
    /// Routers.
    pub link: Arc<dyn LinkPort>,
    /// Counts wrong passwords.
    pub guesses: Guesses,
}

/// Serves users who come back. Cheap to clone.
#[derive(Clone)]
pub struct Hotspot(Arc<Parts>);

/// What somebody gives to be known.
#[derive(Clone)]
pub struct Visitor {
    /// Name of a user or of one of its clones, as the router knows it.
    pub name: String,
    /// Password, empty for a PIN user.
    pub password: Secret,
}

/// Why nothing can be told of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Away {
    /// The router is switched off.
    Inactive,
    /// Agent or router do not answer.
    Unreachable,
    /// Something is wrong inside.
    Fault,
}

/// What went wrong inside.
#[derive(Debug, thiserror::Error)]
enum HotspotError {
    #[error("router and sales could not be read")]
    Store(#[from] StoreError),
    #[error("password of a sale could not be opened")]
    Vault(#[from] VaultError),
}

impl Hotspot {
    /// Makes the service.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// What the agent is to judge a visitor by.
    async fn credentials(
        &self,
        company: &CompanyId,
        router: &RouterId,
        visitor: &Visitor,
    ) -> Result<Credentials, Away> {
        match self.look_up(company, router, &visitor.name).await {
            Ok(Some(sold)) => Ok(Credentials {
                name: visitor.name.clone(),
                password: visitor.password.clone(),
                sold: sold.0,
            }),
            Ok(None) => Err(Away::Inactive),
            Err(error) => {
                tracing::error!(router.id = %router, error = %chain(&error), "hotspot user could not be looked up");
                Err(Away::Fault)
            }
        }
    }

    /// The password that a user was sold with, if it was sold here; none when the router is switched off.
    async fn look_up(
        &self,
        company: &CompanyId,
        router: &RouterId,
        name: &str,
    ) -> Result<Option<Sold>, HotspotError> {
        let mut reader = self.0.store.reader().await?;
        let found = routers::find(&mut reader.conn(), company, router).await?;
        if !found.is_some_and(|router| router.active) {
            return Ok(None);
        }
        if !name::is_possible(name) {
            return Ok(Some(Sold(None)));
        }
        let mut sealed = hotspot_users::password_sealed(&mut reader.conn(), company, router, name).await?;
        if let (None, Some(base)) = (&sealed, name::base_of_clone(name)) {
            sealed = hotspot_users::password_sealed(&mut reader.conn(), company, router, base).await?;
        }
        drop(reader);
        let context = Context { tenant: company.as_str(), field: ledger::PASSWORD_FIELD };
        let open = |sealed: String| self.0.vault.open_sealed(&context, &sealed);
        let password = sealed.map(open).transpose()?;
        Ok(Some(Sold(password.map(|password| Secret::new(password.as_str())))))
    }

    /// Asks the agent of a router. `Err` says why there is no answer about the user.
    async fn ask(&self, router: &RouterId, action: Action) -> Result<Answer, Away> {
        let limit = Duration::from_millis(ROUTER_WAIT_MS);
        let code = match self.0.link.send(router, action, limit).await {
            Err(SendError::Offline | SendError::NoAnswer) => return Err(Away::Unreachable),
            Ok(Outcome::Done { done }) => return Ok(Answer::Done(done)),
            Ok(Outcome::Refused { code: outcome::Code::CredentialsInvalid, .. }) => {
                return Ok(Answer::Stranger);
            }
            Ok(Outcome::Refused { code, detail } | Outcome::Failed { code, detail, .. }) => {
                tracing::warn!(router.id = %router, command.code = ?code, "agent did not judge a user");
                tracing::debug!(router.id = %router, detail, "what the agent said");
                code
            }
            Ok(Outcome::Unknown) => outcome::Code::Unknown,
        };
        Err(if is_out_of_reach(code) { Away::Unreachable } else { Away::Fault })
    }
}

/// The password that a user was sold with.
struct Sold(Option<Secret>);

/// What an agent said about a user.
enum Answer {
    /// It is known.
    Done(pagos_protocol::Done),
    /// There is no such user, or the password is another.
    Stranger,
}

/// Whether the router could not be asked, so that trying again may help.
fn is_out_of_reach(code: outcome::Code) -> bool {
    match code {
        outcome::Code::RouterUnreachable
        | outcome::Code::RouterLoginFailed
        | outcome::Code::DeadlinePassed
        | outcome::Code::Busy => true,
        outcome::Code::NameTaken
        | outcome::Code::ProfileNotFound
        | outcome::Code::Stale
        | outcome::Code::UserGone
        | outcome::Code::PermissionDenied
        | outcome::Code::RouterError
        | outcome::Code::DeviceNotSeen
        | outcome::Code::LoginRefused
        | outcome::Code::LoginUnverified
        | outcome::Code::DeviceLimitReached
        | outcome::Code::CredentialsInvalid
        | outcome::Code::AccessExpired
        | outcome::Code::LicenseLimitReached
        | outcome::Code::DeviceModeForbids
        | outcome::Code::RadiusFailed
        | outcome::Code::UnknownRouter
        | outcome::Code::Unsupported
        | outcome::Code::JournalFailed
        | outcome::Code::Unknown => false,
    }
}
