//! Which user a device is let in as, and what that user may use.

use pagos_protocol::{Code, Outcome};

use super::super::{act::clip, credentials::Proof, login::attempt::Ended};
use super::{
    Guest, Reconnection,
    family::{self, Family, Seat},
    is_about_guest,
    quota::share,
};
use crate::{
    journal::Quota,
    routeros::{
        CallError, TrapClass,
        menu::{
            RowId,
            account::{self, AccountRow, Limits, NewClone, Shown, Used},
            user,
        },
    },
};

/// How often a clone is tried to be made.
const CLONE_TRIES_MAX: usize = 3;

/// What a device will be let in as.
pub(super) struct Planned {
    pub(super) name: String,
    seat: Seat,
    /// What the user may use then.
    limits: Limits,
}

/// What a device is let in as.
pub(super) struct Seated {
    pub(super) name: String,
    /// The row of a clone that was made for it just now.
    made: Option<RowId>,
}

impl Reconnection<'_> {
    /// Finds who the device is let in as; changes nothing.
    pub(super) fn find_seat(&self, guest: &Guest) -> Result<Planned, Ended> {
        let family = &guest.family;
        let asked = &self.ask.credentials.name;
        let seat = family.seat(asked, &self.device.mac);
        let text = |row: &AccountRow| String::from_utf8_lossy(&row.name).into_owned();
        let (name, row) = match seat {
            Seat::Base => (text(&family.base), Some(&family.base)),
            Seat::Clone(number) => {
                (family::clone_name(&text(&family.base), number), family.clone_of_number(number))
            }
            Seat::NewClone(number) => (family::clone_name(&text(&family.base), number), None),
            Seat::Full => {
                return Err(refused(Code::DeviceLimitReached, "the user has all clones it may have"));
            }
        };
        let rows = [Some(&family.base), family.named(asked), row];
        if rows.into_iter().flatten().any(|row| row.disabled) {
            return Err(refused(Code::AccessExpired, "the user is disabled"));
        }
        let used = row.map_or_else(Used::default, |row| row.used);
        let Some(limits) = share(guest.limits, family.used(), used) else {
            return Err(refused(Code::AccessExpired, "its time or its bytes are used up"));
        };
        Ok(Planned { name, seat, limits })
    }

    /// Makes sure that the user is there and can use no more than what is left.
    pub(super) async fn take_seat(&mut self, guest: &Guest, planned: Planned) -> Result<Seated, Ended> {
        let family = &guest.family;
        match planned.seat {
            Seat::Base => self.limit_base(guest, planned.limits).await?,
            Seat::Clone(number) => {
                if let Some(clone) = family.clone_of_number(number) {
                    self.limit(clone, planned.limits).await?;
                }
            }
            Seat::NewClone(number) => return self.make_clone(guest, number, planned.limits).await,
            Seat::Full => return Err(refused(Code::DeviceLimitReached, "")),
        }
        Ok(Seated { name: planned.name, made: None })
    }

    /// Takes a clone away that was made for a login which the router refused.
    pub(super) async fn leave_seat(&mut self, seated: Seated, ended: &Ended) {
        let refused = match ended.code() {
            // It may have a session.
            Some(Code::LoginUnverified) | None => false,
            Some(code) => is_about_guest(code) || code == Code::CredentialsInvalid,
        };
        let Some(row_id) = seated.made.filter(|_| refused) else { return };
        if let Err(error) = self.act.change(user::remove(&row_id)).await {
            tracing::warn!(router.id = self.router_id, error = %error, "clone of a refused login was left");
        }
    }

    /// What the journal holds of a user whose limits were lowered for what its clones have used.
    pub(super) async fn quota(&self, name: &str) -> Result<Option<Quota>, Ended> {
        let known = self.journal.quota(self.router_id, name.as_bytes()).await;
        known.map_err(|error| Ended::with(Outcome::refused(Code::JournalFailed, error.to_string())))
    }

    /// Lowers, or raises again, what the user itself may use. What it was before is on disk first.
    async fn limit_base(&mut self, guest: &Guest, wanted: Limits) -> Result<(), Ended> {
        let base = &guest.family.base;
        if wanted == base.limits {
            return Ok(());
        }
        let quota = Quota { limits: to_row(guest.limits), lowered: to_row(wanted) };
        let written = self.journal.put_quota(self.router_id, &base.name, quota).await;
        written.map_err(|error| Ended::with(Outcome::refused(Code::JournalFailed, error.to_string())))?;
        self.limit(base, wanted).await
    }

    async fn limit(&mut self, row: &AccountRow, wanted: Limits) -> Result<(), Ended> {
        if wanted == row.limits {
            return Ok(());
        }
        // Setting the same again does no harm.
        match self.act.change(account::set_limits(&row.id, row.limits, wanted)).await {
            Ok(_) => Ok(()),
            Err(CallError::Lost(_)) => {
                let again = self.act.change(account::set_limits(&row.id, row.limits, wanted)).await;
                again.map(drop).map_err(|error| Ended::with(self.act.ended(&error)))
            }
            Err(error) => Err(Ended::with(self.act.ended(&error))),
        }
    }

    async fn make_clone(&mut self, guest: &Guest, mut number: u32, limits: Limits) -> Result<Seated, Ended> {
        let base = String::from_utf8_lossy(&guest.family.base.name).into_owned();
        let mut last = String::new();
        for _ in 0..CLONE_TRIES_MAX {
            let name = family::clone_name(&base, number);
            match self.add(guest, &name, limits).await {
                Ok(row_id) => return Ok(Seated { name, made: row_id }),
                Err(error) if may_be_there(&error) => last = error.to_string(),
                Err(CallError::Trap(trap)) => return Err(refused(Code::LoginRefused, &trap.message)),
                Err(error) => return Err(Ended::with(self.act.ended(&error))),
            }
            // It was made after all, or somebody else has made one of this number.
            let family = self.family(&base).await?;
            match family.as_ref().map(|family| family.seat(&base, &self.device.mac)) {
                Some(Seat::Clone(number)) => return Ok(self.found(&base, number, family.as_ref())),
                Some(Seat::NewClone(free)) => number = free,
                Some(Seat::Full) => return Err(refused(Code::DeviceLimitReached, "")),
                Some(Seat::Base) | None => return Err(refused(Code::LoginRefused, "the user has changed")),
            }
        }
        Err(refused(Code::LoginRefused, &last))
    }

    fn found(&self, base: &str, number: u32, family: Option<&Family>) -> Seated {
        let row = family.and_then(|family| family.clone_of_number(number));
        Seated { name: family::clone_name(base, number), made: row.map(|row| row.id.clone()) }
    }

    async fn add(&mut self, guest: &Guest, name: &str, limits: Limits) -> Result<Option<RowId>, CallError> {
        let base = &guest.family.base;
        let password = match (&base.password, guest.proof) {
            (Shown::Clear(own), _) => Some(own.as_slice()),
            (Shown::Stars | Shown::Empty, Proof::Right) => {
                Some(self.ask.credentials.password.expose().as_bytes())
            }
            (Shown::Empty, Proof::Unseen | Proof::Wrong) => Some(&b""[..]),
            (Shown::Stars, Proof::Unseen | Proof::Wrong) => None,
        };
        let clone = NewClone { name, of: base, password, mac: &self.device.mac, limits };
        let reply = self.act.change(account::add_clone(&clone)).await?;
        Ok(reply.ret.map(|ret| String::from_utf8_lossy(&ret).into_owned()))
    }
}

/// What a user and its clones may use together: what the user itself may, unless that was lowered for their sake.
pub(super) fn limits(base: &AccountRow, known: Option<Quota>) -> Limits {
    match known {
        Some(quota) if from_row(quota.lowered) == base.limits => from_row(quota.limits),
        Some(_) | None => base.limits,
    }
}

fn may_be_there(error: &CallError) -> bool {
    error.effect_unknown() || error.trap_class() == Some(TrapClass::Duplicate)
}

fn refused(code: Code, detail: &str) -> Ended {
    Ended::with(Outcome::refused(code, clip(detail)))
}

fn to_row(limits: Limits) -> [u64; 4] {
    [limits.uptime_s, limits.bytes_in, limits.bytes_out, limits.bytes_total]
}

fn from_row([uptime_s, bytes_in, bytes_out, bytes_total]: [u64; 4]) -> Limits {
    Limits { uptime_s, bytes_in, bytes_out, bytes_total }
}
