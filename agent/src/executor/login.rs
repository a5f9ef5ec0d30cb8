//! `Login`: open a session for a device of a paid user, and see it in the active table.
//!
//! The router itself logs the device in by MAC and address; nothing runs on the device. The device must have been seen
//! by the hotspot, so that its address is known.

use std::{net::Ipv4Addr, time::Duration};

use pagos_protocol::{Code, Done, Outcome, command::Login};

use super::act::{Act, clip};
use crate::{
    routeros::{
        CallError, TrapClass,
        error::LoginClass,
        menu::{
            RowId,
            active::{self, ActiveRow},
            host::{self, HostRow},
            profile, user,
        },
    },
    seams::clock,
};

/// How long the device is waited for in the host table, and how often it is looked for.
const HOST_WAIT: Duration = Duration::from_secs(3);
const HOST_PAUSE: Duration = Duration::from_millis(500);

/// How long the session is waited for in the active table, and how often it is looked for.
const VERIFY_WAIT: Duration = Duration::from_secs(6);
const VERIFY_PAUSE: Duration = Duration::from_millis(800);

/// How often the login is tried, all reasons taken together.
const TRIES_MAX: usize = 6;

/// Pause when another login of the device is under way, or the hotspot cannot do it just now.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// Why there is no session; the report of it.
struct Ended(Box<Outcome>);

impl Ended {
    fn with(outcome: Outcome) -> Self {
        Self(Box::new(outcome))
    }
}

/// A login, as far as it got.
struct Attempt<'a> {
    act: &'a mut Act,
    login: &'a Login,
    mac: String,
    /// The device's address as the portal saw it; tells which of several host rows is meant.
    hint: Option<Ipv4Addr>,
    /// Which of the host's addresses is tried next.
    address: usize,
    with_mac: bool,
    with_password_word: bool,
    sessions_removed: bool,
}

/// What follows a login that was tried.
enum Next {
    /// Accepted: the session should be there.
    Verify,
    /// The device had a session before.
    AlreadyIn,
    /// Try again, after reading the host table anew.
    Again,
}

/// Runs a login.
pub(super) async fn run(act: &mut Act, login: &Login) -> Outcome {
    let Some(mac) = canonical_mac(&login.mac) else {
        return Outcome::refused(Code::LoginRefused, "the MAC address is not valid");
    };
    let mut attempt = Attempt {
        act,
        login,
        mac,
        hint: login.ip.as_deref().and_then(|ip| ip.parse().ok()),
        address: 0,
        with_mac: true,
        with_password_word: true,
        sessions_removed: false,
    };
    match attempt.run().await {
        Ok(already) => Outcome::done(Done::LoggedIn { already }),
        Err(Ended(outcome)) => *outcome,
    }
}

