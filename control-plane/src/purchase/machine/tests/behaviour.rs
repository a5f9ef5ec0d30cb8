//! Single rules by name.

use super::super::{
    Choice, Event, Message, Refusal, RouterEnd, advance, apply, choices, hear, is_usable, next, refundable,
};
use super::{Effect, Kind, TIMING, payment, purchase, refused};
use crate::domain::time::Timestamp;
use crate::gateway::{Charging, GatewayName, Opening, PaymentStatus, PaymentView, Reading, Refunding, Words};
use crate::purchase::state::{Charge, Notice, Phase, Purchase, RefundState, Undo, UserType};

pub(super) const CONEKTA: Kind =
    Kind { gateway: GatewayName::Conekta, user_type: UserType::Password, auto_connect: false };

fn view(status: PaymentStatus) -> Event {
    Event::Read { reading: shows(status, super::PRICE_MINOR), revokes: false }
}

pub(super) fn shows(status: PaymentStatus, amount_minor: i64) -> Reading {
    Reading::Found(Box::new(PaymentView {
        id: payment().id,
        status,
        amount_minor,
        currency: "MXN".into(),
        reference: Some("TRX_1".into()),
        live: false,
        refunded_minor: 0,
        refund_pending_minor: 0,
        card: None,
        words: Words::default(),
    }))
}

pub(super) fn told(purchase: Purchase, message: &Message, now: Timestamp) -> Purchase {
    hear(purchase, message, now).expect("taken")
}

fn rolled_back() -> Purchase {
    let mut ended = purchase(CONEKTA);
    ended.phase = Phase::RolledBack;
    ended.payment = Some(payment());
    ended.charge = Some(charge());
    ended.charge_sealed = None;
    ended
}

/// Paid with another amount than was asked for, and a person sends it back.
fn sent_back_unrecorded() -> Purchase {
    let read = Event::Read { reading: shows(PaymentStatus::Paid, 1_000), revokes: false };
    let mut odd = rolled_back();
    odd.phase = Phase::Verifying;
    let odd = apply(odd, read, Timestamp(1), &TIMING);
    assert_eq!(odd.phase, Phase::Mismatch);
    told(odd, &Message::Decide { choice: Choice::Refund, by: 7 }, Timestamp(2))
}

fn charge() -> Charge {
    Charge {
        started_at: Timestamp(0),
        sent_at: Timestamp(0),
        resends: 0,
        refusal: None,
        search: false,
        redirect: None,
        review: false,
    }
}

pub(super) fn paid(kind: Kind) -> Purchase {
    let mut paid = purchase(kind);
    paid.phase = Phase::Paid;
    paid.paid_at = Some(Timestamp(0));
    paid.payment = Some(payment());
    paid.charge = Some(charge());
    paid.charge_sealed = None;
    paid
}

#[test]
fn a_paid_user_may_be_confirmed_until_it_was_removed() {
    let all = Message::Refund { id: "r".into(), amount_minor: None, by: 7 };
    let refunding = told(paid(CONEKTA), &all, Timestamp(1));
    assert_eq!(refunding.undo, Some(Undo::Release));
    assert!(refunding.may_be_confirmed());
    let removed = apply(refunding, Event::Released(RouterEnd::Done), Timestamp(2), &TIMING);
    assert!(!removed.may_be_confirmed(), "another purchase may get the name");
    assert!(!purchase(CONEKTA).may_be_confirmed());
}

#[test]
fn an_unanswered_charge_is_closed_after_the_quiet_period_and_only_then_removed() {
    let mut now = Timestamp(0);
    let mut purchase = purchase(CONEKTA);
    let mut closed_at = None;
    for _ in 0..100 {
        purchase = advance(purchase, now, &TIMING);
        let event = match next(&purchase, now, &TIMING) {
            Effect::Reserve { .. } => Event::Reserved {
                router: RouterEnd::Done,
                opening: Some(Opening::Opened(payment())),
                next_draw: None,
            },
            Effect::Charge => Event::Charged(Charging::Unknown),
            Effect::Read if closed_at.is_some() => view(PaymentStatus::Closed(refused())),
            Effect::Read => view(PaymentStatus::NoCharge),
            Effect::Cancel => {
                closed_at = Some(now);
                Event::CancelAsked
            }
            Effect::Release => Event::Released(RouterEnd::Done),
            Effect::Wait(until) => {
                now = until;
                Event::Woken
            }
            Effect::End => break,
            other => panic!("{other:?} is not due"),
        };
        purchase = apply(purchase, event, now, &TIMING);
    }
    assert_eq!(purchase.phase, Phase::RolledBack);
    let closed = closed_at.expect("the payment is closed");
    assert!((120_000..=180_000).contains(&closed.0), "{closed:?}");
    assert_eq!(purchase.charge_sealed, None);
}

