//! `DescribeUser` and `DescribeUsers`: users by exact name.

use pagos_protocol::{Code, Done, Outcome, outcome::User, site::NAMES_MAX};

use super::{
    act::{Act, clip},
    ownership,
};
use crate::routeros::{
    CallError,
    menu::user::{self, UserRow},
};

pub(super) async fn run(act: &Act, name: &str) -> Outcome {
    match ownership::find(act, name).await {
        Ok(rows) => Outcome::done(Done::User { user: rows.into_iter().next().map(report) }),
        Err(error) => act.ended(&error),
    }
}

/// One question for all of them, whatever else the router holds.
pub(super) async fn run_many(act: &Act, names: &[String]) -> Outcome {
    if names.len() > NAMES_MAX {
        return Outcome::refused(Code::Unsupported, "too many names in one question");
    }
    match find_many(act, names).await {
        Ok(rows) => Outcome::done(Done::Users { users: rows.into_iter().map(report).collect() }),
        Err(error) => act.ended(&error),
    }
}

/// The users of exactly these names.
pub(super) async fn find_many(act: &Act, names: &[String]) -> Result<Vec<UserRow>, CallError> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let mut rows = UserRow::read_all(&act.read(user::by_names(names)).await?);
    rows.retain(|row| names.iter().any(|name| name.as_bytes() == row.name));
    Ok(rows)
}

fn report(row: UserRow) -> User {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    User {
        name: text(&row.name),
        profile: text(&row.profile),
        comment: clip(&text(&row.comment)),
        id: row.id,
        disabled: row.disabled,
        limit_uptime: row.limit_uptime,
    }
}
