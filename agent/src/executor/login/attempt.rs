//! One try to open a session for a device, with all that may have to be tried again.

use std::{net::Ipv4Addr, time::Duration};

use pagos_protocol::{Code, Outcome, Secret};

use super::super::act::{Act, clip};
use crate::{
    routeros::{
        CallError, Reply, Request, TrapClass,
        error::LoginClass,
        menu::{
            RowId,
            active::{self, ActiveRow},
            canonical_mac,
            host::{self, HostRow},
            profile, user,
        },
    },
    seams::clock,
};

/// How long it may take altogether until the device is online.
pub(in crate::executor) const LOGIN_WAIT: Duration = Duration::from_secs(8);

/// How long the device is waited for in the host table.
const HOST_WAIT: Duration = Duration::from_secs(3);

/// How long the session is waited for in the active table.
const VERIFY_WAIT: Duration = Duration::from_secs(6);

/// First and longest pause between two looks; they double.
const LOOK_PAUSE_MIN: Duration = Duration::from_millis(100);
const LOOK_PAUSE_MAX: Duration = Duration::from_secs(1);

/// How often the login is tried, all reasons taken together.
const TRIES_MAX: usize = 6;

/// Pause when another login of the device is under way, or the hotspot cannot do it just now.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// Why there is no session; the report of it.
#[derive(Debug)]
pub(in crate::executor) struct Ended(Box<Outcome>);

impl Ended {
    pub(in crate::executor) fn with(outcome: Outcome) -> Self {
        Self(Box::new(outcome))
    }

    pub(in crate::executor) fn into_outcome(self) -> Outcome {
        *self.0
    }

    pub(in crate::executor) fn code(&self) -> Option<Code> {
        match &*self.0 {
            Outcome::Refused { code, .. } | Outcome::Failed { code, .. } => Some(*code),
            Outcome::Done { .. } | Outcome::Unknown => None,
        }
    }

    /// The same when the password is known to be the user's: then the router refused the login for another reason.
    pub(in crate::executor) fn because_of_us(mut self) -> Self {
        if let Outcome::Refused { code, .. } | Outcome::Failed { code, .. } = &mut *self.0 {
            if *code == Code::CredentialsInvalid {
                *code = Code::LoginRefused;
            }
        }
        self
    }
}

/// Whose device it is.
#[derive(Debug, Clone, Copy)]
pub(in crate::executor) struct Who<'a> {
    pub(in crate::executor) name: &'a [u8],
    pub(in crate::executor) password: &'a Secret,
    /// Whether the password is known to be the user's. If it is not, nobody's session ends for it before the router has
    /// taken it.
    pub(in crate::executor) proven: bool,
}

/// The device to be let in.
#[derive(Debug)]
pub(in crate::executor) struct Device {
    pub(in crate::executor) mac: String,
    /// Its address as the portal saw it; tells which of several host rows is meant.
    hint: Option<Ipv4Addr>,
}

impl Device {
    /// `None` if the text is no MAC.
    pub(in crate::executor) fn read(mac: &str, ip: Option<&str>) -> Option<Self> {
        Some(Self { mac: canonical_mac(mac)?, hint: ip.and_then(|ip| ip.parse().ok()) })
    }

    pub(in crate::executor) fn is_in(&self, row: &ActiveRow) -> bool {
        std::str::from_utf8(&row.mac).ok().and_then(canonical_mac).as_deref() == Some(&self.mac)
    }
}

/// A session of the device.
#[derive(Debug)]
pub(in crate::executor) struct Entered {
    pub(in crate::executor) row: ActiveRow,
    /// Whether it was there before the login.
    pub(in crate::executor) already: bool,
}

/// A login, as far as it got.
pub(in crate::executor) struct Attempt<'a> {
    act: &'a mut Act,
    who: Who<'a>,
    device: &'a Device,
    /// Which of the host's addresses is tried next.
    address: usize,
    with_mac: bool,
    with_password_word: bool,
    sessions_removed: bool,
    /// Why the last try came to nothing.
    last: Option<(Code, String)>,
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

impl<'a> Attempt<'a> {
    pub(in crate::executor) fn new(act: &'a mut Act, who: Who<'a>, device: &'a Device) -> Self {
        Self {
            act,
            who,
            device,
            address: 0,
            with_mac: true,
            with_password_word: true,
            sessions_removed: false,
            last: None,
        }
    }

    /// Opens the session. `sessions` are those of the user and the device before.
    pub(in crate::executor) async fn enter(
        &mut self,
        mut host: HostRow,
        sessions: &[ActiveRow],
    ) -> Result<Entered, Ended> {
        if self.who.proven {
            self.remove_stale(sessions).await?;
        }
        for _ in 0..TRIES_MAX {
            match self.try_once(&host).await? {
                Next::Verify => return self.verify().await.map(|row| Entered { row, already: false }),
                Next::AlreadyIn => {
                    let sessions = self.sessions().await?;
                    let why = "the device has a session of another user";
                    return match self.own(&sessions) {
                        Some(row) => Ok(Entered { row, already: true }),
                        None => Err(Ended::with(self.act.not_done(Code::LoginRefused, why))),
                    };
                }
                Next::Again => host = self.host().await?,
            }
        }
        Err(self.given_up())
    }