impl Attempt<'_> {
    /// Returns whether the session was there before.
    async fn run(&mut self) -> Result<bool, Ended> {
        let sessions = self.sessions().await?;
        if self.has_session(&sessions) {
            return Ok(true);
        }
        let mut host = self.host().await?;
        self.remove_stale(&sessions).await?;
        for _ in 0..TRIES_MAX {
            match self.try_once(&host).await? {
                Next::Verify => return self.verify().await.map(|()| false),
                Next::AlreadyIn => {
                    let sessions = self.sessions().await?;
                    return if self.has_session(&sessions) {
                        Ok(true)
                    } else {
                        let why = "the device has a session of another user";
                        Err(Ended::with(self.act.not_done(Code::LoginRefused, why)))
                    };
                }
                Next::Again => host = self.host().await?,
            }
        }
        Err(Ended::with(self.act.not_done(Code::LoginRefused, "the router refused every try")))
    }

    async fn try_once(&mut self, host: &HostRow) -> Result<Next, Ended> {
        let addresses = host.login_addresses();
        let Some(ip) = addresses.get(self.address % addresses.len().max(1)).copied() else {
            return Err(self.not_seen());
        };
        let password = &self.login.password;
        let password = (self.with_password_word || !password.expose().is_empty()).then_some(password);
        let mac = self.with_mac.then_some(self.mac.as_str());
        let request = active::login(&self.login.name, password, ip, mac);
        match self.act.change(request).await {
            Ok(_) => Ok(Next::Verify),
            Err(error) => self.after(&error, ip).await,
        }
    }

    async fn after(&mut self, error: &CallError, ip: Ipv4Addr) -> Result<Next, Ended> {
        let CallError::Trap(trap) = error else {
            if !matches!(error, CallError::Lost(_)) {
                return Err(Ended::with(self.act.ended(error)));
            }
            // The login may have taken effect before the connection ended.
            let sessions = self.sessions().await?;
            return Ok(if self.has_session(&sessions) { Next::Verify } else { Next::Again });
        };
        match LoginClass::of(&trap.message) {
            LoginClass::AlreadyIn => Ok(Next::AlreadyIn),
            LoginClass::HostUnknown => {
                tracing::debug!(host.ip = %ip, "router does not know the address");
                self.address += 1;
                self.again_after(Duration::ZERO).await
            }
            LoginClass::InProgress | LoginClass::Transient => self.again_after(RETRY_PAUSE).await,
            LoginClass::WrongMac if self.with_mac => {
                self.with_mac = false;
                Ok(Next::Again)
            }
            LoginClass::UserSessions => {
                let sessions = self.sessions().await?;
                if self.sessions_removed || !self.remove_stale(&sessions).await? {
                    return Err(Ended::with(Outcome::refused(Code::DeviceLimitReached, clip(&trap.message))));
                }
                Ok(Next::Again)
            }
            LoginClass::WrongMac | LoginClass::Refused => self.refused(error, &trap.message, trap.class()),
        }
    }

    fn refused(&mut self, error: &CallError, message: &str, class: TrapClass) -> Result<Next, Ended> {
        let no_password = self.login.password.expose().is_empty();
        match class {
            // Some versions are said to take an empty password word for a mistake.
            TrapClass::BadValue | TrapClass::MissingValue if no_password && self.with_password_word => {
                self.with_password_word = false;
                Ok(Next::Again)
            }
            TrapClass::Permission | TrapClass::MenuMissing | TrapClass::DeviceMode => {
                Err(Ended::with(self.act.ended(error)))
            }
            TrapClass::Duplicate
            | TrapClass::Gone
            | TrapClass::BadReference
            | TrapClass::Ambiguous
            | TrapClass::UnknownParameter
            | TrapClass::BadValue
            | TrapClass::MissingValue
            | TrapClass::Credentials
            | TrapClass::NotLoggedIn
            | TrapClass::Interrupted
            | TrapClass::Transient
            | TrapClass::Other => Err(Ended::with(self.act.not_done(Code::LoginRefused, message))),
        }
    }

    async fn again_after(&self, pause: Duration) -> Result<Next, Ended> {
        if self.act.pause(pause).await { Ok(Next::Again) } else { Err(self.too_late()) }
    }

    /// The sessions of the user and those of the device.
    async fn sessions(&self) -> Result<Vec<ActiveRow>, Ended> {
        let request = active::by_user_or_mac(self.login.name.as_bytes(), &self.mac);
        self.read(request).await.map(|reply| ActiveRow::read_all(&reply))
    }

    fn has_session(&self, sessions: &[ActiveRow]) -> bool {
        sessions.iter().any(|row| self.is_devices(row) && self.is_users(row))
    }

    fn is_users(&self, row: &ActiveRow) -> bool {
        row.user == self.login.name.as_bytes()
    }

    fn is_devices(&self, row: &ActiveRow) -> bool {
        std::str::from_utf8(&row.mac).ok().and_then(canonical_mac).as_deref() == Some(&self.mac)
    }

    /// The device's row in the host table; waits for it a little.
    async fn host(&self) -> Result<HostRow, Ended> {
        let until = clock::monotonic() + HOST_WAIT;
        loop {
            let reply = self.read(host::by_mac(&self.mac)).await?;
            if let Some(host) = HostRow::best(&reply, self.hint) {
                if host.bypassed {
                    tracing::warn!(purchase.id = %self.login.purchase.id, "device passes the hotspot without a session");
                }
                return Ok(host);
            }
            if clock::monotonic() >= until {
                return Err(self.not_seen());
            }
            if !self.act.pause(HOST_PAUSE).await {
                return Err(self.too_late());
            }
        }
    }

    /// Ends the user's sessions on other devices, unless its profile lets it have several. Returns whether there
    /// were any.
    async fn remove_stale(&mut self, sessions: &[ActiveRow]) -> Result<bool, Ended> {
        let stale = sessions.iter().filter(|row| self.is_users(row) && !self.is_devices(row));
        let stale: Vec<RowId> = stale.map(|row| row.id.clone()).collect();
        if stale.is_empty() || !self.one_session().await? {
            return Ok(false);
        }
        self.sessions_removed = true;
        match self.act.change(active::remove(&stale)).await {
            Ok(_) => Ok(true),
            Err(error) if error.trap_class() == Some(TrapClass::Gone) => Ok(true),
            Err(error) => Err(Ended::with(self.act.ended(&error))),
        }
    }

    /// Whether the user may have one session only.
    async fn one_session(&self) -> Result<bool, Ended> {
        let users = self.read(user::by_name(self.login.name.as_bytes())).await?;
        let Some(row) = user::UserRow::read_all(&users).into_iter().next() else { return Ok(false) };
        let profiles = self.read(profile::by_name(&row.profile)).await?;
        Ok(profiles.records.first().is_none_or(profile::one_session))
    }

    /// Waits for the session in the active table.
    async fn verify(&self) -> Result<(), Ended> {
        let until = clock::monotonic() + VERIFY_WAIT;
        loop {
            let sessions = self.sessions().await?;
            if self.has_session(&sessions) {
                return Ok(());
            }
            if clock::monotonic() >= until || !self.act.pause(VERIFY_PAUSE).await {
                return Err(Ended::with(Outcome::failed(Code::LoginUnverified, "")));
            }
        }
    }

    async fn read(&self, request: crate::routeros::Request) -> Result<crate::routeros::Reply, Ended> {
        self.act.read(request).await.map_err(|error| Ended::with(self.act.ended(&error)))
    }

    fn not_seen(&self) -> Ended {
        Ended::with(self.act.not_done(Code::DeviceNotSeen, ""))
    }

    fn too_late(&self) -> Ended {
        Ended::with(self.act.not_done(Code::DeadlinePassed, ""))
    }
}

/// A MAC as routers print it: upper case with colons. `None` if the text is no MAC.
fn canonical_mac(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|character| !matches!(character, ':' | '-' | '.')).collect();
    let bytes: [u8; 6] = hex::decode(digits).ok()?.try_into().ok()?;
    Some(bytes.map(|byte| hex::encode_upper([byte])).join(":"))
}

#[cfg(test)]
mod tests {
    use super::canonical_mac;

    #[test]
    fn mac_is_read_in_all_spellings() {
        for text in ["aa:bb:cc:00:11:22", "AA-BB-CC-00-11-22", "aabb.cc00.1122", "aabbcc001122"] {
            assert_eq!(canonical_mac(text).as_deref(), Some("AA:BB:CC:00:11:22"));
        }
        for text in ["", "aa:bb:cc:00:11", "aa:bb:cc:00:11:2g", "AA:BB:CC:00:11:22:33"] {
            assert_eq!(canonical_mac(text), None);
        }
    }
}
