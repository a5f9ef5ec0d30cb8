//! Rows of `/ip/hotspot/active`, and the checks of a login.

use super::{Hotspot, SERVER, User};
use crate::routeros::reply::Trap;
use crate::routeros::value::Mac;
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

/// How a session came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// `/ip/hotspot/active/login`.
    Api,
    /// A cookie, without a password.
    MacCookie,
}

/// Somebody who is online.
#[derive(Debug, Clone)]
pub struct Session {
    /// Address of the host; one session per address.
    pub ip: Ipv4Addr,
    /// Hardware address of the host.
    pub mac: Mac,
    /// Name of the user at the time of the login.
    pub user: Vec<u8>,
    /// Row of the user at the time of the login; it may be gone.
    pub user_id: u32,
    /// When it began, in milliseconds since the Unix epoch.
    pub since_ms: u64,
    /// From when on its time counts towards the user; moved by reset-counters.
    pub counted_from_ms: u64,
    /// Longest length of this session in seconds, from the profile at login; 0 for none.
    pub session_timeout_s: u64,
    /// When it will be ended, in milliseconds since the Unix epoch.
    pub deadline_ms: Option<u64>,
    /// How it came about.
    pub method: Method,
    /// Bytes in and out.
    pub bytes: [u64; 2],
    /// Those of them that count towards the user; reset-counters takes them away.
    pub counted_bytes: [u64; 2],
}

impl Session {
    /// Milliseconds that count towards the user.
    pub fn counted_ms(&self, now_ms: u64) -> u64 {
        now_ms.saturating_sub(self.counted_from_ms)
    }
}

/// What a login is tried with.
#[derive(Debug, Clone)]
pub struct LoginRequest {
    /// Name of the user.
    pub user: Vec<u8>,
    /// Password, maybe empty.
    pub password: Vec<u8>,
    /// Address of the host; 0.0.0.0 when none was given.
    pub ip: Ipv4Addr,
    /// Hardware address of the host, checked when given.
    pub mac: Option<Mac>,
    /// How it comes about.
    pub method: Method,
}

/// All sessions with the ways to find them.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    rows: BTreeMap<Ipv4Addr, Session>,
    by_user: BTreeMap<Vec<u8>, BTreeSet<Ipv4Addr>>,
    due: BTreeSet<(u64, Ipv4Addr)>,
}

impl Sessions {
    pub(super) fn rows(&self) -> impl Iterator<Item = &Session> {
        self.rows.values()
    }

    pub(super) fn get(&self, ip: Ipv4Addr) -> Option<&Session> {
        self.rows.get(&ip)
    }

    pub(super) fn of_user(&self, name: &[u8]) -> impl Iterator<Item = &Session> {
        self.by_user.get(name).into_iter().flatten().filter_map(|ip| self.rows.get(ip))
    }

    pub(super) fn of_user_mut(&mut self, name: &[u8], mut change: impl FnMut(&mut Session)) {
        for ip in self.by_user.get(name).into_iter().flatten() {
            if let Some(session) = self.rows.get_mut(ip) {
                change(session);
            }
        }
    }

    /// The session that should have ended first, if that moment has passed.
    pub(super) fn first_due(&self, now_ms: u64) -> Option<(u64, Ipv4Addr)> {
        self.due.first().copied().filter(|(deadline_ms, _)| *deadline_ms <= now_ms)
    }

    pub(super) fn set_deadline(&mut self, ip: Ipv4Addr, deadline_ms: Option<u64>) {
        let Some(session) = self.rows.get_mut(&ip) else { return };
        if let Some(old) = std::mem::replace(&mut session.deadline_ms, deadline_ms) {
            self.due.remove(&(old, ip));
        }
        self.due.extend(deadline_ms.map(|deadline_ms| (deadline_ms, ip)));
    }

    fn insert(&mut self, session: Session) {
        self.by_user.entry(session.user.clone()).or_default().insert(session.ip);
        self.rows.insert(session.ip, session);
    }

    pub(super) fn remove(&mut self, ip: Ipv4Addr) -> Option<Session> {
        let session = self.rows.remove(&ip)?;
        if let Some(deadline_ms) = session.deadline_ms {
            self.due.remove(&(deadline_ms, ip));
        }
        if let Some(ips) = self.by_user.get_mut(&session.user) {
            ips.remove(&ip);
            if ips.is_empty() {
                self.by_user.remove(&session.user);
            }
        }
        Some(session)
    }
}

impl Hotspot {
    /// Logs a host in.
    ///
    /// # Errors
    /// The texts of the router's own errors file, checked in this order: host, its hardware address, already logged
    /// in, credentials, the user's own device, paid time, paid bytes, sessions of the user, sessions of the licence.
    pub fn login(&mut self, now_ms: u64, request: &LoginRequest) -> Result<(), Trap> {
        let host = self.hosts.values().find(|host| host.ip == request.ip).copied();
        let host = host.ok_or_else(|| Trap::failure(format!("unknown host IP {}", request.ip)))?;
        if request.mac.is_some_and(|mac| mac != host.mac) {
            return Err(Trap::failure("wrong MAC"));
        }
        if self.authorized(host.ip) {
            return Err(Trap::failure("already logged in"));
        }
        let user = self.user_for_login(request)?;
        self.check_limits(user, host.mac, now_ms)?;
        let (user_id, name) = (user.id, user.name.clone());
        let profile = self.profiles.get_or_default(user.profile);
        let cookie_s = Some(profile.mac_cookie_timeout_s).filter(|_| profile.add_mac_cookie);
        self.sessions.insert(Session {
            ip: host.ip,
            mac: host.mac,
            user: name.clone(),
            user_id,
            since_ms: now_ms,
            counted_from_ms: now_ms,
            session_timeout_s: profile.session_timeout_s,
            deadline_ms: None,
            method: request.method,
            bytes: [0; 2],
            counted_bytes: [0; 2],
        });
        self.reschedule(&name, now_ms);
        if let Some(seconds) = cookie_s {
            self.bake_cookie(&name, host.mac, now_ms + seconds * 1000);
        }
        Ok(())
    }

    fn user_for_login(&self, request: &LoginRequest) -> Result<&User, Trap> {
        let served = |user: &&User| user.server.as_deref().is_none_or(|server| server == SERVER);
        let user = self.users.named(&request.user).find(served);
        user.filter(|user| !user.disabled && !user.built_in && user.password == request.password)
            .ok_or_else(|| Trap::failure("invalid username or password"))
    }

    fn check_limits(&self, user: &User, mac: Mac, now_ms: u64) -> Result<(), Trap> {
        let name = String::from_utf8_lossy(&user.name);
        if user.mac.is_some_and(|bound| bound != mac) {
            return Err(Trap::failure(format!("user {name} is not allowed to log in from this MAC address")));
        }
        if user.limit_uptime_s > 0 && self.user_uptime_ms(user, now_ms) >= user.limit_uptime_s * 1000 {
            return Err(Trap::failure(format!("user {name} has reached uptime limit")));
        }
        if self.has_spent_bytes(user) {
            return Err(Trap::failure(format!("user {name} has reached traffic limit")));
        }
        let shared = self.profiles.get_or_default(user.profile).shared_users;
        if shared.is_some_and(|most| self.sessions.of_user(&user.name).count() as u64 >= most) {
            return Err(Trap::failure(format!("no more sessions are allowed for user {name}")));
        }
        if self.sessions_max.is_some_and(|most| self.sessions.rows.len() >= most) {
            return Err(Trap::failure("session limit reached (license)"));
        }
        Ok(())
    }
}