#[test]
fn a_paid_user_that_is_gone_is_made_again_with_the_same_name() {
    let paid = paid(CONEKTA);
    let before = paid.user.clone();
    let gone = apply(paid, Event::Confirmed(RouterEnd::Gone), Timestamp(1), &TIMING);
    assert_eq!(next(&gone, Timestamp(1), &TIMING), Effect::Remake);
    assert!(!is_usable(&gone));
    let remade = Event::Remade { router: RouterEnd::Done, next_draw: None };
    let again = apply(gone, remade, Timestamp(2), &TIMING);
    assert_eq!((again.user.clone(), next(&again, Timestamp(2), &TIMING)), (before, Effect::Confirm));
}

#[test]
fn who_has_access_and_could_not_be_confirmed_is_left_to_a_person_and_tried_on() {
    let late = Timestamp(TIMING.delivery_limit_ms);
    let stuck = advance(paid(CONEKTA), late, &TIMING);
    assert_eq!((stuck.phase, stuck.is_open(), stuck.is_undecided()), (Phase::Stuck, true, false));
    assert_eq!(next(&stuck, late, &TIMING), Effect::Confirm);
    let delivered = apply(stuck, Event::Confirmed(RouterEnd::Done), late, &TIMING);
    assert_eq!(advance(delivered, late, &TIMING).phase, Phase::Completed);
}

#[test]
fn who_has_no_access_by_the_delivery_limit_gets_the_money_back() {
    let late = Timestamp(TIMING.delivery_limit_ms);
    let pin = Kind { user_type: UserType::Pin, ..CONEKTA };
    let overdue = advance(paid(pin), late, &TIMING);
    assert_eq!((overdue.phase, overdue.refunds.len()), (Phase::Refunding, 1));
    assert_eq!(overdue.refunds[0].amount_minor, super::PRICE_MINOR);
}

#[test]
fn a_payment_that_stays_open_is_closed_again_after_each_question() {
    let mut unknown = purchase(CONEKTA);
    unknown.phase = Phase::Unknown;
    unknown.payment = Some(payment());
    unknown.charge = Some(charge());
    let mut now = Timestamp(TIMING.charge_timeout_ms + TIMING.quiet_period_ms);
    for _ in 0..3 {
        assert_eq!(next(&unknown, now, &TIMING), Effect::Cancel);
        unknown = apply(unknown, Event::CancelAsked, now, &TIMING);
        assert_eq!(next(&unknown, now, &TIMING), Effect::Read);
        unknown = apply(unknown, Event::Read { reading: Reading::Unknown, revokes: false }, now, &TIMING);
        now = unknown.wake_at;
    }
}

#[test]
fn a_stored_state_reads_back_the_same() {
    let mut stored = paid(Kind { user_type: UserType::Pin, auto_connect: true, ..CONEKTA });
    stored.failure = Some(refused());
    let text = serde_json::to_string(&stored).expect("plain data");
    assert_eq!(serde_json::from_str::<Purchase>(&text).expect("reads back"), stored);
}

#[test]
fn a_state_stored_before_its_newer_fields_reads_back() {
    let stored = paid(CONEKTA);
    let mut fields = serde_json::to_value(&stored).expect("plain data");
    for name in ["deliver_since", "missing_seen", "looked_back"] {
        fields.as_object_mut().expect("fields").remove(name).expect("it is stored");
    }
    assert_eq!(serde_json::from_value::<Purchase>(fields).expect("reads back"), stored);
}

