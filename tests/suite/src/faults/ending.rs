//! How a purchase must end, and how it ended.

use super::notes::{self, Note};
use super::scene::Seen;
use crate::evidence::{Evidence, LedgerEntry, Purchase};
use crate::portal::Answer;

/// What must stand on the router in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserEnd {
    /// The user, usable.
    Works,
    /// Not the user.
    Gone,
    /// The user, but nobody was told its password.
    Held,
    /// As the phase says: usable when delivered, else gone.
    AsPhase,
}

/// How a purchase must end.
#[derive(Debug, Clone, Copy)]
pub struct Expected {
    /// Phases that are right.
    pub phases: &'static [&'static str],
    /// Lines of the gateway's books that moved money to the seller; none when the phase decides.
    pub charges: Option<usize>,
    /// Lines that moved money back.
    pub refunds: usize,
    /// The router in the end.
    pub user: UserEnd,
    /// HTTP status of the customer's last answer; none when the phase decides.
    pub last: Option<u16>,
}

impl Expected {
    /// Paid once and delivered.
    pub const DELIVERED: Self =
        Self { phases: &["completed"], charges: Some(1), refunds: 0, user: UserEnd::Works, last: Some(200) };
    /// Not charged, and nothing is left; the buyer is told this status.
    #[must_use]
    pub const fn undone(last: u16) -> Self {
        Self {
            phases: &["rolled_back", "failed"],
            charges: Some(0),
            refunds: 0,
            user: UserEnd::Gone,
            last: Some(last),
        }
    }

    /// The whole on one line.
    #[must_use]
    pub fn describe(&self) -> String {
        let user = match self.user {
            UserEnd::Works => "user works",
            UserEnd::Gone => "user gone",
            UserEnd::Held => "user stands, not shown",
            UserEnd::AsPhase => "user works if completed, else gone",
        };
        let charges = match self.charges {
            Some(charges) => money_moved(charges, self.refunds),
            None => format!("a charge if completed, else none, {}", counted(self.refunds, "refund")),
        };
        let last = match self.last {
            Some(last) => format!("buyer told {last}"),
            None => "buyer told 200 if completed".to_owned(),
        };
        [self.phases.join(" or ").as_str(), &charges, user, &last].join(" · ")
    }
}

/// How a purchase ended.
#[derive(Debug)]
pub struct Ending {
    /// What the customer saw first.
    pub first: Seen,
    /// What the customer saw last.
    pub last: Answer,
    /// The purchase.
    pub purchase: Purchase,
    /// What buyers and faults did.
    pub notes: Vec<Note>,
    /// Everything.
    pub evidence: Evidence,
}

impl Ending {
    /// What is not as it must be.
    #[must_use]
    pub fn differences(&self, expected: &Expected) -> Vec<String> {
        let mut wrong = Vec::new();
        let phase = self.purchase.phase.as_str();
        if !expected.phases.contains(&phase) {
            wrong.push(format!("it ended {phase}, not {}", expected.phases.join(" or ")));
        }
        let delivered = phase == "completed";
        let wanted = expected.charges.unwrap_or(usize::from(delivered));
        if self.charges() != wanted {
            wrong.push(format!("{}, not {wanted}", counted(self.charges(), "charge")));
        }
        if self.refunds() != expected.refunds {
            wrong.push(format!("{}, not {}", counted(self.refunds(), "refund"), expected.refunds));
        }
        let status = self.last.status;
        if expected.last.is_some_and(|wanted| wanted != status) || (delivered && status != 200) {
            wrong.push(format!("the buyer was told {status} in the end"));
        }
        if !self.user_is(expected.user) {
            wrong.push(format!("on the router: {}", self.user_word()));
        }
        wrong
    }

    /// The whole on one line, as [`Expected::describe`].
    #[must_use]
    pub fn describe(&self) -> String {
        let told = format!("buyer told {}", notes::answer(&self.last));
        let money = money_moved(self.charges(), self.refunds());
        [self.purchase.phase.as_str(), &money, self.user_word(), &told].join(" · ")
    }

    /// Lines of the gateway's books about this purchase.
    pub fn books(&self) -> impl Iterator<Item = &LedgerEntry> {
        self.evidence.ledger.iter().filter(|entry| entry.sale_id == self.purchase.id)
    }

    fn charges(&self) -> usize {
        self.books().filter(|entry| entry.moved_money()).count()
    }

    fn refunds(&self) -> usize {
        self.books().filter(|entry| entry.kind == "refund").count()
    }

    fn user_word(&self) -> &'static str {
        match (self.user_works(), self.last.hotspot_user()) {
            (None, _) => "user gone",
            (Some(false), _) => "user disabled",
            (Some(true), "") => "user stands, not shown",
            (Some(true), _) => "user works",
        }
    }

    fn user_is(&self, expected: UserEnd) -> bool {
        let works = self.user_works();
        match expected {
            UserEnd::Works => works == Some(true),
            UserEnd::Gone => works.is_none(),
            UserEnd::Held => works.is_some() && self.last.hotspot_user().is_empty(),
            UserEnd::AsPhase if self.purchase.phase == "completed" => works == Some(true),
            UserEnd::AsPhase => works.is_none(),
        }
    }

    /// Whether the purchase's user can be used; none when it does not stand on the router.
    fn user_works(&self) -> Option<bool> {
        let user = self.evidence.users.iter().find(|user| user.name == self.purchase.user);
        user.map(|user| !user.disabled)
    }
}

fn money_moved(charges: usize, refunds: usize) -> String {
    format!("{}, {}", counted(charges, "charge"), counted(refunds, "refund"))
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::{Ending, Expected, UserEnd};
    use crate::checkers::sound::sound;
    use crate::portal::Answer;
    use serde_json::json;

    /// The delivered purchase of a sound world.
    fn delivered() -> Ending {
        let body = json!({"usuario_hotspot": {"usuario": "PT-AAAAA"}});
        let last = Answer { status: 200, body, retry_after: None, timing: None };
        let evidence = sound();
        let purchase = evidence.purchases[0].clone();
        Ending { first: Err("cut".to_owned()), last, purchase, notes: Vec::new(), evidence }
    }

    #[test]
    fn an_ending_as_expected_differs_in_nothing() {
        let ending = delivered();
        assert_eq!(ending.differences(&Expected::DELIVERED), Vec::<String>::new());
        assert_eq!(ending.describe(), format!("{} user PT-AAAAA", Expected::DELIVERED.describe()));
    }

    #[test]
    fn each_difference_is_told() {
        let told = |expected| delivered().differences(&expected).len();
        assert_eq!(told(Expected { phases: &["mismatch"], ..Expected::DELIVERED }), 1);
        assert_eq!(told(Expected { charges: Some(2), ..Expected::DELIVERED }), 1);
        assert_eq!(told(Expected { refunds: 1, ..Expected::DELIVERED }), 1);
        assert_eq!(told(Expected { user: UserEnd::Gone, ..Expected::DELIVERED }), 1);
        assert_eq!(told(Expected { user: UserEnd::Held, ..Expected::DELIVERED }), 1);
        assert_eq!(told(Expected { last: Some(202), ..Expected::DELIVERED }), 1);
        assert_eq!(told(Expected::undone(402)), 4);
    }

    #[test]
    fn a_user_that_is_gone_or_disabled_does_not_work() {
        let mut ending = delivered();
        ending.evidence.users[0].disabled = true;
        assert_eq!(ending.differences(&Expected::DELIVERED), ["on the router: user disabled"]);
        ending.evidence.users.clear();
        assert_eq!(ending.differences(&Expected::DELIVERED), ["on the router: user gone"]);
    }
}
