//! `DescribeUser`: one user by exact name.

use pagos_protocol::{Done, Outcome, outcome::User};

use super::{act::Act, ownership};
use crate::routeros::menu::user::UserRow;

pub(super) async fn run(act: &Act, name: &str) -> Outcome {
    match ownership::find(act, name).await {
        Ok(rows) => Outcome::done(Done::User { user: rows.into_iter().next().map(report) }),
        Err(error) => act.ended(&error),
    }
}

fn report(row: UserRow) -> User {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    User {
        name: text(&row.name),
        profile: text(&row.profile),
        comment: text(&row.comment),
        id: row.id,
        disabled: row.disabled,
        limit_uptime: row.limit_uptime,
    }
}
