//! `pagos-control-plane admin`: people who run the platform, without the panel.

use std::io::Read as _;

use anyhow::{Context, bail};
use clap::Subcommand;
use zeroize::Zeroizing;

use super::listing::reader;
use crate::auth::password::{PASSWORD_CHARS_MAX, Passwords, fault};
use crate::config::Config;
use crate::domain::email;
use crate::domain::role::Role;
use crate::installation;
use crate::seams::{Clock, Random};
use crate::store::users::NewUser;
use crate::store::{StoreError, sessions, users};
use crate::text::Language;
use crate::text::shell::ShellText;

/// Letters and digits that nobody takes for another one.
const LETTERS: &[u8] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// Groups of a drawn password, and letters of each: a hundred bits.
const GROUPS: usize = 4;
const GROUP: usize = 5;

/// What can be done.
#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Make a super admin; prints a drawn password once.
    Create {
        /// With what it logs in.
        #[arg(long)]
        email: String,
        /// How it is called.
        #[arg(long)]
        name: String,
        /// Read the password from standard input in place of drawing one.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Give a user of any kind a new password and end its sessions; prints a drawn one once.
    ResetPassword {
        /// With what it logs in.
        email: String,
        /// Read the password from standard input in place of drawing one.
        #[arg(long)]
        password_stdin: bool,
    },
}

/// Does it, also beside a running service; gives what to print.
///
/// # Errors
/// When it cannot be done; the text says why.
pub(super) async fn act(config: &Config, action: Action, language: Language) -> anyhow::Result<String> {
    let (clock, random) = (Clock::default(), Random::default());
    let (Action::Create { password_stdin, .. } | Action::ResetPassword { password_stdin, .. }) = &action;
    let (password, drawn) = password(*password_stdin, &random, language)?;
    if let Action::Create { email, .. } = &action
        && email::parse(email).is_none()
    {
        bail!(language.shell(ShellText::EmailOdd, email));
    }
    let hash = Passwords::new(random.clone()).hash(password.clone()).await.context("hashing the password")?;
    if let Action::ResetPassword { .. } = &action {
        drop(reader(config, language).await?);
    }
    let store = installation::open_beside(config, &clock, &random).await?;
    let now = clock.now();
    let (done, good) = match action {
        Action::Create { email, name, .. } => {
            let email = email::parse(&email).unwrap_or(email);
            let user = NewUser {
                role: Role::SuperAdmin,
                company_id: None,
                email: email.clone(),
                name,
                password_hash: hash,
                created_at: now,
            };
            let made = store
                .write::<_, StoreError, _>(move |conn| {
                    Box::pin(async move { users::insert(conn, &user).await })
                })
                .await?;
            match made {
                Some(_) => (language.shell(ShellText::AdminMade, &email), true),
                None => (language.shell(ShellText::EmailTaken, &email), false),
            }
        }
        Action::ResetPassword { email, .. } => {
            let address = email.clone();
            let found = store
                .write::<_, StoreError, _>(move |conn| {
                    Box::pin(async move {
                        let Some(login) = users::login(conn, &address).await? else { return Ok(false) };
                        users::set_password(conn, login.user.id, &hash).await?;
                        sessions::end_others(conn, login.user.id, "").await?;
                        Ok(true)
                    })
                })
                .await?;
            let text = if found { ShellText::PasswordReset } else { ShellText::NoSuchUser };
            (language.shell(text, &email), found)
        }
    };
    if !good {
        bail!(done);
    }
    let shown = drawn.then(|| format!("{}\n", language.shell(ShellText::PasswordShown, &password)));
    Ok(format!("{done}\n{}", shown.unwrap_or_default()))
}

/// A password, and whether it was drawn.
fn password(typed: bool, random: &Random, language: Language) -> anyhow::Result<(Zeroizing<String>, bool)> {
    if !typed {
        return Ok((draw(random), true));
    }
    let mut text = Zeroizing::new(String::new());
    // A character takes four bytes at most, the end of the line two.
    let limit = u64::try_from(PASSWORD_CHARS_MAX * 4 + 2).unwrap_or(u64::MAX);
    std::io::stdin().take(limit).read_to_string(&mut text).context("reading the password")?;
    let password = Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned());
    match fault(&password) {
        Some(phrase) => bail!(language.phrase(phrase)),
        None => Ok((password, false)),
    }
}

fn draw(random: &Random) -> Zeroizing<String> {
    let letter = || char::from(LETTERS[usize::from(random.bytes::<1>()[0]) % LETTERS.len()]);
    let group = || (0..GROUP).map(|_| letter()).collect::<String>();
    Zeroizing::new((0..GROUPS).map(|_| group()).collect::<Vec<_>>().join("-"))
}

#[cfg(test)]
mod tests {
    use super::{LETTERS, draw};
    use crate::auth::password::fault;
    use crate::seams::Random;

    #[test]
    fn drawn_passwords_are_good_and_differ() {
        assert_eq!(256 % LETTERS.len(), 0, "every letter is as likely as every other");
        let (one, other) = (draw(&Random::default()), draw(&Random::default()));
        assert_eq!(one.len(), 23);
        assert!(fault(&one).is_none() && one != other);
    }
}
