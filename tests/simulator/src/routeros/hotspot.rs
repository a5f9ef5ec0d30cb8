//! The hotspot of one router: users, profiles, hosts, sessions and cookies, and the rules between them.
//!
//! Pure: every call is given the time, in milliseconds since the Unix epoch. What ends by itself is ended by
//! [`Hotspot::settle`], which each call from outside does first. Removing or disabling a user ends neither its
//! sessions nor its cookies: that is how routers behave, and what the product has to cope with.

mod cookie;
mod host;
mod profile;
mod session;
mod traffic;
mod user;

pub use cookie::Cookie;
pub use host::Host;
pub use profile::{Profile, Profiles, ambiguous, no_match};
pub use session::{LoginRequest, Method, Session};
pub use user::{User, Users};

use super::value::Mac;
use session::Sessions;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// Name of the one hotspot server that each router runs.
pub const SERVER: &[u8] = b"hotspot1";

/// Everything under `/ip/hotspot` of one router.
#[derive(Debug)]
pub struct Hotspot {
    /// Rows of `/ip/hotspot/user`.
    pub users: Users,
    /// Rows of `/ip/hotspot/user/profile`.
    pub profiles: Profiles,
    hosts: BTreeMap<u32, Host>,
    next_host: u32,
    sessions: Sessions,
    cookies: BTreeMap<u32, Cookie>,
    next_cookie: u32,
    /// No cookie ends before this.
    cookie_due_ms: u64,
    sessions_max: Option<usize>,
}

impl Hotspot {
    /// A hotspot as installed: built-in rows, the four starting profiles, nobody there.
    ///
    /// `sessions_max` is what the licence allows; `None` for no limit.
    pub fn new(sessions_max: Option<usize>) -> Self {
        Self {
            users: Users::new(),
            profiles: Profiles::new(),
            hosts: BTreeMap::new(),
            next_host: 1,
            sessions: Sessions::default(),
            cookies: BTreeMap::new(),
            next_cookie: 1,
            cookie_due_ms: u64::MAX,
            sessions_max,
        }
    }

    /// Ends the sessions and cookies whose time is over.
    pub fn settle(&mut self, now_ms: u64) {
        while let Some((deadline_ms, ip)) = self.sessions.first_due(now_ms) {
            if let Some(session) = self.end_session(ip, deadline_ms) {
                // A session that timed out takes the cookie of its device along.
                self.cookies.retain(|_, cookie| cookie.mac != session.mac);
            }
        }
        if self.cookie_due_ms <= now_ms {
            self.cookies.retain(|_, cookie| cookie.expires_ms > now_ms);
            let left = self.cookies.values().map(|cookie| cookie.expires_ms);
            self.cookie_due_ms = left.min().unwrap_or(u64::MAX);
        }
    }

    /// Rows of `/ip/hotspot/host`, by id.
    pub fn hosts(&self) -> impl Iterator<Item = &Host> {
        self.hosts.values()
    }

    /// Rows of `/ip/hotspot/active`, by address.
    pub fn sessions(&self) -> impl Iterator<Item = &Session> {
        self.sessions.rows()
    }

    /// Rows of `/ip/hotspot/cookie`, by id.
    pub fn cookies(&self) -> impl Iterator<Item = &Cookie> {
        self.cookies.values()
    }

    /// Whether the host at this address is logged in.
    pub fn authorized(&self, ip: Ipv4Addr) -> bool {
        self.sessions.get(ip).is_some()
    }

    /// A device sends traffic: it gets a host row, and a session when it holds a cookie that still works.
    ///
    /// A device has one row: coming with another address it loses the old row and the session there, as does
    /// another device that had the address before.
    pub fn host_seen(&mut self, now_ms: u64, mac: Mac, ip: Ipv4Addr) -> u32 {
        let stale: Vec<u32> =
            self.hosts.values().filter(|h| (h.mac == mac) != (h.ip == ip)).map(|h| h.id).collect();
        for id in stale {
            self.remove_host(now_ms, id);
        }
        let known = self.hosts.values().find(|host| host.mac == mac).map(|host| host.id);
        let id = known.unwrap_or_else(|| {
            let id = self.next_host;
            self.next_host += 1;
            self.hosts.insert(id, Host { id, mac, ip, since_ms: now_ms });
            id
        });
        self.login_by_cookie(now_ms, mac, ip);
        id
    }

    /// Removes a host row and the session on it; `None` when there is no such row.
    pub fn remove_host(&mut self, now_ms: u64, id: u32) -> Option<Host> {
        let host = self.hosts.remove(&id)?;
        self.end_session(host.ip, now_ms);
        Some(host)
    }

    /// Ends a session and counts its time towards its user; `None` when nobody is logged in there.
    pub fn end_session(&mut self, ip: Ipv4Addr, now_ms: u64) -> Option<Session> {
        let session = self.sessions.remove(ip)?;
        if let Some(user) = self.users.get_mut(session.user_id) {
            user.uptime_ms += session.counted_ms(now_ms);
            user.bytes = traffic::add(user.bytes, session.counted_bytes);
        }
        self.reschedule(&session.user, now_ms);
        Some(session)
    }

    /// Removes a cookie; `None` when there is no such row.
    pub fn remove_cookie(&mut self, id: u32) -> Option<Cookie> {
        self.cookies.remove(&id)
    }

    /// Removes a user, leaving its sessions and cookies alone; `None` when there is no such row.
    pub fn remove_user(&mut self, id: u32) -> Option<User> {
        self.users.remove(id)
    }

    /// Time that a user has been logged in, in milliseconds, live sessions included.
    pub fn user_uptime_ms(&self, user: &User, now_ms: u64) -> u64 {
        let live = self.sessions.of_user(&user.name).filter(|session| session.user_id == user.id);
        user.uptime_ms + live.map(|session| session.counted_ms(now_ms)).sum::<u64>()
    }

    /// Sets the counters of a user to zero.
    pub fn reset_counters(&mut self, id: u32, now_ms: u64) {
        let Some(user) = self.users.get_mut(id) else { return };
        user.uptime_ms = 0;
        user.bytes = [0; 2];
        let name = user.name.clone();
        self.sessions.of_user_mut(&name, |session| {
            if session.user_id == id {
                session.counted_from_ms = now_ms;
                session.counted_bytes = [0; 2];
            }
        });
        self.reschedule(&name, now_ms);
    }

    /// Works out anew when the sessions of a user end.
    ///
    /// The paid time is shared by all sessions of the user, so it runs as many times as fast as there are sessions.
    pub fn reschedule(&mut self, name: &[u8], now_ms: u64) {
        let ips: Vec<Ipv4Addr> = self.sessions.of_user(name).map(|session| session.ip).collect();
        let sharing = ips.len() as u64;
        for ip in ips {
            let Some(session) = self.sessions.get(ip) else { continue };
            let user = self.users.get(session.user_id).filter(|user| user.limit_uptime_s > 0);
            let paid_until = user.map(|user| {
                let used_ms = self.user_uptime_ms(user, now_ms);
                now_ms + (user.limit_uptime_s * 1000).saturating_sub(used_ms) / sharing
            });
            let timeout_s = session.session_timeout_s;
            let timed_out_at = (timeout_s > 0).then(|| session.since_ms + timeout_s * 1000);
            let deadline_ms = match (paid_until, timed_out_at) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
            self.sessions.set_deadline(ip, deadline_ms);
        }
    }
}

#[cfg(test)]
mod tests;
