//! Rows of `/ip/hotspot/cookie`: devices that may come back without a password.

use super::session::{LoginRequest, Method};
use super::{Hotspot, User};
use crate::routeros::value::Mac;
use std::net::Ipv4Addr;

/// What lets a device back in as a user.
#[derive(Debug, Clone)]
pub struct Cookie {
    /// Row id.
    pub id: u32,
    /// Name of the user at the time of the login.
    pub user: Vec<u8>,
    /// The device.
    pub mac: Mac,
    /// When it stops working, in milliseconds since the Unix epoch.
    pub expires_ms: u64,
}

impl Hotspot {
    /// Makes, or makes anew, the cookie of a device.
    pub(super) fn bake_cookie(&mut self, user: &[u8], mac: Mac, expires_ms: u64) {
        self.cookie_due_ms = self.cookie_due_ms.min(expires_ms);
        let known = self.cookies.values_mut().find(|cookie| cookie.mac == mac);
        if let Some(cookie) = known {
            user.clone_into(&mut cookie.user);
            cookie.expires_ms = expires_ms;
            return;
        }
        let id = self.next_cookie;
        self.next_cookie += 1;
        self.cookies.insert(id, Cookie { id, user: user.to_vec(), mac, expires_ms });
    }

    /// Lets a device in that holds a cookie; one that does not work any more is thrown away.
    pub(super) fn login_by_cookie(&mut self, now_ms: u64, mac: Mac, ip: Ipv4Addr) {
        if self.authorized(ip) {
            return;
        }
        let Some(cookie) = self.cookies.values().find(|cookie| cookie.mac == mac) else { return };
        let (id, name) = (cookie.id, cookie.user.clone());
        let password = self.users.named(&name).next().map(|user: &User| user.password.clone());
        let request = password.map(|password| LoginRequest {
            user: name,
            password,
            ip,
            mac: Some(mac),
            method: Method::MacCookie,
        });
        if request.is_none_or(|request| self.login(now_ms, &request).is_err()) {
            self.cookies.remove(&id);
        }
    }
}
