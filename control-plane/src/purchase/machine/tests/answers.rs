//! What may come of an effect, as far as the truth allows it. The first answer is that of a good day.

use super::super::{Effect, Event, RouterEnd, Timing};
use super::truth::{Fate, Standing, Truth, number};
use super::{PRICE_MINOR, away, payment, refused, user};
use crate::domain::code::Code;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::time::Timestamp;
use crate::gateway::{Charging, Opening, PaymentStatus, Reading, Refunding, Searching};
use crate::purchase::state::{LoginEnd, Phase, Purchase, UserType};

/// An answer, and the truth after it.
pub(super) type Answer = (Event, Truth);

/// Everything that may come of an effect.
pub(super) fn answers(
    effect: Effect,
    purchase: &Purchase,
    truth: Truth,
    now: Timestamp,
    timing: &Timing,
) -> Vec<Answer> {
    match effect {
        Effect::Reserve { open } => reserve(purchase, truth, open),
        Effect::Open => openings().into_iter().map(|opening| (Event::Opened(opening), truth)).collect(),
        Effect::Charge => charge(purchase, truth, now, timing),
        Effect::Read => readings(purchase, truth)
            .into_iter()
            .map(|(reading, truth)| (Event::Read { reading, revokes: truth.revokes }, truth))
            .collect(),
        Effect::Search => search(purchase, truth, now, timing),
        Effect::Cancel => cancel(truth),
        Effect::Remake => make(purchase, truth, true)
            .into_iter()
            .map(|(router, truth)| {
                let next_draw = (router == RouterEnd::NameTaken && !purchase.shown).then(|| user("PT-2"));
                (Event::Remade { router, next_draw }, truth)
            })
            .collect(),
        Effect::Confirm => confirm(purchase, truth),
        Effect::Login => [LoginEnd::Connected, LoginEnd::Failed]
            .into_iter()
            .map(|end| (Event::LoggedIn(end), truth))
            .collect(),
        Effect::Release => remove(purchase, truth, None)
            .into_iter()
            .map(|(end, truth)| (Event::Released(end), truth))
            .collect(),
        Effect::Revoke => {
            let disabled = truth.user.map(|standing| Standing { enabled: false, ..standing });
            remove(purchase, truth, disabled)
                .into_iter()
                .map(|(end, truth)| (Event::Revoked(end), truth))
                .collect()
        }
        Effect::ReadRefund => refund_readings(purchase, truth),
        Effect::Refund => refund(purchase, truth),
        Effect::Wait(_) => vec![(Event::Woken, truth)],
        Effect::End => vec![],
    }
}

fn openings() -> [Opening; 3] {
    [Opening::Opened(payment()), Opening::Refused(refused()), Opening::Unknown]
}

fn reserve(purchase: &Purchase, truth: Truth, open: bool) -> Vec<Answer> {
    let mut answers = Vec::new();
    for (router, truth) in make(purchase, truth, false) {
        // An opening beside is not waited for without end when the router refuses.
        let openings = if open { openings().map(Some).to_vec() } else { vec![None] };
        for opening in openings {
            let next_draw = (router == RouterEnd::NameTaken).then(|| user("PT-2"));
            answers.push((Event::Reserved { router, opening, next_draw }, truth));
        }
    }
    answers
}

/// Making the user, first or anew.
fn make(purchase: &Purchase, truth: Truth, anew: bool) -> Vec<(RouterEnd, Truth)> {
    let mut made = truth;
    let enabled = purchase.terms.user_type == UserType::Password;
    made.user = Some(match truth.user {
        Some(standing) if truth.holds(purchase) => standing,
        Some(_) | None => Standing { name: number(&purchase.user.name), enabled, confirmed: false },
    });
    let mut answers = vec![(RouterEnd::Done, made), (RouterEnd::Unclear(away()), made)];
    if !truth.holds(purchase) {
        answers.push((RouterEnd::Unclear(away()), truth));
        answers.push((RouterEnd::NameTaken, truth));
    }
    answers.push((RouterEnd::Refused(away()), truth));
    if anew {
        answers.push((RouterEnd::Gone, truth));
    }
    answers
}

