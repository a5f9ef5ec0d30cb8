//! Every order of events; and machines broken on purpose, each of which must be found out by the rule it breaks.

use super::super::{Effect, Event, Message, Refusal, RouterEnd, Timing};
use super::explorer::{Bounds, Found, Path, Seen, explore};
use super::{Kind, Machine, REAL};
use crate::domain::time::Timestamp;
use crate::gateway::{Charging, GatewayName, Reading};
use crate::purchase::state::{Phase, Purchase, RefundState, UserType};

/// From the request on.
const FROM_THE_REQUEST: Bounds = Bounds { depth: 6, crashes: 2, told: 1, leaps: 1 };
/// From the first state met in each phase on.
const FROM_EACH_PHASE: Bounds = Bounds { depth: 3, crashes: 1, told: 2, leaps: 1 };
/// To find one state of each phase.
const TO_EACH_PHASE: Bounds = Bounds { depth: 8, crashes: 0, told: 1, leaps: 0 };

/// From a delivered purchase on: long enough for its user to be missed, and for a person to decide the day after.
const FROM_THE_DELIVERY: Bounds = Bounds { depth: 5, crashes: 0, told: 2, leaps: 2 };

/// Looks at all orders of events for one kind of purchase.
fn prove(machine: &Machine, kind: Kind, revokes: bool, lies: bool) -> Result<Seen, Box<Found>> {
    let start = || Path::new(kind, revokes, lies);
    let (mut seen, _) = explore(machine, start(), FROM_THE_REQUEST)?;
    let (reached, phases) = explore(machine, start(), TO_EACH_PHASE)?;
    add(&mut seen, reached);
    if let Some(path) = phases.get(&Phase::Completed) {
        add(&mut seen, explore(machine, path.afresh(), FROM_THE_DELIVERY)?.0);
    }
    for path in phases.into_values() {
        add(&mut seen, explore(machine, path.afresh(), FROM_EACH_PHASE)?.0);
    }
    Ok(seen)
}

fn add(seen: &mut Seen, more: Seen) {
    seen.states += more.states;
    seen.steps += more.steps;
    seen.crashes += more.crashes;
    seen.phases.extend(more.phases);
}

fn kind(gateway: GatewayName, user_type: UserType, auto_connect: bool) -> Kind {
    Kind { gateway, user_type, auto_connect }
}

#[track_caller]
fn holds(kind: Kind, revokes: bool, lies: bool, phases: usize) {
    let seen =
        prove(&REAL, kind, revokes, lies).unwrap_or_else(|found| panic!("{}\n{}", found.breach, found.state));
    println!(
        "{kind:?} revokes {revokes} lies {lies}: {} states, {} steps, {} crashes, phases {:?}",
        seen.states, seen.steps, seen.crashes, seen.phases
    );
    assert!(seen.phases.len() >= phases, "only {:?} were met", seen.phases);
}

#[test]
fn every_order_of_events_keeps_the_promises_at_conekta() {
    holds(kind(GatewayName::Conekta, UserType::Password, false), true, false, 15);
}

#[test]
fn every_order_of_events_keeps_the_promises_at_conekta_with_a_pin_and_a_device() {
    holds(kind(GatewayName::Conekta, UserType::Pin, true), false, false, 15);
}

#[test]
fn every_order_of_events_keeps_the_promises_at_mercado_pago() {
    holds(kind(GatewayName::MercadoPago, UserType::Password, true), false, false, 14);
}

#[test]
fn every_order_of_events_keeps_the_promises_at_mercado_pago_with_a_pin() {
    holds(kind(GatewayName::MercadoPago, UserType::Pin, false), true, false, 14);
}

#[test]
fn a_gateway_that_shows_another_amount_is_left_to_a_person_in_every_order_of_events() {
    for gateway in GatewayName::ALL {
        holds(kind(gateway, UserType::Password, false), true, true, 12);
    }
}

/// A broken machine is found out, by a rule whose name begins so.
#[track_caller]
fn found_out(machine: &Machine, gateway: GatewayName, rule: &str) {
    let found = prove(machine, kind(gateway, UserType::Password, false), true, false);
    let found = found.map(|seen| seen.states).expect_err("the broken rule was not noticed");
    assert!(found.breach.starts_with(rule), "noticed as \"{}\"", found.breach);
}

fn charges_at_once(purchase: &Purchase, now: Timestamp, timing: &Timing) -> Effect {
    match super::super::next(purchase, now, timing) {
        Effect::Reserve { .. } => Effect::Charge,
        effect => effect,
    }
}

#[test]
fn a_machine_that_charges_before_the_router_is_found_out() {
    found_out(&Machine { next: charges_at_once, ..REAL }, GatewayName::Conekta, "P1");
}

fn takes_silence_for_no(mut purchase: Purchase, event: Event, now: Timestamp, timing: &Timing) -> Purchase {
    let silent = event == Event::Charged(Charging::Unknown);
    purchase = super::super::apply(purchase, event, now, timing);
    if silent {
        super::super::apply::decline(&mut purchase, super::refused(), now);
    }
    purchase
}

#[test]
fn a_machine_that_takes_silence_for_a_refusal_is_found_out() {
    for gateway in GatewayName::ALL {
        found_out(&Machine { apply: takes_silence_for_no, ..REAL }, gateway, "P");
    }
}

fn forgets_that_it_may_have_charged(mut purchase: Purchase, now: Timestamp) -> Purchase {
    let sent = purchase.phase == Phase::ChargeSent;
    let sealed = purchase.charge_sealed.clone();
    purchase = super::super::resume(purchase, now);
    if sent {
        purchase.phase = Phase::ChargeSent;
        purchase.charge_sealed = sealed;
    }
    purchase
}

