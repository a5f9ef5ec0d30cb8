//! `Reserve`: make the user of a purchase, marked as its reservation.

use std::time::Duration;

use pagos_protocol::{Code, Done, Outcome, command::Reserve};

use super::{
    act::{Act, ROUNDS_MAX},
    decision::Row,
    ownership::{self, Mark, mark, mark_of},
    purchase::Ended,
};
use crate::routeros::{
    CallError, TrapClass,
    menu::{
        profile,
        user::{self, NewUser, UserRow},
    },
};

/// Pause before an add that the router refused without a reason is tried again.
const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// Whose the user of the name is.
enum Holder {
    /// This purchase's, as it was asked for.
    Us(UserRow),
    /// Somebody else's.
    Another,
    /// There is none.
    Nobody,
}

/// Runs a reservation. `row_id` is the row that the journal knows the purchase's user by.
pub(super) async fn run(act: &mut Act, reserve: &Reserve, row_id: Option<&str>) -> Ended {
    match profile_exists(act, &reserve.profile).await {
        Ok(true) => {}
        Ok(false) => return Ended::with(act.not_done(Code::ProfileNotFound, "")),
        Err(error) => return Ended::with(act.ended(&error)),
    }
    let mut last = CallError::DeadlinePassed { sent: true };
    for _ in 0..ROUNDS_MAX {
        let touched_before = act.touched();
        match add(act, reserve).await {
            Ok(Some(row_id)) => return reserved(row_id),
            Ok(None) => {}
            Err(error) => match after(&error) {
                After::ReadBack => last = error,
                After::ProfileMissing => return Ended::with(act.not_done(Code::ProfileNotFound, "")),
                After::GiveUp => return Ended::with(act.ended(&error)),
            },
        }
        match holder(act, reserve, row_id).await {
            Ok(Holder::Us(row)) => return adopt(act, reserve, row).await,
            Ok(Holder::Another) => return Ended::with(Outcome::refused(Code::NameTaken, "")),
            Ok(Holder::Nobody) if last.trap_class().is_some() => {
                // The router has ended the command, and nothing came of it.
                act.set_touched(touched_before);
                if !act.pause(RETRY_PAUSE).await {
                    break;
                }
            }
            Ok(Holder::Nobody) => {}
            Err(error) => return Ended::with(act.ended(&error)),
        }
    }
    if last.trap_class() == Some(TrapClass::Duplicate) {
        // The router takes some other name for the same.
        return Ended::with(Outcome::refused(Code::NameTaken, ""));
    }
    Ended::with(act.ended(&last))
}

/// What to do when the user was not added for certain.
enum After {
    /// It is there already, or may be: see whose it is.
    ReadBack,
    /// The profile has gone away meanwhile.
    ProfileMissing,
    /// Report the error.
    GiveUp,
}

fn after(error: &CallError) -> After {
    match error.trap_class() {
        Some(TrapClass::Duplicate) => After::ReadBack,
        Some(TrapClass::BadReference) => After::ProfileMissing,
        // A text that is not known says nothing about what took effect.
        Some(TrapClass::Other) => After::ReadBack,
        Some(_) if error.effect_unknown() => After::ReadBack,
        Some(_) => After::GiveUp,
        None if matches!(error, CallError::Lost(_)) => After::ReadBack,
        None => After::GiveUp,
    }
}

/// The router takes the beginning of a profile's name for its name: only an exact match will do.
async fn profile_exists(act: &Act, name: &str) -> Result<bool, CallError> {
    let reply = act.read(profile::by_name(name.as_bytes())).await?;
    Ok(reply.records.iter().any(|record| record.bytes("name") == Some(name.as_bytes())))
}

/// Adds the user and returns its row, if the router names it.
async fn add(act: &mut Act, reserve: &Reserve) -> Result<Option<String>, CallError> {
    let comment = mark(&reserve.purchase.id);
    let new = NewUser {
        name: &reserve.name,
        password: &reserve.password,
        profile: &reserve.profile,
        comment: &comment,
        enabled: reserve.enabled,
    };
    let reply = act.change(user::add(&new)).await?;
    Ok(reply.ret.map(|ret| String::from_utf8_lossy(&ret).into_owned()))
}

async fn holder(act: &Act, reserve: &Reserve, row_id: Option<&str>) -> Result<Holder, CallError> {
    let rows = ownership::find(act, &reserve.name).await?;
    let nobody = rows.is_empty();
    let ours = rows.into_iter().find(|row| {
        let same_profile = row.profile == reserve.profile.as_bytes();
        same_profile
            && match mark_of(row, &reserve.purchase.id) {
                Mark::Own => true,
                // Made by this purchase, and confirmed before.
                Mark::None => Some(row.id.as_str()) == row_id,
                Mark::Other => false,
            }
    });
    Ok(match ours {
        Some(row) => Holder::Us(row),
        None if nobody => Holder::Nobody,
        None => Holder::Another,
    })
}

/// Takes over our own user. An earlier removal that was interrupted may have left it disabled.
async fn adopt(act: &mut Act, reserve: &Reserve, row: UserRow) -> Ended {
    if row.disabled && reserve.enabled {
        if let Err(error) = act.change(user::enable(&row.id)).await {
            return Ended { outcome: act.ended(&error), row: Row::At(row.id) };
        }
    }
    reserved(row.id)
}

fn reserved(row_id: String) -> Ended {
    Ended { outcome: Outcome::done(Done::Reserved), row: Row::At(row_id) }
}
