//! One refund from asking to its end, by a gateway that answers as each test says.

use super::super::{Event, Message, advance, apply, next};
use super::behaviour::{CONEKTA, paid, shows, told};
use super::{Effect, PRICE_MINOR, TIMING, refused};
use crate::domain::code::Code;
use crate::domain::time::Timestamp;
use crate::gateway::{PaymentStatus, Reading, Refunding};
use crate::purchase::state::{Phase, Purchase, RefundState};

/// A gateway with a payment of which nothing went back yet.
struct Bank {
    /// What is said to each sending, the last one for ever.
    answers: Vec<Refunding>,
    /// How much somebody else gives back once so much was sent.
    meanwhile: (usize, i64),
    sendings: usize,
}

impl Bank {
    fn says(answers: &[Refunding]) -> Self {
        Self { answers: answers.to_vec(), meanwhile: (0, 0), sendings: 0 }
    }

    fn send(&mut self) -> Refunding {
        let answer = self.answers[self.sendings.min(self.answers.len() - 1)];
        self.sendings += 1;
        answer
    }

    /// Nothing that was sent ever shows.
    fn read(&self) -> Reading {
        let (from, amount) = self.meanwhile;
        let back = if self.sendings >= from { amount } else { 0 };
        let status = if back == 0 { PaymentStatus::Paid } else { PaymentStatus::PartlyRefunded };
        let mut reading = shows(status, PRICE_MINOR);
        if let Reading::Found(view) = &mut reading {
            view.refunded_minor = back;
        }
        reading
    }
}

/// An admin asks for `amount`; goes on until nothing is left to do. Gives the purchase and when that was.
fn ended(amount: i64, bank: &mut Bank) -> (Purchase, Timestamp) {
    let ask = Message::Refund { id: "r".into(), amount_minor: Some(amount), by: 7 };
    let mut done = paid(CONEKTA);
    done.phase = Phase::Completed;
    done.confirmed = true;
    let (mut purchase, mut now) = (told(done, &ask, Timestamp(0)), Timestamp(0));
    for _ in 0..2_000 {
        purchase = advance(purchase, now, &TIMING);
        let event = match next(&purchase, now, &TIMING) {
            Effect::ReadRefund => Event::RefundRead { reading: bank.read(), revokes: false },
            Effect::Refund => Event::Refunded(bank.send()),
            Effect::Wait(until) => {
                now = until;
                Event::Woken
            }
            Effect::End => return (purchase, now),
            other => panic!("{other:?} is not due"),
        };
        purchase = apply(purchase, event, now, &TIMING);
    }
    panic!("still under way at {now:?}: {:?}", purchase.refunds)
}

#[test]
fn a_refund_that_is_taken_and_never_shows_calls_a_person_after_a_day() {
    let mut bank = Bank::says(&[Refunding::Accepted]);
    let (purchase, at) = ended(500, &mut bank);
    assert!(purchase.needs_person(), "{:?}", purchase.refunds);
    assert!((80_000_000..100_000_000).contains(&at.0), "{at:?}");
    assert_eq!(bank.sendings, 1);
}

#[test]
fn a_refund_whose_repeat_is_refused_calls_a_person_once_it_is_quiet() {
    let mut bank = Bank::says(&[Refunding::Unknown, Refunding::Refused(refused())]);
    let (purchase, at) = ended(500, &mut bank);
    let refund = &purchase.refunds[0];
    assert_eq!((refund.state, refund.refusal, bank.sendings), (RefundState::Refused, Some(refused()), 2));
    assert!(purchase.needs_person());
    let quiet = TIMING.charge_timeout_ms + TIMING.quiet_period_ms;
    assert!(
        (2 * quiet..4 * quiet).contains(&at.0),
        "after each sending it is looked at for {quiet} ms: {at:?}"
    );
}

#[test]
fn a_refund_that_does_not_fit_any_more_is_refused_at_once() {
    // The first sending was lost; 5.00 went back at the gateway's own panel before the second.
    let mut bank = Bank { meanwhile: (1, 500), ..Bank::says(&[Refunding::Unknown]) };
    let (purchase, at) = ended(PRICE_MINOR, &mut bank);
    let refund = &purchase.refunds[0];
    assert_eq!((refund.state, bank.sendings), (RefundState::Refused, 1));
    assert_eq!(refund.refusal.map(|failure| failure.code), Some(Code::RefundAmountInvalid));
    assert!(at.0 < 1_000, "{at:?}");
    assert_eq!((purchase.phase, purchase.refunded_minor), (Phase::Completed, 500));
    assert!(purchase.needs_person());
}

#[test]
fn a_refund_that_was_taken_may_show_late_even_if_it_does_not_seem_to_fit() {
    let mut bank = Bank { meanwhile: (1, 500), ..Bank::says(&[Refunding::Accepted]) };
    let (_, at) = ended(PRICE_MINOR, &mut bank);
    assert!(at.0 > 80_000_000, "{at:?}");
}