#[test]
fn the_card_token_is_dropped_when_the_gateway_has_forgotten_its_key() {
    let mut unknown = purchase(Kind { gateway: GatewayName::MercadoPago, ..CONEKTA });
    unknown.phase = Phase::Unknown;
    unknown.charge = Some(charge());
    let young = advance(unknown, Timestamp(TIMING.key_life_ms - 1), &TIMING);
    assert!(young.charge_sealed.is_some());
    assert_eq!(advance(young, Timestamp(TIMING.key_life_ms), &TIMING).charge_sealed, None);
}

#[test]
fn money_that_comes_while_a_stray_user_is_removed_keeps_the_user() {
    let ended = told(rolled_back(), &Message::UserStanding, Timestamp(1));
    assert_eq!(ended.undo, Some(Undo::Release));
    let ended = told(ended, &Message::Hint { payment: None }, Timestamp(2));
    let paid = apply(ended, view(PaymentStatus::Paid), Timestamp(3), &TIMING);
    assert_eq!((paid.phase, paid.undo, paid.remake), (Phase::Paid, None, true));
}

#[test]
fn another_amount_after_the_roll_back_is_known_to_be_without_a_user() {
    let news = told(rolled_back(), &Message::Hint { payment: None }, Timestamp(1));
    let read = Event::Read { reading: shows(PaymentStatus::Paid, 1_000), revokes: false };
    let odd = apply(news, read, Timestamp(2), &TIMING);
    let paid = apply(odd, view(PaymentStatus::Paid), Timestamp(3), &TIMING);
    assert_eq!((paid.phase, is_usable(&paid)), (Phase::Paid, false));
}

#[test]
fn a_payment_that_a_person_sends_back_is_not_taken_for_news() {
    let hinted = told(sent_back_unrecorded(), &Message::Hint { payment: None }, Timestamp(3));
    let read = Event::Read { reading: shows(PaymentStatus::Paid, 1_000), revokes: false };
    let after = apply(hinted, read, Timestamp(4), &TIMING);
    assert_eq!((after.phase, after.refunds.len()), (Phase::Refunding, 1));
}

#[test]
fn a_refused_refund_of_an_unrecorded_payment_goes_back_to_the_person() {
    let now = Timestamp(3);
    let read = || Event::RefundRead { reading: shows(PaymentStatus::Paid, 1_000), revokes: false };
    let asked = apply(sent_back_unrecorded(), read(), now, &TIMING);
    let sending = advance(asked, now, &TIMING);
    let sent = apply(sending, Event::Refunded(Refunding::Refused(refused())), now, &TIMING);
    let after = apply(sent, read(), now, &TIMING);
    assert_eq!((after.phase, after.refunds[0].state), (Phase::Mismatch, RefundState::Refused));
}

fn missed(kind: Kind) -> Purchase {
    let mut done = paid(kind);
    done.phase = Phase::Completed;
    done.confirmed = true;
    told(done, &Message::UserMissing, Timestamp(TIMING.delivery_limit_ms - 1))
}

#[test]
fn what_a_person_delivers_the_day_after_is_delivered_and_not_given_back() {
    let late = Timestamp(TIMING.delivery_limit_ms + 3_600_000);
    let told = told(missed(CONEKTA), &Message::Decide { choice: Choice::Deliver, by: 7 }, late);
    let taken = advance(told, late, &TIMING);
    assert_eq!((taken.phase, taken.refunds.len()), (Phase::Paid, 0));
    assert_eq!(next(&taken, late, &TIMING), Effect::Remake);
    let later = late.plus(TIMING.delivery_limit_ms);
    assert_eq!(advance(taken, later, &TIMING).phase, Phase::Refunding);
}

#[test]
fn a_delivery_beside_a_refund_that_may_still_come_is_never_given_back_by_itself() {
    let ask = Message::Refund { id: "r".into(), amount_minor: None, by: 7 };
    let mut unclear = told(paid(CONEKTA), &ask, Timestamp(1));
    unclear.undo = None;
    unclear.refunds[0].state = RefundState::Refused;
    unclear.refunds[0].accepted = true;
    let late = Timestamp(TIMING.delivery_limit_ms + 3_600_000);
    let told = told(unclear, &Message::Decide { choice: Choice::Deliver, by: 7 }, late);
    let taken = advance(told, late, &TIMING);
    assert_eq!((taken.phase, taken.refunds.len()), (Phase::Paid, 1));
    let stuck = advance(taken, late.plus(TIMING.delivery_limit_ms), &TIMING);
    assert_eq!((stuck.phase, stuck.refunds.len()), (Phase::Stuck, 1));
}

