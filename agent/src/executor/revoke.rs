//! `Revoke`: shut the user of a purchase that was given back out, and leave it where it is.
//!
//! Disabling a user ends no session, and a cookie opens a new one within seconds: the user is disabled first, then its
//! sessions end, then its cookies go. A round that finds nothing left to do is the proof.

use pagos_protocol::{Code, Done, Outcome, command::Revoke};

use super::{
    act::{Act, ROUNDS_MAX},
    decision::Row,
    ownership::{self, Known, Mark, mark_of},
    purchase::Ended,
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
        let ours = free_name && known.purchase;
        return Ok(!(ours && remove_sessions_and_cookies(act, revoke.name.as_bytes()).await?));
    };
    *row_id = Some(row.id.clone());
    if !row.disabled {
        ignore_gone(act.change(user::disable(&row.id)).await)?;
    }
    let found = remove_sessions_and_cookies(act, &row.name).await?;
    Ok(row.disabled && !found)
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
