//! A user and its clones, each bound to one more device. Pure.
//!
//! An operator's tool for counting time binds a user to the device that it is first used on, and writes its marks into
//! the comment. For such a user another device gets a clone, named after it.

use crate::routeros::menu::account::{AccountRow, Used};

use super::quota;

/// Most clones of one user.
pub(super) const CLONES_MAX: u32 = 15;

/// What stands between a user's name and the number of its clone.
const CLONE_WORD: &str = "_RANDMAC";

/// What the comment of a user holds that gets clones, in capitals.
const MARKS: [&str; 3] = ["MODE=", "TL=", "TA="];

/// The name of a clone.
pub(super) fn clone_name(base: &str, number: u32) -> String {
    format!("{base}{CLONE_WORD}{number}")
}

/// The user whose clone goes by this name; `None` if it is no clone's name.
pub(super) fn base_of(name: &str) -> Option<&str> {
    let (base, number) = name.rsplit_once(CLONE_WORD)?;
    let number: u32 = number.parse().ok()?;
    ((1..=CLONES_MAX).contains(&number) && clone_name(base, number) == name).then_some(base)
}

/// Names of all clones that a user may have.
pub(in crate::executor) fn clone_names(base: &str) -> impl Iterator<Item = String> + '_ {
    (1..=CLONES_MAX).map(|number| clone_name(base, number))
}

/// Whether the user gets clones.
pub(super) fn is_marked(base: &AccountRow) -> bool {
    let comment = String::from_utf8_lossy(&base.comment).to_uppercase();
    MARKS.iter().all(|mark| comment.contains(mark))
}

/// A user and its clones.
#[derive(Debug)]
pub(super) struct Family {
    pub(super) base: AccountRow,
    /// By number.
    pub(super) clones: Vec<(u32, AccountRow)>,
}

/// Which of them a device is let in as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seat {
    /// The user itself.
    Base,
    /// The clone of this number.
    Clone(u32),
    /// A clone of this number, which has to be made.
    NewClone(u32),
    /// There are as many clones as there may be.
    Full,
}

impl Family {
    /// The members among printed rows; `None` without the user itself.
    pub(super) fn among(base: &str, rows: Vec<AccountRow>) -> Option<Self> {
        let number = |row: &AccountRow| {
            (1..=CLONES_MAX).find(|number| clone_name(base, *number).as_bytes() == row.name)
        };
        let (mut found, mut clones) = (None, Vec::new());
        for row in rows {
            match number(&row) {
                Some(number) => clones.push((number, row)),
                None if row.name == base.as_bytes() => found = found.or(Some(row)),
                None => {}
            }
        }
        Some(Self { base: found?, clones })
    }

    pub(super) fn members(&self) -> impl Iterator<Item = &AccountRow> {
        std::iter::once(&self.base).chain(self.clones.iter().map(|(_, clone)| clone))
    }

    pub(super) fn named(&self, name: &str) -> Option<&AccountRow> {
        self.members().find(|row| row.name == name.as_bytes())
    }

    pub(super) fn clone_of_number(&self, number: u32) -> Option<&AccountRow> {
        self.clones.iter().find(|(known, _)| *known == number).map(|(_, clone)| clone)
    }

    /// What all of them have used.
    pub(super) fn used(&self) -> Used {
        quota::sum(self.members().map(|row| row.used))
    }

