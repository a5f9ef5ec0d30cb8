//! `Release`: remove the purchase's user, its sessions and its cookies, and see that they are gone.
//!
//! Removing or disabling a user ends no session, and a cookie opens a new one within seconds. So the user is disabled
//! first, then sessions and cookies go, then the user. A round that finds nothing of the purchase is the proof.

use std::time::Duration;

use pagos_protocol::{Code, Done, Outcome, command::Release};

use super::{
    act::{Act, ROUNDS_MAX},
    ownership::{self, Known, Mark, mark_of},
    purchase::Ended,
};
use crate::routeros::{
    CallError, Request, TrapClass,
    menu::{
        IDS_MAX, RowId,
        active::{self, ActiveRow},
        cookie,
        user::{self, UserRow},
    },
};

/// How long after an interrupted reservation the router is asked again whether its user has appeared.
const DOUBT_PAUSE: Duration = Duration::from_secs(3);

/// Runs a removal. With `doubt`, what an interrupted reservation had on the wire may still arrive: the proof is made
/// twice, some seconds apart.
pub(super) async fn run(act: &mut Act, release: &Release, known: &Known<'_>, doubt: bool) -> Ended {
    let ended = until_gone(act, release, known).await;
    if !(doubt && matches!(ended, Outcome::Done { .. })) {
        return Ended::with(ended);
    }
    if !act.pause(DOUBT_PAUSE).await {
        let why = "a reservation was cut off before; whether its user still appears has to be seen";
        return Ended::with(Outcome::failed(Code::DeadlinePassed, why));
    }
    Ended::with(until_gone(act, release, known).await)
}

async fn until_gone(act: &mut Act, release: &Release, known: &Known<'_>) -> Outcome {
    let mut removed_as: Option<Vec<u8>> = None;
    for _ in 0..ROUNDS_MAX {
        match round(act, release, known, &mut removed_as).await {
            Ok(true) => return Outcome::done(Done::Released),
            Ok(false) | Err(CallError::Lost(_)) => {}
            Err(error) => return act.ended(&error),
        }
    }
    act.not_done(Code::RouterError, "something of the purchase is still there")
}

/// Removes what is there. `true` when nothing was.
async fn round(
    act: &mut Act,
    release: &Release,
    known: &Known<'_>,
    removed_as: &mut Option<Vec<u8>>,
) -> Result<bool, CallError> {
    let rows = ownership::find_own(act, &release.name, known).await?;
    if let Some(row) = rows.iter().find(|row| is_ours(row, release, known)) {
        *removed_as = Some(row.name.clone());
        ignore_gone(act.change(user::disable(&row.id)).await)?;
        remove_sessions_and_cookies(act, &row.name).await?;
        ignore_gone(act.change(user::remove(&row.id)).await)?;
        return Ok(false);
    }
    // Sessions of a name that somebody else has now are somebody else's.
    let free_name = !rows.iter().any(|row| row.name == release.name.as_bytes());
    let name = removed_as.clone().or_else(|| known.purchase.then(|| release.name.clone().into_bytes()));
    match name {
        Some(name) if free_name => Ok(!remove_sessions_and_cookies(act, &name).await?),
        Some(_) | None => Ok(true),
    }
}

/// A user is the purchase's if it carries its mark, or is in the row that the purchase made and has its name, or was
/// confirmed there and renamed. Where the journal knows no row, since it was lost, name and profile tell it if the control
/// plane says that the user may have been confirmed.
fn is_ours(row: &UserRow, release: &Release, known: &Known<'_>) -> bool {
    match mark_of(row, &release.purchase.id) {
        Mark::Own => true,
        Mark::Other => false,
        Mark::None => {
            let of_name = row.name == release.name.as_bytes();
            let of_profile = !release.profile.is_empty() && row.profile == release.profile.as_bytes();
            known.is_named_row_of(row, &release.name)
                || (known.is_row_of(row) && known.confirmed)
                || (known.row_id.is_none() && of_name && of_profile)
        }
    }
}

/// Removes all sessions and cookies of a user. Returns whether there were any.
pub(super) async fn remove_sessions_and_cookies(act: &mut Act, name: &[u8]) -> Result<bool, CallError> {
    let (sessions, cookies) =
        tokio::try_join!(act.read(active::by_user(name)), act.read(cookie::by_user(name)))?;
    let mut sessions = ActiveRow::read_all(&sessions);
    sessions.retain(|row| row.user == name);
    let sessions: Vec<RowId> = sessions.into_iter().map(|row| row.id).collect();
    let cookies = cookie::read_ids(&cookies);
    remove_rows(act, &sessions, active::remove).await?;
    remove_rows(act, &cookies, cookie::remove).await?;
    Ok(!(sessions.is_empty() && cookies.is_empty()))
}

async fn remove_rows(
    act: &mut Act,
    ids: &[RowId],
    remove: impl Fn(&[RowId]) -> Request,
) -> Result<(), CallError> {
    for ids in ids.chunks(IDS_MAX) {
        // When one of several is gone already the router may leave the others: they are found again next round.
        ignore_gone(act.change(remove(ids)).await)?;
    }
    Ok(())
}

pub(super) fn ignore_gone<T>(result: Result<T, CallError>) -> Result<(), CallError> {
    match result {
        Err(error) if error.trap_class() == Some(TrapClass::Gone) => Ok(()),
        result => result.map(drop),
    }
}
