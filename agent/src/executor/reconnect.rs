//! `Reconnect`: let a device in whose user gives name and password, though it may have another MAC than before.
//!
//! Somebody who is bound to one device by an operator's time-accounting tool gets a clone for each further device
//! ([`family`]); all of them share one quota ([`quota`]). Those of one user are let in one after the other.

pub(super) mod family;
mod quota;
mod seating;

use pagos_protocol::{
    Code, Done, Outcome, command,
    outcome::{Session, Usage},
};
use tokio::{sync::oneshot, time::timeout_at};

use super::{
    Inner, Place,
    act::Act,
    credentials::{Proof, is_promised, prove},
    login::attempt::{Attempt, Device, Ended, Entered, LOGIN_WAIT, Who, host, sessions},
};
use crate::{
    journal::Journal,
    routeros::menu::{
        account::{self, AccountRow, Limits},
        active::ActiveRow,
    },
    seams::clock::Instant,
};
use family::Family;

/// Lets a device in and reports. May go on after the report, until nothing that was given up can still change the router.
pub(super) async fn run(
    inner: &Inner,
    router_id: &str,
    ask: &command::Reconnect,
    place: Place,
    deadline: Instant,
    report: oneshot::Sender<Outcome>,
) {
    let name = &ask.credentials.name;
    let key = format!("{router_id} {}", family::base_of(name).unwrap_or(name));
    let Ok(turn) = timeout_at(deadline, inner.turns.wait(&key)).await else {
        let why = "another device of the user is being let in";
        let _ = report.send(Outcome::failed(Code::DeadlinePassed, why));
        return;
    };
    let (outcome, act) = match (place, Device::read(&ask.mac, ask.ip.as_deref())) {
        (Err(none), _) => (none.refused(), None),
        (Ok(_), None) => (Outcome::refused(Code::LoginRefused, "the MAC address is not valid"), None),
        (Ok(place), Some(device)) => {
            let act = Act::start(place, deadline);
            let mut work = Reconnection { act, journal: &inner.journal, router_id, ask, device };
            (work.run().await.unwrap_or_else(Ended::into_outcome), Some(work.act))
        }
    };
    let failed = matches!(outcome, Outcome::Failed { .. });
    // Whoever asked may be gone.
    let _ = report.send(outcome);
    if let (true, Some(act)) = (failed, act) {
        act.settle().await;
    }
    drop(turn);
}

/// A device on its way in.
struct Reconnection<'a> {
    act: Act,
    journal: &'a Journal,
    router_id: &'a str,
    ask: &'a command::Reconnect,
    device: Device,
}

/// What is known of somebody who may be let in.
struct Guest {
    family: Family,
    proof: Proof,
    /// What the whole family may use.
    limits: Limits,
}

impl Guest {
    fn usage(&self) -> Usage {
        let used_s = self.family.used().uptime_s;
        let limit_s = self.limits.uptime_s;
        Usage { used_s, left_s: (limit_s > 0).then(|| limit_s.saturating_sub(used_s)) }
    }

    /// The report of a guest who stays outside. What concerns the router and not the guest is reported as it is.
    fn outside(&self, ended: Ended) -> Outcome {
        let ended = if self.proof == Proof::Right { ended.because_of_us() } else { ended };
        match ended.into_outcome() {
            Outcome::Refused { code, detail } | Outcome::Failed { code, detail, .. }
                if is_about_guest(code) =>
            {
                Outcome::done(Done::NotReconnected { code, detail, usage: self.usage() })
            }
            outcome @ (Outcome::Done { .. }
            | Outcome::Refused { .. }
            | Outcome::Failed { .. }
            | Outcome::Unknown) => outcome,
        }
    }

    fn inside(&self, entered: Entered) -> Outcome {
        let Entered { row, already } = entered;
        let mut usage = self.usage();
        usage.left_s = usage.left_s.or(row.left_s);
        Outcome::done(Done::Reconnected { already, session: report(row), usage })
    }
}

