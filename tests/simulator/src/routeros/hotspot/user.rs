//! Rows of `/ip/hotspot/user`, found by id and by name.

use crate::routeros::reply::Trap;
use crate::routeros::value::Mac;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// A hotspot user.
#[derive(Debug, Clone, Default)]
pub struct User {
    /// Row id.
    pub id: u32,
    /// Name, unique per server.
    pub name: Vec<u8>,
    /// Password, maybe empty.
    pub password: Vec<u8>,
    /// Row of the profile; the row may be gone.
    pub profile: u32,
    /// The only server it works on; `None` for all.
    pub server: Option<Vec<u8>>,
    /// Address that its device is given.
    pub address: Option<Ipv4Addr>,
    /// The only device it works on.
    pub mac: Option<Mac>,
    /// Time of all sessions together, in seconds; 0 for no limit.
    pub limit_uptime_s: u64,
    /// Bytes in, out and together; 0 for no limit.
    pub limit_bytes: [u64; 3],
    /// Mail address.
    pub email: Vec<u8>,
    /// Comment.
    pub comment: Vec<u8>,
    /// Routes.
    pub routes: Vec<u8>,
    /// Disabled: no login, whatever way.
    pub disabled: bool,
    /// The row that comes with the router and cannot be removed.
    pub built_in: bool,
    /// Time of its finished sessions, in milliseconds.
    pub uptime_ms: u64,
    /// Bytes in and out of its finished sessions.
    pub bytes: [u64; 2],
}

/// All users of a router.
#[derive(Debug)]
pub struct Users {
    rows: BTreeMap<u32, User>,
    by_name: BTreeMap<Vec<u8>, Vec<u32>>,
    next_id: u32,
}

impl Users {
    /// The built-in row alone.
    pub(super) fn new() -> Self {
        let mut users = Self { rows: BTreeMap::new(), by_name: BTreeMap::new(), next_id: 0 };
        users.insert(User {
            name: b"default-trial".to_vec(),
            comment: b"counters and limits for trial users".to_vec(),
            built_in: true,
            ..User::default()
        });
        users
    }

    /// All rows by id.
    pub fn iter(&self) -> impl Iterator<Item = &User> {
        self.rows.values()
    }

    /// The row with this id.
    pub fn get(&self, id: u32) -> Option<&User> {
        self.rows.get(&id)
    }

    /// The row with this id, to change anything but its name and server.
    pub(super) fn get_mut(&mut self, id: u32) -> Option<&mut User> {
        self.rows.get_mut(&id)
    }

    /// Rows of this name, one per server.
    pub fn named(&self, name: &[u8]) -> impl Iterator<Item = &User> {
        self.by_name.get(name).into_iter().flatten().filter_map(|id| self.rows.get(id))
    }

    /// Adds a user and returns its id.
    ///
    /// # Errors
    /// When the server has a user of this name.
    pub fn add(&mut self, user: User) -> Result<u32, Trap> {
        self.check_unique(&user, None)?;
        Ok(self.insert(user))
    }

    /// Puts a changed row in the place of the one with its id.
    ///
    /// # Errors
    /// When the server has another user of this name, or the row is gone.
    pub fn replace(&mut self, user: User) -> Result<(), Trap> {
        self.check_unique(&user, Some(user.id))?;
        let old = self.rows.get(&user.id).ok_or_else(Trap::no_such_item)?;
        if old.name != user.name {
            let old_name = old.name.clone();
            self.forget_name(&old_name, user.id);
            self.by_name.entry(user.name.clone()).or_default().push(user.id);
        }
        self.rows.insert(user.id, user);
        Ok(())
    }

    /// Enables or disables a row.
    pub fn set_disabled(&mut self, id: u32, disabled: bool) {
        if let Some(user) = self.rows.get_mut(&id) {
            user.disabled = disabled;
        }
    }

    pub(super) fn remove(&mut self, id: u32) -> Option<User> {
        let user = self.rows.remove(&id)?;
        self.forget_name(&user.name, id);
        Some(user)
    }

    fn insert(&mut self, user: User) -> u32 {
        let id = self.next_id;
        self.next_id += 1;
        self.by_name.entry(user.name.clone()).or_default().push(id);
        self.rows.insert(id, User { id, ..user });
        id
    }

    fn forget_name(&mut self, name: &[u8], id: u32) {
        if let Some(ids) = self.by_name.get_mut(name) {
            ids.retain(|known| *known != id);
            if ids.is_empty() {
                self.by_name.remove(name);
            }
        }
    }

    fn check_unique(&self, user: &User, but: Option<u32>) -> Result<(), Trap> {
        let taken = self.named(&user.name).any(|other| Some(other.id) != but && other.server == user.server);
        if taken {
            return Err(Trap::failure("failure: already have user with this name for this server"));
        }
        Ok(())
    }
}