#[test]
fn a_machine_that_charges_again_after_a_crash_is_found_out() {
    found_out(&Machine { resume: forgets_that_it_may_have_charged, ..REAL }, GatewayName::Conekta, "P3");
}

fn keeps_the_token(purchase: Purchase, now: Timestamp, timing: &Timing) -> Purchase {
    let sealed = purchase.charge_sealed.clone();
    let mut after = super::super::advance(purchase, now, timing);
    after.charge_sealed = after.charge_sealed.or(sealed);
    after
}

#[test]
fn a_machine_that_keeps_the_card_token_is_found_out() {
    for gateway in GatewayName::ALL {
        found_out(&Machine { advance: keeps_the_token, ..REAL }, gateway, "the card token");
    }
}

fn believes_every_reading(purchase: Purchase, event: Event, now: Timestamp, timing: &Timing) -> Purchase {
    let waits = matches!(purchase.phase, Phase::Verifying | Phase::Unknown | Phase::PendingAsync);
    let read = matches!(event, Event::Read { reading: Reading::Found(_), .. });
    let mut after = super::super::apply(purchase, event, now, timing);
    if waits && read && after.phase == Phase::PendingAsync {
        super::super::apply::pay(&mut after, now, now);
    }
    after
}

#[test]
fn a_machine_that_takes_waiting_for_paid_is_found_out() {
    found_out(&Machine { apply: believes_every_reading, ..REAL }, GatewayName::MercadoPago, "P2");
}

fn forgets_the_user(purchase: Purchase, event: Event, now: Timestamp, timing: &Timing) -> Purchase {
    let mut after = super::super::apply(purchase, event, now, timing);
    if after.phase == Phase::Declined {
        after.phase = Phase::RolledBack;
    }
    after
}

#[test]
fn a_machine_that_leaves_an_unpaid_user_is_found_out() {
    found_out(&Machine { apply: forgets_the_user, ..REAL }, GatewayName::Conekta, "P2");
}

fn gives_back_twice(mut purchase: Purchase, now: Timestamp, timing: &Timing) -> Purchase {
    if let Some(refund) = purchase.refunds.iter_mut().find(|refund| refund.state == RefundState::Sent) {
        refund.state = RefundState::Done;
    }
    purchase = super::super::advance(purchase, now, timing);
    purchase
}

#[test]
fn a_machine_that_believes_in_a_refund_it_did_not_see_is_found_out() {
    found_out(&Machine { advance: gives_back_twice, ..REAL }, GatewayName::Conekta, "P2");
}

fn removes_while_it_refunds_nothing(
    purchase: Purchase,
    message: &Message,
    now: Timestamp,
) -> Result<Purchase, Refusal> {
    let mut after = super::super::hear(purchase, message, now)?;
    if matches!(message, Message::UserStanding) && after.phase == Phase::Paid {
        after.undo = Some(crate::purchase::state::Undo::Release);
        after.phase = Phase::Reversed;
    }
    Ok(after)
}

#[test]
fn a_machine_that_removes_who_paid_is_found_out() {
    found_out(&Machine { hear: removes_while_it_refunds_nothing, ..REAL }, GatewayName::MercadoPago, "P4");
}

fn forgets_when_a_person_delivered(
    purchase: Purchase,
    message: &Message,
    now: Timestamp,
) -> Result<Purchase, Refusal> {
    Ok(Purchase { deliver_since: None, ..super::super::hear(purchase, message, now)? })
}

#[test]
fn a_machine_that_gives_back_what_a_person_delivers_is_found_out() {
    found_out(&Machine { hear: forgets_when_a_person_delivered, ..REAL }, GatewayName::Conekta, "P4: what");
}

fn overlooks_what_is_pending(purchase: Purchase, event: Event, now: Timestamp, timing: &Timing) -> Purchase {
    let event = match event {
        Event::RefundRead { reading: Reading::Found(mut view), revokes } => {
            view.refund_pending_minor = 0;
            Event::RefundRead { reading: Reading::Found(view), revokes }
        }
        other => other,
    };
    super::super::apply(purchase, event, now, timing)
}

#[test]
fn a_machine_that_gives_back_beside_a_pending_refund_is_found_out() {
    found_out(&Machine { apply: overlooks_what_is_pending, ..REAL }, GatewayName::Conekta, "more went back");
}

fn repeats_what_is_old(purchase: Purchase, event: Event, now: Timestamp, timing: &Timing) -> Purchase {
    let (version, old) = (purchase.command_version, event == Event::Confirmed(RouterEnd::Stale));
    let after = super::super::apply(purchase, event, now, timing);
    if old { Purchase { command_version: version, ..after } } else { after }
}

#[test]
fn a_machine_that_tells_the_agent_again_what_it_calls_old_is_found_out() {
    found_out(&Machine { apply: repeats_what_is_old, ..REAL }, GatewayName::Conekta, "P4: told again");
}

fn never_asks_again(purchase: &Purchase, now: Timestamp, timing: &Timing) -> Effect {
    match super::super::next(purchase, now, timing) {
        Effect::Search => Effect::End,
        effect => effect,
    }
}

#[test]
fn a_machine_that_gives_up_on_an_unknown_charge_is_found_out() {
    found_out(
        &Machine { next: never_asks_again, ..REAL },
        GatewayName::MercadoPago,
        "open, and nothing is due",
    );
}
