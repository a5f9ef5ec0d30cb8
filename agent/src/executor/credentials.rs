//! Whether somebody gave a user's password.

use pagos_protocol::{Secret, command::Credentials};
use ring::hmac;

use super::ownership::MARK_PREFIX;
use crate::routeros::menu::account::{AccountRow, Shown};

/// What can be said of a password that was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    /// It is the user's.
    Right,
    /// It is another.
    Wrong,
    /// The router hides its own and the user was not sold here: only a login shows it.
    Unseen,
}

/// Judges the password that was given for a user. The router's own counts if it can be read, else the one that the user was
/// sold with.
pub(super) fn prove(row: &AccountRow, given: &Credentials) -> Proof {
    let sold = given.sold.as_ref().map(Secret::expose);
    let own = match (&row.password, sold) {
        (Shown::Clear(own), _) => own.as_slice(),
        (Shown::Stars | Shown::Empty, Some(sold)) => sold.as_bytes(),
        (Shown::Empty, None) => b"",
        (Shown::Stars, None) => return Proof::Unseen,
    };
    if is_same(own, given.password.expose().as_bytes()) { Proof::Right } else { Proof::Wrong }
}

/// Whether the user is reserved for somebody who has not paid, and shut until then: for people it is not there yet.
pub(super) fn is_promised(row: &AccountRow) -> bool {
    row.disabled && row.comment.starts_with(MARK_PREFIX.as_bytes())
}

/// Compares in a time that does not depend on where the two differ.
fn is_same(one: &[u8], two: &[u8]) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"pagos password");
    hmac::verify(&key, two, hmac::sign(&key, one).as_ref()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routeros::menu::account::{Limits, Used};

    fn row(password: Shown) -> AccountRow {
        AccountRow {
            id: "*1".into(),
            name: b"ana".to_vec(),
            password,
            profile: b"1h".to_vec(),
            disabled: false,
            comment: Vec::new(),
            mac: None,
            limits: Limits::default(),
            used: Used::default(),
            limit_uptime: None,
        }
    }

    fn proof(password: Shown, given: &str, sold: Option<&str>) -> Proof {
        let given =
            Credentials { name: "ana".into(), password: Secret::new(given), sold: sold.map(Secret::new) };
        prove(&row(password), &given)
    }

    #[test]
    fn router_counts_before_the_sale_and_a_hidden_password_is_never_guessed_right() {
        let clear = || Shown::Clear(b"0417".to_vec());
        for (password, given, sold, expected) in [
            (clear(), "0417", None, Proof::Right),
            (clear(), "417", None, Proof::Wrong),
            (clear(), "04170", None, Proof::Wrong),
            (clear(), "", None, Proof::Wrong),
            // An operator has changed it since it was sold.
            (clear(), "0417", Some("1111"), Proof::Right),
            (clear(), "1111", Some("1111"), Proof::Wrong),
            (Shown::Stars, "0417", Some("0417"), Proof::Right),
            (Shown::Stars, "0418", Some("0417"), Proof::Wrong),
            (Shown::Stars, "*****", Some("0417"), Proof::Wrong),
            (Shown::Stars, "0417", None, Proof::Unseen),
            (Shown::Stars, "", None, Proof::Unseen),
            (Shown::Empty, "", None, Proof::Right),
            (Shown::Empty, "", Some(""), Proof::Right),
            (Shown::Empty, "x", Some(""), Proof::Wrong),
            // A router that prints nothing in place of stars.
            (Shown::Empty, "", Some("0417"), Proof::Wrong),
            (Shown::Empty, "0417", Some("0417"), Proof::Right),
        ] {
            assert_eq!(proof(password, given, sold), expected, "{given:?} {sold:?}");
        }
    }

    #[test]
    fn only_a_shut_reservation_is_not_there_yet() {
        let mut row = row(Shown::Empty);
        row.comment = b"pagos:TRX_1".to_vec();
        assert!(!is_promised(&row));
        row.disabled = true;
        assert!(is_promised(&row));
        row.comment.clear();
        assert!(!is_promised(&row));
    }
}