#[test]
fn who_is_overdue_waits_for_the_refund_under_way() {
    let pin = Kind { user_type: UserType::Pin, ..CONEKTA };
    let ask = Message::Refund { id: "r".into(), amount_minor: Some(500), by: 7 };
    let late = Timestamp(TIMING.delivery_limit_ms);
    let overdue = advance(told(paid(pin), &ask, late), late, &TIMING);
    assert_eq!((overdue.phase, overdue.refunds.len()), (Phase::Paid, 1));
}

#[test]
fn news_that_cannot_be_read_does_not_delay_who_paid() {
    let hinted = told(paid(CONEKTA), &Message::Hint { payment: None }, Timestamp(1));
    let read = Event::Read { reading: Reading::Unknown, revokes: false };
    let after = apply(hinted, read, Timestamp(2), &TIMING);
    assert_eq!(next(&after, Timestamp(2), &TIMING), Effect::Confirm);
    let later = after.recheck_at;
    let served = apply(after, Event::Confirmed(RouterEnd::Done), Timestamp(3), &TIMING);
    assert_eq!(next(&advance(served, Timestamp(3), &TIMING), later, &TIMING), Effect::Read);
}

/// Asks again and again until the machine stops to.
fn unread(mut purchase: Purchase) -> Purchase {
    while purchase.recheck {
        let now = purchase.recheck_at;
        purchase = apply(purchase, Event::Read { reading: Reading::Denied, revokes: false }, now, &TIMING);
    }
    purchase
}

#[test]
fn a_person_is_told_of_news_that_could_not_be_read_for_hours() {
    let hint = Message::Hint { payment: None };
    let given_up = unread(told(missed(CONEKTA), &hint, Timestamp(1)));
    assert_eq!(given_up.notice, Some(Notice::UserMissing), "what was noted before is not covered");
    let given_up = unread(told(rolled_back(), &hint, Timestamp(1)));
    assert!(given_up.needs_person() && choices(&given_up).contains(&Choice::Retry));
    let asked = told(given_up, &Message::Decide { choice: Choice::Retry, by: 7 }, Timestamp(2));
    assert_eq!(next(&asked, Timestamp(2), &TIMING), Effect::Read);
    let read = apply(asked, view(PaymentStatus::Paid), Timestamp(2), &TIMING);
    assert_eq!((read.phase, read.notice), (Phase::Paid, None));

    let mut uncharged = rolled_back();
    uncharged.charge = None;
    let silent = unread(told(uncharged, &hint, Timestamp(1)));
    assert!(!silent.needs_person(), "without a charge no money can have moved");
}

#[test]
fn a_refused_refund_of_a_second_payment_leaves_that_of_the_first_alone() {
    let now = Timestamp(TIMING.delivery_limit_ms);
    let mut overdue = advance(paid(Kind { user_type: UserType::Pin, ..CONEKTA }), now, &TIMING);
    let mut second = overdue.refunds[0].clone();
    second.id = "second".into();
    second.payment = Some("pay_2".into());
    second.state = RefundState::Sent;
    second.sendings = 1;
    second.before_minor = Some(0);
    second.refusal = Some(refused());
    overdue.refunds.insert(0, second);
    let read = Event::RefundRead { reading: shows(PaymentStatus::Paid, super::PRICE_MINOR), revokes: false };
    let after = apply(overdue, read, now, &TIMING);
    assert_eq!((after.phase, after.refunds[0].state), (Phase::Refunding, RefundState::Refused));
}

#[test]
fn what_is_given_back_is_what_was_seen_to_be_paid() {
    let mut half = paid(Kind { user_type: UserType::Pin, ..CONEKTA });
    half.seen_minor = Some(1_000);
    let overdue = advance(half, Timestamp(TIMING.delivery_limit_ms), &TIMING);
    assert_eq!(overdue.refunds[0].amount_minor, 1_000);
}

