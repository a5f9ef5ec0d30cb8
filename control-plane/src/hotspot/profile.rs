//! What a user has, told to who gives its password.

use pagos_protocol::outcome::User;
use pagos_protocol::{Action, Done};

use super::{Answer, Away, Hotspot, Visitor, name};
use crate::domain::bucket::TooMuch;
use crate::limits::guesses::Guess;
use crate::store::api_keys::Identity;

/// What is told about a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Profile {
    /// The visitor is the user.
    Known {
        /// The row on the router.
        user: User,
        /// Whether its password is empty.
        pin: bool,
        /// How long a device may come back by itself, as the router prints it.
        mac_cookie_timeout: Option<String>,
        /// Whether devices are let in by their MAC alone.
        mac_authentication: bool,
    },
    /// There is no such user, or the password is another.
    Stranger,
    /// Nothing can be told.
    Away(Away),
}

impl Hotspot {
    /// Tells a visitor what it has.
    ///
    /// # Errors
    /// [`TooMuch`] when there were too many wrong passwords of late.
    pub async fn profile(&self, key: &Identity, visitor: &Visitor) -> Result<Profile, TooMuch> {
        let credentials = match self.credentials(&key.company_id, &key.router_id, visitor).await {
            Ok(credentials) => credentials,
            Err(away) => return Ok(Profile::Away(away)),
        };
        if !name::is_possible(&visitor.name) {
            return Ok(Profile::Stranger);
        }
        let guess = self.guess(key, None, &visitor.name)?;
        let profile = match self.ask(&key.router_id, Action::CheckUser { credentials }).await {
            Ok(Answer::Stranger) => return Ok(Profile::Stranger),
            Ok(Answer::Done(Done::UserChecked { user, pin, mac_cookie_timeout, mac_authentication })) => {
                Profile::Known { user, pin, mac_cookie_timeout, mac_authentication }
            }
            Ok(Answer::Done(_)) => Profile::Away(Away::Fault),
            Err(away) => Profile::Away(away),
        };
        guess.take_back(self.0.clock.now());
        Ok(profile)
    }

    /// Counts a try; clones of a user count as the user.
    pub(super) fn guess(&self, key: &Identity, mac: Option<&str>, name: &str) -> Result<Guess, TooMuch> {
        let user = name::base_of_clone(name).unwrap_or(name);
        self.0.guesses.begin(&key.router_id, mac, user, self.0.clock.now())
    }
}
