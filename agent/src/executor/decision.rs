//! What to do with a command of a purchase, judged by what the journal remembers. Pure.
//!
//! Versions order the decisions about a purchase. Logins are remembered beside them: they make no later decision
//! obsolete, except a reservation or removal that is older than the login.
//!
//! What was done stays done and is reported again. A refusal or failure that trying again cannot better is reported
//! again for [`REFUSAL_KEPT_MS`], and so is every refused reservation: its purchase may have been given up for it, and a
//! late delivery of the same command must not make a user that nobody will remove. After that time no delivery can
//! still be on its way, and a command of the same version is a new try.

use pagos_protocol::{Action, Code, Done, Outcome};

use crate::journal::{Entry, Kind, Slot};

/// How long a refusal is reported again, in milliseconds. Longer than a frame can be on its way: a link that is silent
/// for 45 s is given up.
pub const REFUSAL_KEPT_MS: i64 = 120_000;

/// What a command asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// One of the decisions about the purchase's user.
    Decision(Kind),
    /// A login of one of its devices.
    Login,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Give this outcome again; do not touch the router.
    Replay(Outcome),
    /// A newer decision is journalled: refuse.
    Stale,
    /// Do it.
    Run(Before),
}

/// What is known of the router before a command is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Before {
    /// The journal knows nothing of the purchase.
    Unknown,
    /// The journal knows that nothing of the purchase is on the router.
    Nothing,
    /// Something of the purchase may be there.
    Something,
    /// An earlier delivery of the same command may have been at work.
    Resumed,
}

/// Judges a command by the journal's entry of its purchase, at `now_ms` of the wall clock.
#[must_use]
pub fn decide(entry: Option<&Entry>, asked: Asked, version: u64, now_ms: i64) -> Verdict {
    let Some(entry) = entry else { return Verdict::Run(Before::Unknown) };
    // A clock that was set meanwhile may have gone either way.
    let recent = (now_ms - entry.started_at).abs() < REFUSAL_KEPT_MS;
    match asked {
        Asked::Decision(kind) => decide_decision(entry, kind, version, recent),
        Asked::Login => decide_login(entry, version, recent),
    }
}

fn decide_decision(entry: &Entry, kind: Kind, version: u64, recent: bool) -> Verdict {
    let overtaken_by_login = match kind {
        Kind::Reserve | Kind::Release | Kind::Revoke => {
            entry.login.as_ref().is_some_and(|login| login.version > version)
        }
        Kind::Confirm => false,
    };
    let Some((known_kind, known)) = &entry.decision else {
        return if overtaken_by_login { Verdict::Stale } else { Verdict::Run(Before::Unknown) };
    };
    if overtaken_by_login || version < known.version {
        return Verdict::Stale;
    }
    if version == known.version && kind == *known_kind {
        return match &known.outcome {
            Some(outcome) if is_final(Asked::Decision(kind), outcome, recent) => {
                Verdict::Replay(outcome.clone())
            }
            Some(Outcome::Refused { .. }) if kind == Kind::Reserve => Verdict::Run(Before::Nothing),
            Some(_) | None => Verdict::Run(Before::Resumed),
        };
    }
    if version == known.version && rank(kind) < rank(*known_kind) {
        return Verdict::Stale;
    }
    Verdict::Run(left_behind(*known_kind, known))
}

fn decide_login(entry: &Entry, version: u64, recent: bool) -> Verdict {
    if let Some((kind, known)) = &entry.decision {
        let shut_out = matches!(kind, Kind::Release | Kind::Revoke);
        if version < known.version || (version == known.version && shut_out) {
            return Verdict::Stale;
        }
    }
    match &entry.login {
        Some(known) if version < known.version => Verdict::Stale,
        Some(Slot { version: known, outcome: Some(outcome) })
            if version == *known && is_final(Asked::Login, outcome, recent) =>
        {
            Verdict::Replay(outcome.clone())
        }
        Some(known) if version == known.version => Verdict::Run(Before::Resumed),
        Some(_) | None => Verdict::Run(Before::Something),
    }
}

/// Of two decisions of one version, which can only follow the other.
fn rank(kind: Kind) -> u8 {
    match kind {
        Kind::Reserve => 0,
        Kind::Confirm => 1,
        Kind::Revoke => 2,
        Kind::Release => 3,
    }
}

/// What the newest decision has left on the router.
fn left_behind(kind: Kind, slot: &Slot) -> Before {
    match (kind, &slot.outcome) {
        (Kind::Reserve, Some(Outcome::Refused { .. })) | (Kind::Release, Some(Outcome::Done { .. })) => {
            Before::Nothing
        }
        (Kind::Reserve, Some(Outcome::Done { .. } | Outcome::Failed { .. } | Outcome::Unknown) | None)
        | (Kind::Release, Some(Outcome::Refused { .. } | Outcome::Failed { .. } | Outcome::Unknown) | None)
        | (Kind::Confirm | Kind::Revoke, _) => Before::Something,
    }
}

