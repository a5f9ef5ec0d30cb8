//! The control plane's end of the link to the agents.
//!
//! | module | holds |
//! |---|---|
//! | [`authority`] | the certificate authority: signs agents, and the listener's own certificate |
//! | [`settings`] | a router's address and login on their way to an agent |
//! | [`token`] | the one-time token that an installer pastes |
//! | [`enrolment`] | what happens when a box presents a token |
//! | [`listener`] | the TLS listener and its two endpoints |
//! | `session` | one agent's connection: hello, welcome, frames in, frames out |
//! | `live` | what the rest of the process holds of a connection: its queue and the commands that wait |
//! | [`site`] | what agents ask and tell about reservations, and the port of who answers |
//! | [`hub`] | which router is reachable through which connection |
//!
//! An agent is known by the fingerprint of its certificate and by nothing it says. The routers it serves are those of
//! its site in the database. A frame is trusted for the outcome of a command sent on that connection, and for what it says
//! about the agent's own routers; whatever it names beside is looked up among what is theirs.

pub mod authority;
pub mod enrolment;
pub mod hub;
pub mod listener;
mod live;
mod session;
pub mod settings;
pub mod site;
pub mod token;

use std::time::Duration;

use futures_util::future::BoxFuture;
use pagos_protocol::{Action, Outcome};

use crate::domain::id::RouterId;

pub use authority::{Authority, AuthorityError};
pub use hub::Hub;
#[cfg(feature = "simulation")]
pub use listener::serve_simulated;
pub use listener::{Context, ListenError, serve};
pub use site::{Place, SitePort};
pub use token::{IssueError, issue_token};

/// Sends actions to routers, whoever carries them.
pub trait LinkPort: Send + Sync {
    /// Sends one action to the agent of `router` and waits for its outcome, at most `deadline`.
    ///
    /// A dropped future stops waiting; the action may be carried out all the same.
    fn send(
        &self,
        router: &RouterId,
        action: Action,
        deadline: Duration,
    ) -> BoxFuture<'static, Result<Outcome, SendError>>;
}

/// Why an action has no outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Nothing left this process: no agent is connected for the router, or its queue is full.
    #[error("the agent of the router is not connected")]
    Offline,
    /// It was sent and no outcome came back; it may have been carried out.
    #[error("the agent did not answer in time")]
    NoAnswer,
}
