//! Whose a user on the router is.

use super::act::Act;
use crate::routeros::{
    CallError,
    menu::user::{self, UserRow},
};

/// Beginning of the comment of every reservation.
const MARK_PREFIX: &str = "pagos:";

/// The comment of a purchase's reserved user. `Confirm` takes it away.
pub(super) fn mark(purchase_id: &str) -> String {
    format!("{MARK_PREFIX}{purchase_id}")
}

/// What a user's comment says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// Reserved for this purchase.
    Own,
    /// Reserved for another purchase.
    Other,
    /// No reservation: confirmed, or made by a person.
    None,
}

/// Reads a user's comment.
pub(super) fn mark_of(row: &UserRow, purchase_id: &str) -> Mark {
    if row.comment == mark(purchase_id).as_bytes() {
        Mark::Own
    } else if row.comment.starts_with(MARK_PREFIX.as_bytes()) {
        Mark::Other
    } else {
        Mark::None
    }
}

/// The users of exactly this name.
pub(super) async fn find(act: &Act, name: &str) -> Result<Vec<UserRow>, CallError> {
    let mut rows = UserRow::read_all(&act.read(user::by_name(name.as_bytes())).await?);
    rows.retain(|row| row.name == name.as_bytes());
    Ok(rows)
}

/// The users of exactly this name; when there is none, the one in the row that the journal knows, if it carries the
/// purchase's mark.
///
/// A renamed user is the purchase's only as long as it carries the mark. Row ids start anew when a router is restored or
/// its configuration imported: without the mark, the user in that row may be another buyer's.
pub(super) async fn find_own(
    act: &Act,
    name: &str,
    row_id: Option<&str>,
    purchase_id: &str,
) -> Result<Vec<UserRow>, CallError> {
    let rows = find(act, name).await?;
    let Some(row_id) = row_id.filter(|_| rows.is_empty()) else { return Ok(rows) };
    let mut rows = UserRow::read_all(&act.read(user::by_row(row_id)).await?);
    rows.retain(|row| row.id == row_id && mark_of(row, purchase_id) == Mark::Own);
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comment_tells_whose_a_user_is() {
        let mut row = UserRow {
            id: "*1".into(),
            name: b"PT-00001".to_vec(),
            profile: b"1h".to_vec(),
            disabled: false,
            comment: b"pagos:TRX_1".to_vec(),
            limit_uptime: None,
        };
        assert_eq!(mark_of(&row, "TRX_1"), Mark::Own);
        assert_eq!(mark_of(&row, "TRX_11"), Mark::Other);
        row.comment = b"hotel room 4".to_vec();
        assert_eq!(mark_of(&row, "TRX_1"), Mark::None);
    }
}
