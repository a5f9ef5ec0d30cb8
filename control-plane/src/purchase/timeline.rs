//! The record of a purchase: what was done, when, how it ended and who did it. Only ever added to.

use serde::{Deserialize, Serialize};

use super::machine::{Effect, Event, Message, RouterEnd};
use super::state::Purchase;
use crate::domain::failure::Failure;
use crate::domain::time::Timestamp;
use crate::gateway::{Charging, Opening, PaymentStatus, Reading, Refunding, Searching};

/// Most lines that wait for a commit; later ones are left out.
pub const PENDING_LINES_MAX: usize = 64;

/// One line of the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// When it ended.
    pub at: Timestamp,
    /// What was done: an effect, `phase` for where it led, or what was told.
    pub step: String,
    /// How it ended: a short word, with a code after a colon where there is one.
    pub result: String,
    /// Who did or said it.
    pub who: Who,
}

/// Who did or said something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "id")]
pub enum Who {
    /// The buyer's portal.
    Portal,
    /// The control plane.
    System,
    /// The site: agent and router.
    Site,
    /// The payment gateway.
    Gateway,
    /// A person, by user number.
    Admin(i64),
}

/// The line for an effect that was performed.
#[must_use]
pub fn performed(effect: Effect, event: &Event, at: Timestamp) -> Line {
    let (result, who) = match event {
        Event::Reserved { router, opening, .. } => {
            let opened = opening.as_ref().map(|opening| format!(", payment {}", opened(opening)));
            (format!("{}{}", router_word(*router), opened.unwrap_or_default()), Who::Site)
        }
        Event::Opened(opening) => (opened(opening), Who::Gateway),
        Event::Charged(charging) => (charged(charging), Who::Gateway),
        Event::Read { reading, .. } | Event::RefundRead { reading, .. } => (read(reading), Who::Gateway),
        Event::Searched(searching) => (searched(searching), Who::Gateway),
        Event::CancelAsked => ("asked".into(), Who::Gateway),
        Event::Remade { router, .. }
        | Event::Confirmed(router)
        | Event::Released(router)
        | Event::Revoked(router) => (router_word(*router), Who::Site),
        Event::LoggedIn(end) => (end.as_str().into(), Who::Site),
        Event::Refunded(refunding) => (refunded(*refunding), Who::Gateway),
        Event::Woken | Event::Overslept { .. } => ("woken".into(), Who::System),
    };
    Line { at, step: effect.as_str().into(), result, who }
}

/// The line for where a purchase now stands.
#[must_use]
pub fn phase(purchase: &Purchase, at: Timestamp) -> Line {
    let result = match purchase.failure {
        Some(failure) => with_code(purchase.phase.as_str(), failure),
        None => purchase.phase.as_str().into(),
    };
    Line { at, step: "phase".into(), result, who: Who::System }
}

/// The line for what was told from outside; none for what is no event in the life of a purchase.
#[must_use]
pub fn told(message: &Message, at: Timestamp) -> Option<Line> {
    let (step, result, who) = match message {
        Message::Hint { .. } => ("notified", "news", Who::Gateway),
        Message::Refund { by, .. } => ("refund_asked", "taken", Who::Admin(*by)),
        Message::Decide { choice, by } => ("decided", choice.as_str(), Who::Admin(*by)),
        Message::UserMissing => ("swept", "user_missing", Who::Site),
        Message::UserStanding => ("swept", "user_standing", Who::Site),
        Message::SiteMoved | Message::LookBack | Message::Asked => return None,
    };
    Some(Line { at, step: step.into(), result: result.into(), who })
}

fn with_code(word: &str, failure: Failure) -> String {
    format!("{word}:{}", failure.code.as_str())
}

fn router_word(end: RouterEnd) -> String {
    match end {
        RouterEnd::Done => "done".into(),
        RouterEnd::NameTaken => "name_taken".into(),
        RouterEnd::Gone => "gone".into(),
        RouterEnd::Stale => "stale".into(),
        RouterEnd::Refused(failure) => with_code("refused", failure),
        RouterEnd::Unclear(failure) => with_code("unclear", failure),
    }
}

fn opened(opening: &Opening) -> String {
    match opening {
        Opening::Opened(payment) => format!("opened:{}", payment.id),
        Opening::Refused(failure) => with_code("refused", *failure),
        Opening::Unknown => "unknown".into(),
    }
}

fn charged(charging: &Charging) -> String {
    match charging {
        Charging::Accepted(Some(payment)) => format!("accepted:{}", payment.id),
        Charging::Accepted(None) => "accepted".into(),
        Charging::Refused(failure) => with_code("refused", *failure),
        Charging::Unknown => "unknown".into(),
        Charging::NotCharged(failure) => with_code("not_charged", *failure),
        Charging::NotSent(failure) => with_code("not_sent", *failure),
    }
}

fn read(reading: &Reading) -> String {
    match reading {
        Reading::Found(view) => status(&view.status, &view.words.status),
        Reading::Denied => "denied".into(),
        Reading::Unknown => "unknown".into(),
    }
}

fn searched(searching: &Searching) -> String {
    match searching {
        Searching::Found(views) => match views.last() {
            Some(view) => format!("{} found, {}", views.len(), status(&view.status, &view.words.status)),
            None => "nothing found".into(),
        },
        Searching::Denied => "denied".into(),
        Searching::Unknown => "unknown".into(),
    }
}

fn status(status: &PaymentStatus, word: &str) -> String {
    match status {
        PaymentStatus::NoCharge => "no_charge".into(),
        PaymentStatus::Paid => "paid".into(),
        PaymentStatus::ActionRequired { .. } => "action_required".into(),
        PaymentStatus::PendingAsync { .. } => format!("pending:{word}"),
        PaymentStatus::Declined(failure) => with_code("declined", *failure),
        PaymentStatus::Closed(failure) => with_code("closed", *failure),
        PaymentStatus::PartlyRefunded => "partly_refunded".into(),
        PaymentStatus::Reversed(failure) => with_code("reversed", *failure),
        PaymentStatus::Other => format!("other:{word}"),
    }
}

fn refunded(refunding: Refunding) -> String {
    match refunding {
        Refunding::Accepted => "accepted".into(),
        Refunding::Refused(failure) => with_code("refused", failure),
        Refunding::Unknown => "unknown".into(),
    }
}
