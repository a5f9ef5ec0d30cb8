//! Whose a user on the router is.

use super::act::Act;
use crate::journal::Journal;
use crate::routeros::{
    CallError,
    menu::user::{self, UserRow},
};

/// Beginning of the comment of every reservation.
pub(super) const MARK_PREFIX: &str = "pagos:";

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

/// What the journal knows of the user of a purchase.
pub(super) struct Known<'a> {
    pub(super) journal: &'a Journal,
    pub(super) router_id: &'a str,
    pub(super) purchase_id: &'a str,
    /// The row it was last seen in.
    pub(super) row_id: Option<&'a str>,
    /// Its profile; empty when no command has named one.
    pub(super) profile: &'a str,
    /// Whether the journal knows the purchase at all.
    pub(super) purchase: bool,
    /// Whether the user was confirmed at some time.
    pub(super) confirmed: bool,
}

impl Known<'_> {
    /// Whether the user is in the row, and of the profile, that the journal knows.
    pub(super) fn is_row_of(&self, row: &UserRow) -> bool {
        Some(row.id.as_str()) == self.row_id && row.profile == self.profile.as_bytes()
    }

    /// Whether the user is in the row, and of the name, that the journal knows: what its profile is now does not matter,
    /// since scripts and people change it.
    pub(super) fn is_named_row_of(&self, row: &UserRow, name: &str) -> bool {
        Some(row.id.as_str()) == self.row_id && row.name == name.as_bytes()
    }

    /// Whether another purchase of this router has, or had, a user of the name. When the journal cannot tell, none had.
    pub(super) async fn is_name_of_another(&self, name: &str) -> bool {
        self.journal.name_of_another(self.router_id, name, self.purchase_id).await.unwrap_or(false)
    }

    /// Whether a user in our row that has another name now is ours.
    ///
    /// Row ids start anew when a configuration is imported: the user in that row may be another buyer's. So a reservation
    /// is ours only by its mark. A confirmed user carries none: it is ours if the profile is the same and no other
    /// purchase ever had a user of the name.
    pub(super) async fn is_renamed(&self, row: &UserRow) -> bool {
        match mark_of(row, self.purchase_id) {
            Mark::Own => true,
            Mark::Other => false,
            Mark::None if self.confirmed && self.is_row_of(row) => {
                let Ok(name) = std::str::from_utf8(&row.name) else { return true };
                // When the journal cannot tell, the user is left alone.
                self.journal
                    .name_of_another(self.router_id, name, self.purchase_id)
                    .await
                    .is_ok_and(|another| !another)
            }
            Mark::None => false,
        }
    }
}

/// The users of exactly this name; when there is none, the one in the row that the journal knows, if it is the
/// purchase's, renamed.
pub(super) async fn find_own(act: &Act, name: &str, known: &Known<'_>) -> Result<Vec<UserRow>, CallError> {
    let rows = find(act, name).await?;
    let Some(row_id) = known.row_id.filter(|_| rows.is_empty()) else { return Ok(rows) };
    let rows = UserRow::read_all(&act.read(user::by_row(row_id)).await?);
    let Some(row) = rows.into_iter().find(|row| row.id == row_id) else { return Ok(Vec::new()) };
    if !known.is_renamed(&row).await {
        return Ok(Vec::new());
    }
    tracing::warn!(
        purchase.id = known.purchase_id,
        router.id = known.router_id,
        "user of a purchase was renamed"
    );
    Ok(vec![row])
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