/// After a restore the agent may know a newer decision than we; once is enough to see what is made of it.
fn stale(purchase: &Purchase, truth: Truth) -> Option<(RouterEnd, Truth)> {
    let outdated = Some(purchase.command_version);
    truth.outdated.is_none().then_some((RouterEnd::Stale, Truth { outdated, ..truth }))
}

fn confirm(purchase: &Purchase, truth: Truth) -> Vec<Answer> {
    let ends = if truth.holds(purchase) {
        let mut done = truth;
        done.user = truth.user.map(|standing| Standing { enabled: true, confirmed: true, ..standing });
        vec![(RouterEnd::Done, done), (RouterEnd::Unclear(away()), done), (RouterEnd::Refused(away()), truth)]
    } else {
        vec![(RouterEnd::Gone, truth), (RouterEnd::Unclear(away()), truth)]
    };
    let ends = ends.into_iter().chain(stale(purchase, truth));
    ends.map(|(end, truth)| (Event::Confirmed(end), truth)).collect()
}

fn remove(purchase: &Purchase, truth: Truth, left: Option<Standing>) -> Vec<(RouterEnd, Truth)> {
    let removed = Truth { user: left, ..truth };
    let mut ends = vec![
        (RouterEnd::Done, removed),
        (RouterEnd::Unclear(away()), removed),
        (RouterEnd::Refused(away()), truth),
    ];
    ends.extend(stale(purchase, truth));
    ends
}

/// What a charge can come to that arrives.
fn arrivals(truth: Truth, twins: bool) -> Vec<Truth> {
    let mut fates = vec![
        truth.pay(),
        truth.with(Fate::Declined { twin: false }),
        truth.with(Fate::Action),
        truth.with(Fate::Review),
    ];
    if twins {
        fates.push(truth.with(Fate::Declined { twin: true }));
    }
    fates
}

fn charge(purchase: &Purchase, truth: Truth, now: Timestamp, timing: &Timing) -> Vec<Answer> {
    let first = purchase.phase == Phase::ChargeSent;
    let not_sent = (Event::Charged(Charging::NotSent(away())), truth);
    if first && now.0 >= timing.charge_start_max_ms {
        return vec![not_sent];
    }
    let by_key = purchase.terms.gateway.repeats_by_key();
    let sent = Truth { sent: (truth.sent + 1).min(2), ..truth };
    let accepted = || Event::Charged(Charging::Accepted(by_key.then(payment)));
    let unknown = || Event::Charged(Charging::Unknown);
    let stale = Failure::new(Code::TokenUsed, FailureKind::Payment);
    let mut answers = Vec::new();
    match truth.fate {
        Fate::Nothing | Fate::InFlight => {
            for arrived in arrivals(sent, by_key) {
                answers.push((accepted(), arrived));
                answers.push((unknown(), arrived));
                if !by_key && matches!(arrived.fate, Fate::Declined { .. }) {
                    answers.push((Event::Charged(Charging::Refused(refused())), arrived));
                }
            }
            answers.push((unknown(), sent));
            answers.push((unknown(), sent.with(Fate::InFlight)));
            if truth.fate == Fate::Nothing {
                answers.push((Event::Charged(Charging::NotCharged(refused())), sent));
                if !by_key {
                    answers.push((Event::Charged(Charging::Refused(refused())), sent));
                }
            }
        }
        Fate::Action | Fate::Review | Fate::Declined { .. } | Fate::Closed | Fate::Money => {
            answers.push((accepted(), sent));
            answers.push((unknown(), sent));
            // The token was used by the first sending: that says nothing of what became of it.
            answers.push((Event::Charged(Charging::NotCharged(stale)), sent));
        }
    }
    answers.push(not_sent);
    answers
}

/// What may have become of the charge by the time it is looked at.
fn unfold(truth: Truth) -> Vec<Truth> {
    match truth.fate {
        Fate::InFlight => {
            vec![truth, truth.pay(), truth.with(Fate::Nothing), truth.with(Fate::Declined { twin: false })]
        }
        Fate::Action => {
            vec![truth.pay(), truth, truth.with(Fate::Declined { twin: false }), truth.with(Fate::Closed)]
        }
        Fate::Review => vec![truth.pay(), truth, truth.with(Fate::Declined { twin: false })],
        Fate::Nothing | Fate::Declined { .. } | Fate::Closed | Fate::Money => vec![truth],
    }
}