    /// Where the device `mac` belongs that came as `asked`.
    pub(super) fn seat(&self, asked: &str, mac: &str) -> Seat {
        let own = self.clones.iter().find(|(_, clone)| clone.mac.as_deref() == Some(mac));
        let bound_elsewhere = self.base.mac.as_deref().is_some_and(|bound| bound != mac);
        let gets_clone = bound_elsewhere && is_marked(&self.base);
        match own {
            Some((number, clone)) if gets_clone || clone.name == asked.as_bytes() => Seat::Clone(*number),
            None if gets_clone => {
                let free = |number: &u32| self.clone_of_number(*number).is_none();
                (1..=CLONES_MAX).find(free).map_or(Seat::Full, Seat::NewClone)
            }
            Some(_) | None => Seat::Base,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routeros::menu::account::{Limits, Shown};

    const ONE: &str = "AA:BB:CC:00:00:01";
    const TWO: &str = "AA:BB:CC:00:00:02";

    fn row(name: &str, mac: Option<&str>, comment: &str) -> AccountRow {
        AccountRow {
            id: format!("*{name}"),
            name: name.as_bytes().to_vec(),
            password: Shown::Empty,
            profile: b"1h".to_vec(),
            disabled: false,
            comment: comment.as_bytes().to_vec(),
            mac: mac.map(str::to_owned),
            limits: Limits::default(),
            used: Used { uptime_s: 5, ..Used::default() },
            limit_uptime: None,
        }
    }

    /// The seat of device `TWO` with `ana`, who is bound to `bound`, beside clones with these numbers and devices.
    fn seat(bound: Option<&str>, comment: &str, clones: &[(u32, &str)]) -> Seat {
        let clones = clones.iter().map(|(number, mac)| row(&clone_name("ana", *number), Some(mac), comment));
        let rows = clones.chain([row("ana", bound, comment)]).collect();
        Family::among("ana", rows).expect("family").seat("ana", TWO)
    }

    #[test]
    fn clones_are_for_marked_users_that_are_bound_to_another_device() {
        const MARKS: &str = "x mode=voucher;Tl=1h;TA=0s";
        assert_eq!(seat(Some(ONE), MARKS, &[]), Seat::NewClone(1));
        assert_eq!(seat(None, MARKS, &[]), Seat::Base);
        assert_eq!(seat(Some(TWO), MARKS, &[]), Seat::Base);
        for unmarked in ["", "MODE=1 TL=2", "MODE TL TA"] {
            assert_eq!(seat(Some(ONE), unmarked, &[]), Seat::Base, "{unmarked}");
        }
        assert_eq!(seat(Some(ONE), MARKS, &[(3, TWO), (1, ONE)]), Seat::Clone(3));
        assert_eq!(seat(Some(ONE), MARKS, &[(1, ONE), (3, ONE)]), Seat::NewClone(2));
        let all: Vec<(u32, &str)> = (1..=CLONES_MAX).map(|number| (number, ONE)).collect();
        assert_eq!(seat(Some(ONE), MARKS, &all), Seat::Full);
        assert_eq!(seat(Some(ONE), MARKS, &all[1..]), Seat::NewClone(1));
        assert_eq!(seat(Some(ONE), MARKS, &all[..14]), Seat::NewClone(15));
    }

    #[test]
    fn clone_that_is_named_is_used_by_its_own_device() {
        let rows = vec![row("ana", None, ""), row("ana_RANDMAC2", Some(TWO), "")];
        let family = Family::among("ana", rows).expect("family");
        assert_eq!(family.seat("ana_RANDMAC2", TWO), Seat::Clone(2));
        assert_eq!(family.seat("ana_RANDMAC2", ONE), Seat::Base);
        assert_eq!(family.seat("ana", TWO), Seat::Base);
        assert_eq!(family.used().uptime_s, 10);
        assert!(Family::among("eva", vec![row("ana", None, "")]).is_none());
    }

    #[test]
    fn names_of_clones_are_read_as_they_are_written() {
        assert_eq!(base_of("ana_RANDMAC15"), Some("ana"));
        assert_eq!(base_of("a_RANDMAC1_RANDMAC2"), Some("a_RANDMAC1"));
        for name in ["ana", "ana_RANDMAC", "ana_RANDMAC0", "ana_RANDMAC16", "ana_RANDMAC01", "ana_RANDMAC+1"]
        {
            assert_eq!(base_of(name), None, "{name}");
        }
        assert_eq!(clone_names("ana").count(), 15);
    }
}
