//! `Revoke`: shut the user of a purchase that was given back out, and leave it where it is.
//!
//! Disabling a user ends no session, and a cookie opens a new one within seconds: the user is disabled first, then its
//! sessions end, then its cookies go; the same with its clones. A round that finds nothing left to do is the proof.

use pagos_protocol::{Code, Done, Outcome, command::Revoke};

use super::{
    act::{Act, ROUNDS_MAX},
    decision::Row,
    ownership::{self, Known, Mark, mark_of},
    purchase::Ended,
    reconnect::family::clone_names,
    release::{ignore_gone, remove_sessions_and_cookies},
};
use crate::routeros::{
    CallError,
    menu::user::{self, UserRow},
};

/// Runs a revocation.
pub(super) async fn run(act: &mut Act, revoke: &Revoke, known: &Known<'_>) -> Ended {
    let mut row_id = None;
    for _ in 0..ROUNDS_MAX {
        match round(act, revoke, known, &mut row_id).await {
            Ok(true) => {
                let row = row_id.map_or(Row::Same, Row::At);
                return Ended { outcome: Outcome::done(Done::Revoked), row };
            }
            Ok(false) | Err(CallError::Lost(_)) => {}
            Err(error) => return Ended::with(act.ended(&error)),
        }
    }
    Ended::with(act.not_done(Code::RouterError, "the user is still let in"))
}

/// Does what is left. `true` when nothing was.
async fn round(
    act: &mut Act,
    revoke: &Revoke,
    known: &Known<'_>,
    row_id: &mut Option<String>,
) -> Result<bool, CallError> {
    let rows = ownership::find_own(act, &revoke.name, known).await?;
    let Some(row) = rows.iter().find(|row| is_ours(row, revoke, known)) else {
        // Sessions of a name that somebody else has now are somebody else's.
        let free_name = !rows.iter().any(|row| row.name == revoke.name.as_bytes());
        if !(free_name && known.purchase) {
            return Ok(true);
        }
        let found = remove_sessions_and_cookies(act, revoke.name.as_bytes()).await?;
        return Ok(shut_clones_out(act, revoke.name.as_bytes()).await? && !found);
    };
    *row_id = Some(row.id.clone());
    let shut = shut_out(act, row).await?;
    Ok(shut_clones_out(act, &row.name).await? && shut)
}

/// Disables a user and ends its sessions. Returns whether nothing was left to do.
async fn shut_out(act: &mut Act, row: &UserRow) -> Result<bool, CallError> {
    if !row.disabled {
        ignore_gone(act.change(user::disable(&row.id)).await)?;
    }
    let found = remove_sessions_and_cookies(act, &row.name).await?;
    Ok(row.disabled && !found)
}

/// Does the same to all clones of a user.
async fn shut_clones_out(act: &mut Act, name: &[u8]) -> Result<bool, CallError> {
    // A name that is no UTF-8 was never given to us, and never got a clone.
    let Ok(name) = std::str::from_utf8(name) else { return Ok(true) };
    let names: Vec<String> = clone_names(name).collect();
    let mut all_shut = true;
    for row in UserRow::read_all(&act.read(user::by_names(&names)).await?) {
        if names.iter().any(|name| name.as_bytes() == row.name) {
            all_shut &= shut_out(act, &row).await?;
        }
    }
    Ok(all_shut)
}

/// A user is the purchase's if it carries its mark, or is in its row, or has its name and no other profile than the
/// journal knows: the journal may be lost, and shutting out can be taken back.
fn is_ours(row: &UserRow, revoke: &Revoke, known: &Known<'_>) -> bool {
    match mark_of(row, &revoke.purchase.id) {
        Mark::Own => true,
        Mark::Other => false,
        Mark::None => {
            let same_profile = known.profile.is_empty() || row.profile == known.profile.as_bytes();
            known.is_row_of(row) || (row.name == revoke.name.as_bytes() && same_profile)
        }
    }
}