    async fn try_once(&mut self, host: &HostRow) -> Result<Next, Ended> {
        let addresses = host.login_addresses();
        let Some(ip) = addresses.get(self.address % addresses.len().max(1)).copied() else {
            return Err(not_seen(self.act));
        };
        let password = self.who.password;
        let password = (self.with_password_word || !password.expose().is_empty()).then_some(password);
        let mac = self.with_mac.then_some(self.device.mac.as_str());
        match self.act.change(active::login(self.who.name, password, ip, mac)).await {
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
            return Ok(if self.own(&sessions).is_some() { Next::Verify } else { Next::Again });
        };
        let class = LoginClass::of(&trap.message);
        let refused = |code| Err(Ended::with(Outcome::refused(code, clip(&trap.message))));
        match class {
            LoginClass::AlreadyIn => Ok(Next::AlreadyIn),
            LoginClass::HostUnknown => {
                tracing::debug!(host.ip = %ip, "router does not know the address");
                self.address += 1;
                self.again_after(Duration::ZERO, Code::DeviceNotSeen, &trap.message).await
            }
            LoginClass::InProgress | LoginClass::Transient => {
                self.again_after(RETRY_PAUSE, Code::LoginRefused, &trap.message).await
            }
            LoginClass::RadiusSilent => {
                self.again_after(RETRY_PAUSE, Code::RadiusFailed, &trap.message).await
            }
            LoginClass::WrongMac if self.with_mac => {
                self.with_mac = false;
                Ok(Next::Again)
            }
            LoginClass::UserSessions => {
                let sessions = self.sessions().await?;
                if self.sessions_removed || !self.remove_stale(&sessions).await? {
                    return refused(Code::DeviceLimitReached);
                }
                Ok(Next::Again)
            }
            LoginClass::Credentials => refused(Code::CredentialsInvalid),
            LoginClass::Spent => refused(Code::AccessExpired),
            LoginClass::License => refused(Code::LicenseLimitReached),
            LoginClass::Radius => refused(Code::RadiusFailed),
            LoginClass::WrongMac | LoginClass::Refused => self.refused(error, &trap.message, trap.class()),
        }
    }

    fn refused(&mut self, error: &CallError, message: &str, class: TrapClass) -> Result<Next, Ended> {
        let no_password = self.who.password.expose().is_empty();
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

    async fn again_after(&mut self, pause: Duration, code: Code, message: &str) -> Result<Next, Ended> {
        self.last = Some((code, message.to_owned()));
        if self.act.pause(pause).await { Ok(Next::Again) } else { Err(self.given_up()) }
    }

    /// The sessions of the user and those of the device.
    pub(in crate::executor) async fn sessions(&self) -> Result<Vec<ActiveRow>, Ended> {
        sessions(self.act, self.who.name, self.device).await
    }

    /// The user's session on the device.
    pub(in crate::executor) fn own(&self, sessions: &[ActiveRow]) -> Option<ActiveRow> {
        sessions.iter().find(|row| self.device.is_in(row) && self.is_users(row)).cloned()
    }

    fn is_users(&self, row: &ActiveRow) -> bool {
        row.user == self.who.name
    }

    /// The device's row in the host table; waits for it a little.
    pub(in crate::executor) async fn host(&self) -> Result<HostRow, Ended> {
        host(self.act, self.device).await
    }

    /// Ends the user's sessions on other devices, unless its profile lets it have several. Returns whether there
    /// were any.
    async fn remove_stale(&mut self, sessions: &[ActiveRow]) -> Result<bool, Ended> {
        let stale = sessions.iter().filter(|row| self.is_users(row) && !self.device.is_in(row));
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
        let users = self.read(user::by_name(self.who.name)).await?;
        let Some(row) = user::UserRow::read_all(&users).into_iter().next() else { return Ok(false) };
        let profiles = self.read(profile::by_name(&row.profile)).await?;
        Ok(profiles.records.first().is_none_or(profile::one_session))
    }

    /// Waits for the session in the active table.
    async fn verify(&self) -> Result<ActiveRow, Ended> {
        let until = clock::monotonic() + VERIFY_WAIT;
        let mut pause = LOOK_PAUSE_MIN;
        loop {
            if let Some(row) = self.own(&self.sessions().await?) {
                return Ok(row);
            }
            if clock::monotonic() >= until || !self.act.pause(pause).await {
                return Err(Ended::with(Outcome::failed(Code::LoginUnverified, "")));
            }
            pause = (pause * 2).min(LOOK_PAUSE_MAX);
        }
    }

    async fn read(&self, request: Request) -> Result<Reply, Ended> {
        read(self.act, request).await
    }

    fn given_up(&self) -> Ended {
        let (code, message) = match &self.last {
            Some((code, message)) => (*code, message.as_str()),
            None => (Code::LoginRefused, "the router refused every try"),
        };
        Ended::with(self.act.not_done(code, message))
    }
}

/// The sessions of a user and those of a device.
pub(in crate::executor) async fn sessions(
    act: &Act,
    name: &[u8],
    device: &Device,
) -> Result<Vec<ActiveRow>, Ended> {
    let reply = read(act, active::by_user_or_mac(name, &device.mac)).await?;
    Ok(ActiveRow::read_all(&reply))
}

/// The row of a device in the host table; waits for it a little.
pub(in crate::executor) async fn host(act: &Act, device: &Device) -> Result<HostRow, Ended> {
    let until = clock::monotonic() + HOST_WAIT;
    let mut pause = LOOK_PAUSE_MIN;
    loop {
        let reply = read(act, host::by_mac(&device.mac)).await?;
        if let Some(host) = HostRow::best(&reply, device.hint) {
            return Ok(host);
        }
        if clock::monotonic() >= until || !act.pause(pause).await {
            return Err(not_seen(act));
        }
        pause = (pause * 2).min(LOOK_PAUSE_MAX);
    }
}

async fn read(act: &Act, request: Request) -> Result<Reply, Ended> {
    act.read(request).await.map_err(|error| Ended::with(act.ended(&error)))
}

fn not_seen(act: &Act) -> Ended {
    Ended::with(act.not_done(Code::DeviceNotSeen, ""))
}
