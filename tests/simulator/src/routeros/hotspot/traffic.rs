//! Bytes that devices send and get, and the limits on them.

use super::{Hotspot, User};
use crate::routeros::value::Mac;
use std::net::Ipv4Addr;

/// The sum of two counts of bytes, in and out.
pub(super) fn add(one: [u64; 2], two: [u64; 2]) -> [u64; 2] {
    [one[0].saturating_add(two[0]), one[1].saturating_add(two[1])]
}

impl Hotspot {
    /// A device that is online sends and gets bytes; false when it is not online. Sessions of a user that has reached a
    /// limit end, and take the cookies of their devices along.
    pub fn traffic(&mut self, now_ms: u64, mac: Mac, bytes: [u64; 2]) -> bool {
        let online = self.sessions.rows().find(|session| session.mac == mac);
        let Some((name, user_id)) = online.map(|session| (session.user.clone(), session.user_id)) else {
            return false;
        };
        self.sessions.of_user_mut(&name, |session| {
            if session.mac == mac {
                session.bytes = add(session.bytes, bytes);
                session.counted_bytes = add(session.counted_bytes, bytes);
            }
        });
        if self.users.get(user_id).is_some_and(|user| self.has_spent_bytes(user)) {
            let ips: Vec<Ipv4Addr> = self.sessions.of_user(&name).map(|session| session.ip).collect();
            for ip in ips {
                if let Some(session) = self.end_session(ip, now_ms) {
                    self.cookies.retain(|_, cookie| cookie.mac != session.mac);
                }
            }
        }
        true
    }

    /// Bytes in and out of a user, live sessions included.
    pub fn user_bytes(&self, user: &User) -> [u64; 2] {
        let live = self.sessions.of_user(&user.name).filter(|session| session.user_id == user.id);
        live.fold(user.bytes, |sum, session| add(sum, session.counted_bytes))
    }

    /// Whether a user has reached a limit on its bytes.
    pub(super) fn has_spent_bytes(&self, user: &User) -> bool {
        let [input, output] = self.user_bytes(user);
        let used = [input, output, input.saturating_add(output)];
        used.iter().zip(user.limit_bytes).any(|(used, limit)| limit > 0 && *used >= limit)
    }
}