/// Whether an outcome is reported again instead of trying again; `recent` is within [`REFUSAL_KEPT_MS`].
#[must_use]
pub fn is_final(asked: Asked, outcome: &Outcome, recent: bool) -> bool {
    match outcome {
        Outcome::Done { .. } => true,
        Outcome::Refused { code, .. } => {
            recent && (asked == Asked::Decision(Kind::Reserve) || !code.retryable())
        }
        Outcome::Failed { retryable, .. } => recent && !retryable,
        Outcome::Unknown => false,
    }
}

/// What the journal needs of a command of a purchase; never its password, which each command that needs it carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asking {
    /// The purchase.
    pub purchase_id: String,
    /// Version of the decision.
    pub version: u64,
    /// What is asked for.
    pub asked: Asked,
    /// User name.
    pub name: String,
    /// Profile, if the command names one.
    pub profile: Option<String>,
}

impl Asking {
    /// Reads an action; `None` when it belongs to no purchase.
    #[must_use]
    pub fn of(action: &Action) -> Option<Self> {
        let (purchase, asked, name, profile) = match action {
            Action::Reserve(reserve) => {
                (&reserve.purchase, Asked::Decision(Kind::Reserve), &reserve.name, Some(&reserve.profile))
            }
            Action::Confirm(confirm) => {
                (&confirm.purchase, Asked::Decision(Kind::Confirm), &confirm.name, Some(&confirm.profile))
            }
            Action::Release(release) => {
                let profile = Some(&release.profile).filter(|profile| !profile.is_empty());
                (&release.purchase, Asked::Decision(Kind::Release), &release.name, profile)
            }
            Action::Revoke(revoke) => (&revoke.purchase, Asked::Decision(Kind::Revoke), &revoke.name, None),
            Action::Login(login) => (&login.purchase, Asked::Login, &login.name, None),
            Action::Reconnect(_)
            | Action::CheckUser { .. }
            | Action::DescribeUser { .. }
            | Action::DescribeUsers { .. }
            | Action::ListProfiles
            | Action::Probe
            | Action::SetRouter(_)
            | Action::Unknown => return None,
        };
        Some(Self {
            purchase_id: purchase.id.clone(),
            version: purchase.version,
            asked,
            name: name.clone(),
            profile: profile.cloned(),
        })
    }

    /// The entry to be journalled before the command is run.
    #[must_use]
    pub fn taken_up(&self, entry: Option<Entry>, router_id: &str, now_ms: i64) -> Entry {
        let mut entry = entry.unwrap_or_else(|| Entry::new(&self.purchase_id, router_id, &self.name, now_ms));
        let slot = Some(Slot { version: self.version, outcome: None });
        match self.asked {
            Asked::Login => entry.login = slot,
            Asked::Decision(kind) => {
                if entry.name != self.name || entry.router_id != router_id {
                    // The row was of another user.
                    entry.row_id = None;
                    entry.confirmed = false;
                    self.name.clone_into(&mut entry.name);
                    router_id.clone_into(&mut entry.router_id);
                }
                if let Some(profile) = &self.profile {
                    profile.clone_into(&mut entry.profile);
                }
                entry.decision = slot.map(|slot| (kind, slot));
            }
        }
        entry.started_at = now_ms;
        entry.finished_at = None;
        entry.missing = false;
        entry
    }

    /// The entry to be journalled after the command has ended; `None` when the entry is of a newer command by now.
    #[must_use]
    pub fn ended(&self, entry: Option<Entry>, outcome: &Outcome, row: Row, now_ms: i64) -> Option<Entry> {
        let mut entry = entry?;
        let slot = match (self.asked, &mut entry.decision) {
            (Asked::Login, _) => entry.login.as_mut(),
            (Asked::Decision(kind), Some((known, slot))) if kind == *known => Some(slot),
            (Asked::Decision(_), _) => None,
        };
        let slot = slot.filter(|slot| slot.version == self.version)?;
        slot.outcome = Some(outcome.clone());
        if let Row::At(row_id) = row {
            entry.row_id = Some(row_id);
        }
        if outcome == &Outcome::done(Done::Confirmed) {
            entry.confirmed = true;
        }
        if matches!((self.asked, outcome), (Asked::Decision(_), Outcome::Done { .. })) {
            // Whatever an earlier command may still have been up to has been seen to.
            entry.doubt = false;
        }
        entry.finished_at = at_rest(&entry).then_some(now_ms);
        Some(entry)
    }
}

/// What an act has learnt about the user's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// Nothing new.
    Same,
    /// It is this one. The row of a removed user is remembered, since a restored backup may bring it back.
    At(String),
}

/// Whether nothing is left to do for a purchase: its user is confirmed, removed, shut out, was never made, or is gone and
/// a newer decision must come.
fn at_rest(entry: &Entry) -> bool {
    let login_at_rest = entry.login.as_ref().is_none_or(|login| login.outcome.is_some());
    let decision_at_rest = match &entry.decision {
        None => true,
        Some((Kind::Reserve, slot)) => matches!(slot.outcome, Some(Outcome::Refused { .. })),
        Some((Kind::Confirm, Slot { outcome: Some(Outcome::Refused { code: Code::UserGone, .. }), .. })) => {
            true
        }
        Some((Kind::Confirm | Kind::Release | Kind::Revoke, slot)) => {
            matches!(slot.outcome, Some(Outcome::Done { .. }))
        }
    };
    login_at_rest && decision_at_rest
}

#[cfg(test)]
mod tests;