impl Reconnection<'_> {
    async fn run(&mut self) -> Result<Outcome, Ended> {
        let guest = self.identify().await?;
        self.act.limit(LOGIN_WAIT);
        Ok(match self.let_in(&guest).await {
            Ok(entered) => guest.inside(entered),
            Err(ended) => guest.outside(ended),
        })
    }

    /// Finds the user and its clones, and judges the password.
    async fn identify(&self) -> Result<Guest, Ended> {
        let given = &self.ask.credentials;
        let base = family::base_of(&given.name);
        let names: Vec<&str> = std::iter::once(given.name.as_str()).chain(base).collect();
        let rows = self.print(&names).await?;
        let row_of = |name: &str| rows.iter().find(|row| row.name == name.as_bytes());
        let stranger = || Ended::with(Outcome::refused(Code::CredentialsInvalid, ""));
        let asked = row_of(&given.name).filter(|row| !is_promised(row)).ok_or_else(stranger)?;
        let proof = prove(asked, given);
        if proof == Proof::Wrong {
            return Err(stranger());
        }
        let (name, row) = match base.and_then(|base| Some((base, row_of(base)?))) {
            Some(of_clone) => of_clone,
            None => (given.name.as_str(), asked),
        };
        let alone = Family { base: row.clone(), clones: Vec::new() };
        let quota = self.quota(name).await?;
        // Who had clones once may have them still, though its marks are gone.
        let may_have_clones = family::is_marked(row) || name != given.name || quota.is_some();
        let family = if may_have_clones { self.family(name).await?.unwrap_or(alone) } else { alone };
        let limits = seating::limits(&family.base, quota);
        Ok(Guest { family, proof, limits })
    }

    async fn let_in(&mut self, guest: &Guest) -> Result<Entered, Ended> {
        let seat = self.find_seat(guest)?;
        let sessions = sessions(&self.act, seat.name.as_bytes(), &self.device).await?;
        if let Some(row) = self.session_of(&guest.family, &sessions) {
            if guest.proof == Proof::Right {
                return Ok(Entered { row, already: true });
            }
            let why = "the device is online, and whether the password is right only a login could show";
            return Err(Ended::with(Outcome::refused(Code::LoginRefused, why)));
        }
        let host = host(&self.act, &self.device).await?;
        if host.bypassed {
            tracing::warn!(router.id = self.router_id, "device passes the hotspot without a session");
        }
        let seated = self.take_seat(guest, seat).await?;
        let password = &self.ask.credentials.password;
        let who = Who { name: seated.name.as_bytes(), password, proven: guest.proof == Proof::Right };
        let entered = Attempt::new(&mut self.act, who, &self.device).enter(host, &sessions).await;
        if let Err(ended) = &entered {
            self.leave_seat(seated, ended).await;
        }
        entered
    }

    /// The session of the device, whichever of the family it is of.
    fn session_of(&self, family: &Family, sessions: &[ActiveRow]) -> Option<ActiveRow> {
        let of_family = |row: &&ActiveRow| family.members().any(|member| member.name == row.user);
        sessions.iter().filter(of_family).find(|row| self.device.is_in(row)).cloned()
    }

    /// A user and its clones.
    async fn family(&self, base: &str) -> Result<Option<Family>, Ended> {
        let names: Vec<String> = std::iter::once(base.to_owned()).chain(family::clone_names(base)).collect();
        Ok(Family::among(base, self.print(&names).await?))
    }

    async fn print(&self, names: &[impl AsRef<[u8]>]) -> Result<Vec<AccountRow>, Ended> {
        let reply = self.act.read(account::by_names(names)).await;
        let reply = reply.map_err(|error| Ended::with(self.act.ended(&error)))?;
        Ok(AccountRow::read_all(&reply))
    }
}

/// Whether a code tells something about who wants to be let in, and not that the router could not be asked.
fn is_about_guest(code: Code) -> bool {
    match code {
        Code::AccessExpired
        | Code::DeviceLimitReached
        | Code::DeviceModeForbids
        | Code::DeviceNotSeen
        | Code::LicenseLimitReached
        | Code::LoginRefused
        | Code::LoginUnverified
        | Code::RadiusFailed => true,
        Code::NameTaken
        | Code::ProfileNotFound
        | Code::Stale
        | Code::UserGone
        | Code::RouterUnreachable
        | Code::RouterLoginFailed
        | Code::PermissionDenied
        | Code::RouterError
        | Code::DeadlinePassed
        | Code::CredentialsInvalid
        | Code::UnknownRouter
        | Code::Unsupported
        | Code::JournalFailed
        | Code::Busy
        | Code::Unknown => false,
    }
}

fn report(row: ActiveRow) -> Session {
    Session {
        user: String::from_utf8_lossy(&row.user).into_owned(),
        address: row.address,
        uptime: row.uptime,
        bytes_in: row.bytes_in,
        bytes_out: row.bytes_out,
    }
}
