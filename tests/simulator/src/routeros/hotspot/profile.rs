//! Rows of `/ip/hotspot/user/profile`.

use crate::routeros::reply::Trap;
use std::collections::BTreeMap;

/// What users of a kind may do.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Row id.
    pub id: u32,
    /// Name, unique.
    pub name: Vec<u8>,
    /// Sessions that a user may have at a time; `None` for unlimited.
    pub shared_users: Option<u64>,
    /// Longest session in seconds; 0 for no limit.
    pub session_timeout_s: u64,
    /// Idle time after which a session ends, in seconds; printed only, since no traffic is simulated.
    pub idle_timeout_s: Option<u64>,
    /// Seconds without an answer of the device after which a session ends; printed only.
    pub keepalive_timeout_s: Option<u64>,
    /// How often the status page reloads, in seconds.
    pub status_autorefresh_s: Option<u64>,
    /// Whether a login leaves a cookie.
    pub add_mac_cookie: bool,
    /// Life of that cookie in seconds.
    pub mac_cookie_timeout_s: u64,
    /// Whether HTTP goes through the router's proxy.
    pub transparent_proxy: bool,
    /// Everything else, kept as it came.
    pub texts: BTreeMap<&'static str, Vec<u8>>,
    /// The row that comes with the router and cannot be removed.
    pub built_in: bool,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            id: 0,
            name: Vec::new(),
            shared_users: Some(1),
            session_timeout_s: 0,
            idle_timeout_s: None,
            keepalive_timeout_s: Some(120),
            status_autorefresh_s: Some(60),
            add_mac_cookie: true,
            mac_cookie_timeout_s: 3 * 86_400,
            transparent_proxy: false,
            texts: BTreeMap::new(),
            built_in: false,
        }
    }
}

/// All profiles of a router.
#[derive(Debug)]
pub struct Profiles {
    rows: BTreeMap<u32, Profile>,
    next_id: u32,
    default: Profile,
}

impl Profiles {
    /// The built-in `default` and three that a new site would have: `1h`, `1d` and `pin`.
    pub(super) fn new() -> Self {
        let built_in = Profile { name: b"default".to_vec(), built_in: true, ..Profile::default() };
        let mut profiles = Self { rows: BTreeMap::new(), next_id: 0, default: built_in.clone() };
        profiles.insert(built_in);
        let sold =
            [("1h", "2M/5M", 3600, 3600), ("1d", "3M/10M", 86_400, 86_400), ("pin", "1M/2M", 7200, 86_400)];
        for (name, rate, session_timeout_s, mac_cookie_timeout_s) in sold {
            profiles.insert(Profile {
                name: name.as_bytes().to_vec(),
                session_timeout_s,
                mac_cookie_timeout_s,
                texts: BTreeMap::from([("rate-limit", rate.as_bytes().to_vec())]),
                ..Profile::default()
            });
        }
        profiles
    }

    /// All rows by id.
    pub fn iter(&self) -> impl Iterator<Item = &Profile> {
        self.rows.values()
    }

    /// The row with this id.
    pub fn get(&self, id: u32) -> Option<&Profile> {
        self.rows.get(&id)
    }

    /// The row with this id, or what the built-in row was at first when the row is gone.
    pub fn get_or_default(&self, id: u32) -> &Profile {
        self.rows.get(&id).unwrap_or(&self.default)
    }

    /// Finds the row that a name given by a client means: exact, else the only one that begins so.
    ///
    /// # Errors
    /// When none begins so, or more than one does.
    pub fn resolve(&self, name: &[u8]) -> Result<u32, Trap> {
        if let Some(exact) = self.rows.values().find(|profile| profile.name == name) {
            return Ok(exact.id);
        }
        let mut begun =
            self.rows.values().filter(|profile| !name.is_empty() && profile.name.starts_with(name));
        match (begun.next(), begun.next()) {
            (Some(only), None) => Ok(only.id),
            (Some(_), Some(_)) => Err(ambiguous("profile")),
            (None, _) => Err(no_match("profile")),
        }
    }

    /// Adds a profile and returns its id.
    ///
    /// # Errors
    /// When there is one of this name.
    pub fn add(&mut self, profile: Profile) -> Result<u32, Trap> {
        self.check_unique(&profile, None)?;
        Ok(self.insert(profile))
    }

    /// Puts a changed row in the place of the one with its id.
    ///
    /// # Errors
    /// When there is another of this name.
    pub fn replace(&mut self, profile: Profile) -> Result<(), Trap> {
        self.check_unique(&profile, Some(profile.id))?;
        self.rows.insert(profile.id, profile);
        Ok(())
    }

    /// Removes a profile. Users of it keep pointing at the id that is gone.
    pub fn remove(&mut self, id: u32) {
        self.rows.remove(&id);
    }

    fn insert(&mut self, profile: Profile) -> u32 {
        let id = self.next_id;
        self.next_id += 1;
        self.rows.insert(id, Profile { id, ..profile });
        id
    }

    fn check_unique(&self, profile: &Profile, but: Option<u32>) -> Result<(), Trap> {
        if self.rows.values().any(|other| Some(other.id) != but && other.name == profile.name) {
            return Err(Trap::failure("failure: profile with the same name already exists"));
        }
        Ok(())
    }
}

/// No value of an argument begins with what was given.
pub fn no_match(argument: &str) -> Trap {
    Trap::argument(format!("input does not match any value of {argument}"))
}

/// More than one value of an argument begins with what was given.
pub fn ambiguous(argument: &str) -> Trap {
    Trap::argument(format!("ambiguous value of {argument}, more than one possible value matches input"))
}
