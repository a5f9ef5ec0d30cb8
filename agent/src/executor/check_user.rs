//! `CheckUser`: a user who gives its name and password, and what of its profile concerns its devices.

use pagos_protocol::{Code, Done, Outcome, command::Credentials, outcome::User};

use super::{
    act::{Act, clip},
    credentials::{Proof, is_promised, prove},
    ownership::MARK_PREFIX,
};
use crate::routeros::{
    CallError,
    menu::{
        account::{self, AccountRow},
        profile,
    },
};

pub(super) async fn run(act: &Act, given: &Credentials) -> Outcome {
    match check(act, given).await {
        Ok(Some(done)) => Outcome::done(done),
        Ok(None) => Outcome::refused(Code::CredentialsInvalid, ""),
        Err(error) => act.ended(&error),
    }
}

/// `None` when there is no such user, or when it cannot be seen that the password is its own.
async fn check(act: &Act, given: &Credentials) -> Result<Option<Done>, CallError> {
    let rows = AccountRow::read_all(&act.read(account::by_names(&[&given.name])).await?);
    let own = |row: &AccountRow| row.name == given.name.as_bytes() && !is_promised(row);
    let Some(row) = rows.into_iter().find(own) else { return Ok(None) };
    if prove(&row, given) != Proof::Right {
        return Ok(None);
    }
    let profiles = act.read(profile::devices(&row.profile)).await?;
    let exact = profiles.records.iter().find(|record| record.bytes("name") == Some(&row.profile));
    Ok(Some(Done::UserChecked {
        // It is the password that the user has.
        pin: given.password.expose().is_empty(),
        mac_cookie_timeout: exact
            .and_then(|record| record.text("mac-cookie-timeout"))
            .map(std::borrow::Cow::into_owned),
        mac_authentication: exact.is_some_and(|record| record.flag("mac-authentication")),
        user: report(row),
    }))
}

fn report(row: AccountRow) -> User {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    // The mark of a reservation names the purchase, and whoever knows that may ask for its credentials.
    let marked = row.comment.starts_with(MARK_PREFIX.as_bytes());
    User {
        name: text(&row.name),
        profile: text(&row.profile),
        comment: if marked { String::new() } else { clip(&text(&row.comment)) },
        id: row.id,
        disabled: row.disabled,
        limit_uptime: row.limit_uptime,
    }
}