#[test]
fn a_refund_that_the_gateway_shows_as_pending_is_not_sent_again() {
    let ask = Message::Refund { id: "r".into(), amount_minor: Some(500), by: 7 };
    let mut done = paid(CONEKTA);
    done.phase = Phase::Completed;
    done.confirmed = true;
    let (mut purchase, mut now, mut sendings) = (told(done, &ask, Timestamp(0)), Timestamp(0), 0);
    while now.0 < 80_000_000 {
        purchase = advance(purchase, now, &TIMING);
        let event = match next(&purchase, now, &TIMING) {
            Effect::ReadRefund => {
                let Reading::Found(mut view) = shows(PaymentStatus::Paid, super::PRICE_MINOR) else {
                    continue;
                };
                view.refund_pending_minor = if sendings > 0 { 500 } else { 0 };
                Event::RefundRead { reading: Reading::Found(view), revokes: false }
            }
            Effect::Refund => {
                sendings += 1;
                Event::Refunded(Refunding::Unknown)
            }
            Effect::Wait(until) => {
                now = until;
                Event::Woken
            }
            other => panic!("{other:?} is not due"),
        };
        purchase = apply(purchase, event, now, &TIMING);
    }
    assert_eq!((sendings, purchase.refunds[0].state), (1, RefundState::Sent));
}

#[test]
fn what_is_seen_to_be_paid_as_asked_can_all_go_back() {
    let mut odd = rolled_back();
    odd.phase = Phase::Verifying;
    let read = Event::Read { reading: shows(PaymentStatus::Paid, 1_000), revokes: false };
    let odd = apply(odd, read, Timestamp(1), &TIMING);
    let again = told(odd, &Message::Decide { choice: Choice::Retry, by: 7 }, Timestamp(2));
    let paid = apply(again, view(PaymentStatus::Paid), Timestamp(3), &TIMING);
    assert_eq!((paid.phase, refundable(&paid)), (Phase::Paid, super::PRICE_MINOR));
}

#[test]
fn refunds_are_not_asked_for_without_end() {
    let mut done = paid(CONEKTA);
    done.phase = Phase::Completed;
    let ask = |number: i64| Message::Refund { id: format!("r{number}"), amount_minor: Some(1), by: 7 };
    for number in 0..50 {
        done = told(done, &ask(number), Timestamp(number));
        done.refunds.last_mut().expect("asked for").state = RefundState::Refused;
    }
    assert_eq!(hear(done.clone(), &ask(50), Timestamp(50)), Err(Refusal::TooManyRefunds));
    // A repeat of one of them is still known.
    assert_eq!(told(done.clone(), &ask(7), Timestamp(51)), done);
}

#[test]
fn a_missing_user_that_a_person_has_seen_is_not_told_again() {
    let missed = missed(CONEKTA);
    let now = Timestamp(TIMING.delivery_limit_ms - 1);
    let seen = told(missed.clone(), &Message::Decide { choice: Choice::Acknowledge, by: 7 }, now);
    assert!(!told(seen, &Message::UserMissing, now).needs_person());
    // Made again on a person's word, and missing again: that is new.
    let mut again = told(missed, &Message::Decide { choice: Choice::Deliver, by: 7 }, now);
    again.phase = Phase::Completed;
    assert!(told(again, &Message::UserMissing, now).needs_person());
}

#[test]
fn a_decision_that_the_agent_calls_old_is_told_again_as_a_newer_one() {
    let before = paid(CONEKTA);
    let version = before.command_version;
    let after = apply(before, Event::Confirmed(RouterEnd::Stale), Timestamp(1), &TIMING);
    assert_eq!((after.command_version, after.router_attempts), (version + 1, 1));
    assert_eq!(next(&after, after.wake_at, &TIMING), Effect::Confirm);
}

#[test]
fn a_fault_inside_postpones_whatever_is_due() {
    let mut done = paid(CONEKTA);
    done.phase = Phase::Completed;
    done.undo = Some(Undo::Revoke);
    let mut hinted = told(done, &Message::Hint { payment: None }, Timestamp(1));
    assert_eq!(next(&hinted, Timestamp(1), &TIMING), Effect::Read);
    hinted.postpone(Timestamp(2_001));
    assert_eq!(next(&hinted, Timestamp(1), &TIMING), Effect::Wait(Timestamp(2_001)));
}
