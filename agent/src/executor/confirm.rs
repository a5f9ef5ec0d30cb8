//! `Confirm`: the purchase is paid; enable its user and take the mark away.

use pagos_protocol::{Code, Done, Outcome, command::Confirm};

use super::{
    act::{Act, ROUNDS_MAX},
    decision::Row,
    ownership::{self, Known, Mark, mark_of},
    purchase::Ended,
};
use crate::routeros::{
    CallError, Request, TrapClass,
    menu::user::{self, UserRow},
};

/// What is to be done with the rows found.
enum Step {
    /// This row is confirmed.
    Confirmed { row_id: String },
    /// This row becomes confirmed by this command.
    Change { row_id: String, request: Request },
    /// The paid user is not there.
    Gone { why: &'static str },
}

/// Runs a confirmation.
///
/// A user without a mark is confirmed by its name, since the journal may be lost; a renamed one by the mark, or when it
/// was confirmed before.
pub(super) async fn run(act: &mut Act, confirm: &Confirm, known: &Known<'_>) -> Ended {
    let mut last = CallError::DeadlinePassed { sent: true };
    for _ in 0..ROUNDS_MAX {
        let step = match ownership::find_own(act, &confirm.name, known).await {
            Ok(rows) => next_step(&rows, confirm, known),
            Err(error) => return Ended::with(act.ended(&error)),
        };
        let (row_id, request) = match step {
            Step::Confirmed { row_id } => return confirmed(row_id),
            Step::Gone { why } => return Ended::with(Outcome::refused(Code::UserGone, why)),
            Step::Change { row_id, request } => (row_id, request),
        };
        match act.change(request).await {
            Ok(_) => return confirmed(row_id),
            Err(error) if look_again(&error) => last = error,
            Err(error) => return Ended::with(act.ended(&error)),
        }
    }
    Ended::with(act.ended(&last))
}

fn next_step(rows: &[UserRow], confirm: &Confirm, known: &Known<'_>) -> Step {
    let with_mark = |mark| rows.iter().filter(move |row| mark_of(row, &confirm.purchase.id) == mark);
    if let Some(row) = with_mark(Mark::Own).next() {
        return Step::Change { row_id: row.id.clone(), request: user::clear_and_enable(&row.id) };
    }
    let unmarked = with_mark(Mark::None).find(|row| {
        let same_row = Some(row.id.as_str()) == known.row_id;
        let same_name = row.name == confirm.name.as_bytes();
        let same_profile = row.profile == confirm.profile.as_bytes();
        (same_name && (same_profile || same_row)) || (known.confirmed && known.is_row_of(row))
    });
    match unmarked {
        Some(row) if row.disabled => Step::Change { row_id: row.id.clone(), request: user::enable(&row.id) },
        Some(row) => Step::Confirmed { row_id: row.id.clone() },
        None if rows.is_empty() => Step::Gone { why: "no user of that name" },
        None if with_mark(Mark::Other).next().is_some() => {
            Step::Gone { why: "the user of that name is another purchase's" }
        }
        None => Step::Gone { why: "the user of that name has another profile" },
    }
}

/// Whether the row has to be looked for again: it went away meanwhile, or nobody knows whether it was changed.
fn look_again(error: &CallError) -> bool {
    match error {
        CallError::Lost(_) => true,
        CallError::Trap(trap) => trap.class() == TrapClass::Gone,
        CallError::Unreachable(_)
        | CallError::LoginRefused(_)
        | CallError::TlsUnsupported
        | CallError::QueueFull
        | CallError::Retired
        | CallError::DeadlinePassed { .. }
        | CallError::ReplyTooLarge => false,
    }
}

fn confirmed(row_id: String) -> Ended {
    Ended { outcome: Outcome::done(Done::Confirmed), row: Row::At(row_id) }
}
