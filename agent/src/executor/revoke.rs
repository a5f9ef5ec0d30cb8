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
            Ok(Left::Nothing) => {
                let row = row_id.map_or(Row::Same, Row::At);
                return Ended { outcome: Outcome::done(Done::Revoked), row };
            }
            Ok(Left::Foreign) => {
                let why = "the user of that name is in another row and has another profile: look whose it is";
                return Ended::with(Outcome::refused(Code::NameTaken, why));
            }
            Ok(Left::Something) | Err(CallError::Lost(_)) => {}
            Err(error) => return Ended::with(act.ended(&error)),
        }
    }
    Ended::with(act.not_done(Code::RouterError, "the user is still let in"))
}

/// What a round found to be done.
enum Left {
    Nothing,
    Something,
    /// Somebody has the name, nobody knows who: a person must look.
    Foreign,
}

/// Does what is left.
async fn round(
    act: &mut Act,
    revoke: &Revoke,
    known: &Known<'_>,
    row_id: &mut Option<String>,
) -> Result<Left, CallError> {
    let rows = ownership::find_own(act, &revoke.name, known).await?;
    let Some(row) = rows.iter().find(|row| is_ours(row, revoke, known)) else {
        return without_user(act, revoke, known, &rows).await;
    };
    *row_id = Some(row.id.clone());
    let shut = shut_out(act, row).await?;
    Ok(left(shut_clones_out(act, &row.name).await? && shut))
}

/// What is left when everything was as it should be already, or was not.
const fn left(as_it_should_be: bool) -> Left {
    if as_it_should_be { Left::Nothing } else { Left::Something }
}

/// Disables a user and ends its sessions. Returns whether nothing was left to do.
async fn shut_out(act: &mut Act, row: &UserRow) -> Result<bool, CallError> {
    if !row.disabled {
        ignore_gone(act.change(user::disable(&row.id)).await)?;
    }
    let found = remove_sessions_and_cookies(act, &row.name).await?;
    Ok(row.disabled && !found)
}

/// Does what is left where none of the users of the name is the purchase's. Sessions of a name that somebody else has now
/// are somebody else's.
async fn without_user(
    act: &mut Act,
    revoke: &Revoke,
    known: &Known<'_>,
    rows: &[UserRow],
) -> Result<Left, CallError> {
    let mut holders = Vec::new();
    for row in rows.iter().filter(|row| row.name == revoke.name.as_bytes()) {
        holders.push(mark_of(row, &revoke.purchase.id));
    }
    if !holders.is_empty() {
        let foreign = holders.contains(&Mark::None) && !known.is_name_of_another(&revoke.name).await;
        return Ok(if foreign { Left::Foreign } else { Left::Nothing });
    }
    if !known.purchase {
        return Ok(Left::Nothing);
    }
    let found = remove_sessions_and_cookies(act, revoke.name.as_bytes()).await?;
    let clones_shut = shut_clones_out(act, revoke.name.as_bytes()).await?;
    Ok(left(clones_shut && !found))
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

/// A user is the purchase's if it carries its mark, or is in its row with its name or its profile, or has its name and no
/// other profile than the journal knows: the journal may be lost, and shutting out can be taken back.
fn is_ours(row: &UserRow, revoke: &Revoke, known: &Known<'_>) -> bool {
    match mark_of(row, &revoke.purchase.id) {
        Mark::Own => true,
        Mark::Other => false,
        Mark::None => {
            let same_profile = known.profile.is_empty() || row.profile == known.profile.as_bytes();
            known.is_row_of(row)
                || known.is_named_row_of(row, &revoke.name)
                || (row.name == revoke.name.as_bytes() && same_profile)
        }
    }
}
