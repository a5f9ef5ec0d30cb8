//! A site outside: the router's users and the agent's journal. They outlive every crash of the control plane.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use pagos_protocol::{Action, Code, Done, Outcome};

use super::points::{Life, Verdict};
use crate::domain::id::RouterId;
use crate::link::{LinkPort, SendError};
use crate::seams::Moment;

/// So often an agent that is not connected is asked in vain.
const OFFLINE_TRIES: u32 = 3;

/// How the site behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Mood {
    /// It does what it is asked.
    #[default]
    Well,
    /// It refuses to make a user: the profile is missing.
    NoProfile,
    /// No agent is connected for a while.
    Offline,
    /// The first name is somebody else's.
    NameTaken,
    /// The router hangs while the first removals are asked for.
    AwayAtRemoval,
    /// The router is reset with the charge, and away until the money is given back.
    LostAfterCharge,
}

/// A user on the router.
#[derive(Debug, Clone)]
pub(super) struct User {
    /// Of which purchase.
    pub(super) purchase: String,
    /// Whether it opens the door to who knows it.
    pub(super) enabled: bool,
    /// Whether the reservation's mark was taken away.
    pub(super) confirmed: bool,
}

#[derive(Debug, Default)]
pub(super) struct Facts {
    /// By name.
    pub(super) users: BTreeMap<String, User>,
    /// The newest decision the agent knows of each purchase.
    newest: BTreeMap<String, u64>,
    /// Devices that were logged in.
    pub(super) logins: u32,
    removals: u32,
    refused: u32,
    /// The router is away for good.
    pub(super) lost: bool,
}

/// The site.
#[derive(Debug, Default)]
pub(super) struct Site {
    mood: Mood,
    facts: Mutex<Facts>,
}

impl Site {
    pub(super) fn new(mood: Mood) -> Self {
        Self { mood, facts: Mutex::default() }
    }

    pub(super) fn lock(&self) -> std::sync::MutexGuard<'_, Facts> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The router is reset with the charge.
    pub(super) fn charged(&self) {
        if self.mood == Mood::LostAfterCharge {
            let mut facts = self.lock();
            facts.lost = true;
            facts.users.clear();
        }
    }

    /// Whoever is given the money back sees the router again.
    pub(super) fn returned(&self) {
        self.lock().lost = false;
    }

    /// Whether a user of the purchase stands.
    pub(super) fn holds(&self, purchase: &str) -> bool {
        self.lock().users.values().any(|user| user.purchase == purchase)
    }

    fn is_offline(&self) -> bool {
        let mut facts = self.lock();
        facts.refused += u32::from(self.mood == Mood::Offline);
        self.mood == Mood::Offline && facts.refused <= OFFLINE_TRIES
    }

    fn act(&self, action: Action) -> Result<Outcome, SendError> {
        let mut facts = self.lock();
        if facts.lost {
            return Ok(Outcome::failed(Code::RouterUnreachable, ""));
        }
        let reference = match &action {
            Action::Reserve(act) => &act.purchase,
            Action::Confirm(act) => &act.purchase,
            Action::Release(act) => &act.purchase,
            Action::Revoke(act) => &act.purchase,
            Action::Login(act) => &act.purchase,
            _ => return Ok(Outcome::refused(Code::Unsupported, "")),
        };
        let purchase = reference.id.clone();
        let newest = facts.newest.entry(purchase.clone()).or_default();
        if reference.version < *newest {
            return Ok(Outcome::refused(Code::Stale, ""));
        }
        *newest = reference.version;
        Ok(self.carry_out(&mut facts, purchase, action))
    }

    fn carry_out(&self, facts: &mut Facts, purchase: String, action: Action) -> Outcome {
        match action {
            Action::Reserve(act) => {
                if self.mood == Mood::NoProfile {
                    return Outcome::refused(Code::ProfileNotFound, "");
                }
                if self.mood == Mood::NameTaken && facts.refused == 0 {
                    facts.refused += 1;
                    return Outcome::refused(Code::NameTaken, "");
                }
                let user = User { purchase, enabled: act.enabled, confirmed: false };
                facts.users.entry(act.name).or_insert(user);
                Outcome::done(Done::Reserved)
            }
            Action::Confirm(act) => match facts.users.get_mut(&act.name) {
                Some(user) => {
                    user.enabled = true;
                    user.confirmed = true;
                    Outcome::done(Done::Confirmed)
                }
                None => Outcome::refused(Code::UserGone, ""),
            },
            Action::Release(act) => {
                facts.removals += 1;
                if self.mood == Mood::AwayAtRemoval && facts.removals <= 3 {
                    return Outcome::failed(Code::RouterUnreachable, "");
                }
                facts.users.remove(&act.name);
                Outcome::done(Done::Released)
            }
            Action::Revoke(act) => {
                if let Some(user) = facts.users.get_mut(&act.name) {
                    user.enabled = false;
                }
                Outcome::done(Done::Released)
            }
            Action::Login(_) => {
                facts.logins += 1;
                Outcome::done(Done::LoggedIn { already: false })
            }
            _ => Outcome::refused(Code::Unsupported, ""),
        }
    }
}

/// The link of one process to the site.
pub(super) struct Link {
    pub(super) life: Arc<Life>,
    pub(super) site: Arc<Site>,
    pub(super) router: RouterId,
}

const fn word(action: &Action) -> &'static str {
    match action {
        Action::Reserve(_) => "site reserve",
        Action::Confirm(_) => "site confirm",
        Action::Release(_) => "site release",
        Action::Revoke(_) => "site revoke",
        Action::Login(_) => "site login",
        _ => "site other",
    }
}

impl LinkPort for Link {
    fn send(
        &self,
        router: &RouterId,
        action: Action,
        _: Duration,
    ) -> BoxFuture<'static, Result<Outcome, SendError>> {
        assert_eq!(*router, self.router, "P5: a command for another router");
        let (life, site) = (Arc::clone(&self.life), Arc::clone(&self.site));
        if site.is_offline() {
            // Known at once, without a call.
            return async { Err(SendError::Offline) }.boxed();
        }
        async move {
            let name = word(&action);
            let pass = life.enter(name);
            if life.pass(name, pass, Moment::Before).await == Verdict::Silence {
                return Err(SendError::NoAnswer);
            }
            // What goes on beside gets its turn.
            tokio::task::yield_now().await;
            let outcome = site.act(action);
            match life.pass(name, pass, Moment::After).await {
                Verdict::GoOn => outcome,
                Verdict::Silence | Verdict::Denied => Err(SendError::NoAnswer),
            }
        }
        .boxed()
    }
}
