//! One router: what it is, and its state behind one lock.

use super::command::Command;
use super::hotspot::{Hotspot, User};
use super::login::{CHALLENGE_BYTES, Gate};
use super::menu::{Context, Facts, execute, snapshot};
use super::reply::{Record, Reply, Trap};
use super::value::Mac;
use crate::clock::Clock;
use crate::config::RouterConfig;
use crate::fault::FaultBoard;
use md5::{Digest, Md5};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

/// Command words that are counted apart; what comes on top is counted as `other`.
const COUNTED_WORDS_MAX: usize = 500;

/// A router that clients can connect to.
#[derive(Debug)]
pub struct Router {
    /// Name in the control API.
    pub name: String,
    /// Version as configured.
    pub version: String,
    /// Whether an empty list is announced with `!empty`.
    pub announces_empty: bool,
    /// Who may log in, and how.
    pub gate: Gate,
    /// What is to go wrong.
    pub faults: Arc<FaultBoard>,
    clock: Arc<Clock>,
    challenges: AtomicU64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    hotspot: Hotspot,
    facts: Facts,
    commands: BTreeMap<String, u64>,
}

/// What the control API shows of a router.
#[derive(Debug)]
pub struct Snapshot {
    /// Menus by their name in the control API, with rows as a print shows them.
    pub menus: [(&'static str, Vec<Record>); 5],
    /// How often each command word came, whatever became of it.
    pub commands: BTreeMap<String, u64>,
}

impl Router {
    /// A router as configured, with its first users.
    pub fn new(config: &RouterConfig, clock: Arc<Clock>, faults: Arc<FaultBoard>) -> Self {
        let serial = Md5::digest(config.name.as_bytes());
        let facts = Facts {
            version: config.version.clone(),
            identity: config.name.clone().into_bytes(),
            serial_number: hex::encode_upper(&serial[..6]),
            booted_ms: clock.now_ms(),
            sensitive: config.sensitive,
        };
        let hotspot = Hotspot::new(config.sessions_max());
        let router = Self {
            name: config.name.clone(),
            version: config.version.to_string(),
            announces_empty: config.version.announces_empty(),
            gate: Gate {
                era: config.version.login_era(),
                username: config.username.clone(),
                password: config.password.clone(),
            },
            faults,
            clock,
            challenges: AtomicU64::new(0),
            state: Mutex::new(State { hotspot, facts, commands: BTreeMap::new() }),
        };
        router.preload(config.users, b"default").expect("the default profile is there at the start");
        router
    }

    /// Carries a command out.
    pub fn execute(&self, command: &Command) -> Reply {
        let mut state = self.state();
        let State { hotspot, facts, .. } = &mut *state;
        execute(&mut Context { hotspot, facts, now_ms: self.clock.now_ms() }, command)
    }

    /// Power was lost and is back: nobody is logged in or seen any more, and the uptime begins anew. Users, their counters
    /// and cookies stay.
    pub fn reboot(&self) {
        let now_ms = self.clock.now_ms();
        let mut state = self.state();
        state.hotspot.settle(now_ms);
        let hosts: Vec<u32> = state.hotspot.hosts().map(|host| host.id).collect();
        for id in hosts {
            state.hotspot.remove_host(now_ms, id);
        }
        state.facts.booted_ms = now_ms;
    }

    /// Counts a command that has come.
    pub fn count(&self, word: &str) {
        let mut state = self.state();
        if let Some(count) = state.commands.get_mut(word) {
            *count += 1;
        } else {
            let known = state.commands.len() < COUNTED_WORDS_MAX;
            *state.commands.entry(if known { word } else { "other" }.to_owned()).or_default() += 1;
        }
    }

    /// A device sends traffic; returns the id of its host row.
    pub fn host_seen(&self, mac: Mac, ip: Ipv4Addr) -> u32 {
        let now_ms = self.clock.now_ms();
        let mut state = self.state();
        state.hotspot.settle(now_ms);
        state.hotspot.host_seen(now_ms, mac, ip)
    }

    /// A device sends and gets bytes; false when it is not online.
    pub fn traffic(&self, mac: Mac, bytes: [u64; 2]) -> bool {
        let now_ms = self.clock.now_ms();
        let mut state = self.state();
        state.hotspot.settle(now_ms);
        state.hotspot.traffic(now_ms, mac, bytes)
    }

    /// Adds users called `preload-1`, `preload-2` and so on, passing over names that are taken; returns how many
    /// users there are then.
    ///
    /// # Errors
    /// When no profile goes by this name.
    pub fn preload(&self, count: u32, profile: &[u8]) -> Result<usize, Trap> {
        let mut state = self.state();
        let users = &mut state.hotspot;
        let profile = users.profiles.resolve(profile)?;
        let (mut left, mut number) = (count, 0_u64);
        while left > 0 {
            number += 1;
            let name = format!("preload-{number}").into_bytes();
            let user = User { name, password: b"preload".to_vec(), profile, ..User::default() };
            if users.users.add(user).is_ok() {
                left -= 1;
            }
        }
        Ok(users.users.iter().count())
    }

    /// Everything that the control API shows.
    pub fn snapshot(&self) -> Snapshot {
        let now_ms = self.clock.now_ms();
        let mut state = self.state();
        state.hotspot.settle(now_ms);
        Snapshot { menus: snapshot(&state.hotspot, now_ms), commands: state.commands.clone() }
    }

    /// A challenge that was not handed out before.
    pub fn fresh_challenge(&self) -> [u8; CHALLENGE_BYTES] {
        let number = self.challenges.fetch_add(1, Ordering::Relaxed);
        let seed = Md5::new().chain_update(&self.name).chain_update(self.clock.now_ms().to_be_bytes());
        seed.chain_update(number.to_be_bytes()).finalize().into()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no code panics while it holds a router")
    }
}