fn readings(purchase: &Purchase, truth: Truth) -> Vec<(Reading, Truth)> {
    let mut answers = Vec::new();
    for truth in unfold(truth) {
        if let Some(view) = truth.view(purchase) {
            answers.push((Reading::Found(Box::new(view)), truth));
        } else {
            answers.push((Reading::Denied, truth));
        }
    }
    if let Some(mut view) = truth.view(purchase) {
        view.status = PaymentStatus::Other;
        answers.push((Reading::Found(Box::new(view)), truth));
    }
    answers.push((Reading::Unknown, truth));
    answers
}

fn search(purchase: &Purchase, truth: Truth, now: Timestamp, timing: &Timing) -> Vec<Answer> {
    let lags = purchase.charge.as_ref().is_some_and(|charge| now.since(charge.sent_at) < timing.key_life_ms);
    let mut answers = Vec::new();
    for truth in unfold(truth) {
        let found: Vec<_> = truth.view(purchase).into_iter().collect();
        let lost = found.is_empty() && !lags && truth.fate == Fate::InFlight;
        answers.push((
            Event::Searched(Searching::Found(found)),
            if lost { truth.with(Fate::Nothing) } else { truth },
        ));
    }
    if lags {
        answers.push((Event::Searched(Searching::Found(vec![])), truth));
    }
    answers.push((Event::Searched(Searching::Unknown), truth));
    answers
}

/// A closed payment takes no charge; one that was charged before does not close.
fn cancel(truth: Truth) -> Vec<Answer> {
    let open = matches!(truth.fate, Fate::Nothing | Fate::InFlight | Fate::Action | Fate::Review);
    let mut answers = Vec::new();
    if open {
        answers.push((Event::CancelAsked, truth.with(Fate::Closed)));
    }
    if truth.fate == Fate::InFlight || truth.fate == Fate::Action {
        answers.push((Event::CancelAsked, truth.pay()));
    }
    answers.push((Event::CancelAsked, truth));
    answers
}

fn refund_readings(purchase: &Purchase, truth: Truth) -> Vec<Answer> {
    let event = |reading| Event::RefundRead { reading, revokes: truth.revokes };
    // What is pending may stay so, come through, or fail.
    let through = Truth { back: truth.back + truth.pending, pending: 0, ..truth };
    let mut ends = vec![truth];
    if truth.pending > 0 {
        ends.extend([through, Truth { pending: 0, ..truth }]);
    }
    let shown =
        ends.into_iter().filter_map(|truth| Some((Reading::Found(Box::new(truth.view(purchase)?)), truth)));
    let mut answers: Vec<Answer> = shown.map(|(reading, truth)| (event(reading), truth)).collect();
    if !answers.is_empty() {
        answers.push((event(Reading::Unknown), truth));
    }
    answers.push((event(Reading::Denied), truth));
    answers
}

fn refund(purchase: &Purchase, truth: Truth) -> Vec<Answer> {
    let Some(refund) = purchase.refund_under_way() else { return vec![] };
    let key = number(&refund.id);
    let replayed = purchase.terms.gateway.repeats_by_key() && truth.back_key == key;
    let fits = truth.money_stands() && truth.back + refund.amount_minor <= truth.taken;
    let no = Failure::new(Code::GatewayError, FailureKind::Gateway);
    if replayed || !fits {
        let end = if replayed { Refunding::Accepted } else { Refunding::Refused(no) };
        return vec![(Event::Refunded(end), truth), (Event::Refunded(Refunding::Unknown), truth)];
    }
    let done = Truth { back: truth.back + refund.amount_minor, back_key: key, ..truth };
    debug_assert!(done.back <= PRICE_MINOR);
    let mut answers = vec![
        (Event::Refunded(Refunding::Accepted), done),
        (Event::Refunded(Refunding::Unknown), done),
        (Event::Refunded(Refunding::Unknown), truth),
        (Event::Refunded(Refunding::Refused(no)), truth),
    ];
    // Nobody remembers a key, and the sum leaves out what is pending.
    if truth.pending == 0 && !purchase.terms.gateway.repeats_by_key() {
        let pending = Truth { pending: refund.amount_minor, ..truth };
        answers.push((Event::Refunded(Refunding::Unknown), pending));
    }
    answers
}
