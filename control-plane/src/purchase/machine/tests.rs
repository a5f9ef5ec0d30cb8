//! The machine, run through every order of events, with a crash possible at each step.

use std::collections::BTreeSet;

use super::{Effect, Event, RouterEnd, Timing, advance, apply, is_usable, next, resume};
use crate::domain::code::Code;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::id::{ApiKeyId, CompanyId, PurchaseId, RouterId};
use crate::domain::money::{Currency, Money};
use crate::domain::time::Timestamp;
use crate::gateway::{Charging, Opening, Order, OrderStatus, OrderView, Reading};
use crate::purchase::state::{
    Buyer, Charge, Device, DrawnUser, LoginEnd, Phase, Product, Purchase, Terms, UserType,
};

const TIMING: Timing = Timing {
    answer_deadline_ms: 25_000,
    charge_start_max_ms: 20_000,
    charge_timeout_ms: 60_000,
    quiet_period_ms: 60_000,
    pending_max_ms: 900_000,
    delivery_limit_ms: 86_400_000,
};

fn purchase(user_type: UserType, auto_connect: bool) -> Purchase {
    let terms = Terms {
        id: PurchaseId::new("TRX_1"),
        company: CompanyId::new("EMP_1"),
        router: RouterId::new("RTR_1"),
        api_key: ApiKeyId::new("key_1"),
        created_at: Timestamp(0),
        product: Product {
            id: 1,
            name: "1h".into(),
            profile: "1h".into(),
            price: Money { minor: 2000, currency: Currency::Mxn },
        },
        buyer: Buyer { name: "Ana".into(), email: "a@b.mx".into(), phone: "+52".into(), phone_typed: None },
        user_type,
        device: Device { mac: Some("A0:B1:C2:D3:E4:F5".into()), ip: None, auto_connect },
        credentials_version: 1,
    };
    Purchase::new(terms, user("PT-1"), "sealed".into())
}

fn user(name: &str) -> DrawnUser {
    DrawnUser { name: name.into(), password_sealed: "sealed".into() }
}

fn order() -> Order {
    Order { id: "ord_1".into(), live: false }
}

fn refused() -> Failure {
    Failure::new(Code::CardDeclined, FailureKind::Payment)
}

fn view(status: OrderStatus) -> Reading {
    Reading::Found(OrderView {
        status,
        amount_minor: 2000,
        currency: "MXN".into(),
        reference: Some("TRX_1".into()),
        live: false,
        refunded_minor: 0,
        card: None,
    })
}

fn other_amount() -> Reading {
    match view(OrderStatus::Paid) {
        Reading::Found(mut view) => {
            view.amount_minor = 1;
            Reading::Found(view)
        }
        Reading::Denied | Reading::Unknown => Reading::Unknown,
    }
}

fn router_ends() -> [RouterEnd; 5] {
    let away = Failure::new(Code::RouterUnreachable, FailureKind::Unavailable);
    [
        RouterEnd::Done,
        RouterEnd::NameTaken,
        RouterEnd::Gone,
        RouterEnd::Refused(away),
        RouterEnd::Unclear(away),
    ]
}

fn openings() -> [Opening; 3] {
    [Opening::Opened(order()), Opening::Refused(refused()), Opening::Unknown]
}

fn readings() -> Vec<Reading> {
    vec![
        view(OrderStatus::NoCharge),
        view(OrderStatus::Paid),
        view(OrderStatus::Pending { redirect: None, review: true }),
        view(OrderStatus::Declined(refused())),
        view(OrderStatus::Closed(refused())),
        view(OrderStatus::Reversed(refused())),
        view(OrderStatus::Other("new".into())),
        other_amount(),
        Reading::Denied,
        Reading::Unknown,
    ]
}

/// Everything that may come of an effect.
fn events(effect: Effect) -> Vec<Event> {
    match effect {
        Effect::Reserve { open_order } => {
            let openings: Vec<Option<Opening>> =
                if open_order { openings().map(Some).to_vec() } else { vec![None] };
            let ends = router_ends().into_iter();
            ends.flat_map(|router| {
                openings.clone().into_iter().map(move |opening| Event::Reserved {
                    router,
                    opening,
                    next_draw: Some(user("PT-2")),
                })
            })
            .collect()
        }
        Effect::OpenOrder => openings().map(Event::Opened).to_vec(),
        Effect::Charge => {
            let ends = [
                Charging::Accepted,
                Charging::Refused(refused()),
                Charging::Unknown,
                Charging::NotCharged(refused()),
                Charging::NotSent(refused()),
            ];
            ends.map(Event::Charged).to_vec()
        }
        Effect::ReadOrder => readings().into_iter().map(Event::Read).collect(),
        Effect::CancelOrder => vec![Event::CancelAsked],
        Effect::Remake => router_ends().map(Event::Remade).to_vec(),
        Effect::Confirm => router_ends().map(Event::Confirmed).to_vec(),
        Effect::Login => {
            [LoginEnd::Connected, LoginEnd::TimedOut, LoginEnd::Failed].map(Event::LoggedIn).to_vec()
        }
        Effect::Release => router_ends().map(Event::Released).to_vec(),
        Effect::Wait(_) => vec![Event::Woken { early: false }],
        Effect::End => vec![],
    }
}

/// One path through the machine.
#[derive(Clone)]
struct Path {
    purchase: Purchase,
    /// What is on disk: where a crash goes back to.
    stored: Purchase,
    now: Timestamp,
    charges: u32,
    crashes: u32,
    /// The gateway said, after the charge was sent, that no money stands.
    excluded: bool,
    saw_paid: bool,
    /// The router may hold a user of the purchase.
    maybe_user: bool,
}

struct Explorer {
    seen: BTreeSet<String>,
    ends: BTreeSet<&'static str>,
    steps: u64,
}

impl Explorer {
    fn explore(&mut self, mut path: Path, depth: u32) {
        path.purchase = advance(path.purchase, path.now, &TIMING);
        let effect = next(&path.purchase, path.now, &TIMING);
        if effect.needs_commit() {
            path.stored = path.purchase.clone();
        }
        check(&path, effect);
        if effect == Effect::End {
            self.ends.insert(path.purchase.phase.as_str());
            return;
        }
        let state = serde_json::to_string(&(&path.purchase, path.charges, path.excluded, path.maybe_user))
            .expect("plain data");
        if depth == 0 || !self.seen.insert(format!("{state}{}{}", path.now.0, path.crashes)) {
            return;
        }
        self.steps += 1;
        if let Effect::Wait(until) = effect {
            path.now = until;
        }
        if effect == Effect::Charge {
            path.charges += 1;
        }
        if path.crashes < 2 {
            let mut crashed = path.clone();
            crashed.crashes += 1;
            // The effect may have been performed before the crash.
            crashed.maybe_user |= matches!(effect, Effect::Reserve { .. });
            crashed.now = path.now.plus(1_000);
            crashed.purchase = resume(path.stored.clone(), crashed.now);
            self.explore(crashed, depth - 1);
        }
        for event in events(effect) {
            let mut after = path.clone();
            if matches!(event, Event::Charged(Charging::NotSent(_))) {
                after.charges -= 1;
            }
            after.excluded |= excludes_money(&path.purchase, &event);
            after.maybe_user |=
                matches!(event, Event::Reserved { router: RouterEnd::Done | RouterEnd::Unclear(_), .. });
            after.saw_paid |= event == Event::Read(view(OrderStatus::Paid));
            after.purchase = apply(path.purchase.clone(), event, path.now);
            self.explore(after, depth - 1);
        }
    }
}

/// Whether the event is the gateway's word that no money stands.
fn excludes_money(purchase: &Purchase, event: &Event) -> bool {
    let definite = purchase.charge.as_ref().is_some_and(|charge| charge.refusal.is_some());
    match event {
        Event::Charged(Charging::NotCharged(_) | Charging::NotSent(_)) => true,
        Event::Read(Reading::Found(view)) => match view.status {
            OrderStatus::Declined(_) | OrderStatus::Closed(_) | OrderStatus::Reversed(_) => true,
            OrderStatus::NoCharge => definite,
            OrderStatus::Paid | OrderStatus::Pending { .. } | OrderStatus::Other(_) => false,
        },
        Event::Reserved { .. }
        | Event::Opened(_)
        | Event::Charged(_)
        | Event::Read(_)
        | Event::CancelAsked
        | Event::Remade(_)
        | Event::Confirmed(_)
        | Event::LoggedIn(_)
        | Event::Released(_)
        | Event::Woken { .. } => false,
    }
}

/// What must hold on every path.
fn check(path: &Path, effect: Effect) {
    let purchase = &path.purchase;
    assert!(path.charges <= 1, "a purchase is charged once: {purchase:?}");
    match effect {
        Effect::Charge => {
            assert!(purchase.reserved_at.is_some() && purchase.order.is_some(), "charge before the router");
            assert_eq!(path.charges, 0, "a second charge: {purchase:?}");
            assert!(path.now.0 < TIMING.charge_start_max_ms, "a late charge");
        }
        Effect::Release => {
            assert!(path.charges == 0 || path.excluded, "removed while money may stand: {purchase:?}");
            assert!(!path.saw_paid || path.excluded, "removed although paid: {purchase:?}");
        }
        Effect::Confirm | Effect::Remake | Effect::Login => {
            assert!(path.saw_paid, "access without payment: {purchase:?}");
        }
        Effect::End => {
            let orphan = path.maybe_user && purchase.phase == Phase::Failed;
            assert!(!orphan, "ended with a user on the router: {purchase:?}");
        }
        Effect::Reserve { .. }
        | Effect::OpenOrder
        | Effect::ReadOrder
        | Effect::CancelOrder
        | Effect::Wait(_) => {}
    }
    assert!(!is_usable(purchase) || path.saw_paid, "shown without payment: {purchase:?}");
}

fn explore(user_type: UserType, auto_connect: bool, depth: u32) -> Explorer {
    let start = purchase(user_type, auto_connect);
    let path = Path {
        stored: start.clone(),
        purchase: start,
        now: Timestamp(0),
        charges: 0,
        crashes: 0,
        excluded: false,
        saw_paid: false,
        maybe_user: false,
    };
    let mut explorer = Explorer { seen: BTreeSet::new(), ends: BTreeSet::new(), steps: 0 };
    explorer.explore(path, depth);
    explorer
}

#[test]
fn no_order_of_events_and_crashes_breaks_a_promise() {
    for (user_type, auto_connect) in
        [(UserType::Password, false), (UserType::Password, true), (UserType::Pin, false)]
    {
        let explored = explore(user_type, auto_connect, 9);
        assert!(explored.steps > 1_000, "only {} steps explored", explored.steps);
        let ends: Vec<&str> = explored.ends.into_iter().collect();
        assert_eq!(ends, ["completed", "failed", "mismatch", "rolled_back"]);
    }
}

#[test]
fn an_unanswered_charge_is_closed_after_the_quiet_period_and_only_then_removed() {
    let mut now = Timestamp(0);
    let mut purchase = purchase(UserType::Password, false);
    let mut cancelled_at = None;
    for _ in 0..100 {
        purchase = advance(purchase, now, &TIMING);
        let event = match next(&purchase, now, &TIMING) {
            Effect::Reserve { .. } => Event::Reserved {
                router: RouterEnd::Done,
                opening: Some(Opening::Opened(order())),
                next_draw: None,
            },
            Effect::Charge => Event::Charged(Charging::Unknown),
            Effect::ReadOrder if cancelled_at.is_some() => Event::Read(view(OrderStatus::Closed(refused()))),
            Effect::ReadOrder => Event::Read(view(OrderStatus::NoCharge)),
            Effect::CancelOrder => {
                cancelled_at = Some(now);
                Event::CancelAsked
            }
            Effect::Release => Event::Released(RouterEnd::Done),
            Effect::Wait(until) => {
                now = until;
                Event::Woken { early: false }
            }
            Effect::OpenOrder | Effect::Remake | Effect::Confirm | Effect::Login => panic!("not due"),
            Effect::End => break,
        };
        purchase = apply(purchase, event, now);
    }
    assert_eq!(purchase.phase, Phase::RolledBack);
    let closed = cancelled_at.expect("the order is closed");
    assert!((120_000..=180_000).contains(&closed.0), "{closed:?}");
    assert_eq!(purchase.token_sealed, None);
}

#[test]
fn a_paid_user_that_is_gone_is_made_again_with_the_same_name() {
    let mut paid = purchase(UserType::Password, false);
    paid.phase = Phase::Paid;
    paid.paid_at = Some(Timestamp(0));
    let before = paid.user.clone();
    let gone = apply(paid, Event::Confirmed(RouterEnd::Gone), Timestamp(1));
    assert_eq!(next(&gone, Timestamp(1), &TIMING), Effect::Remake);
    assert!(!is_usable(&gone));
    let again = apply(gone, Event::Remade(RouterEnd::Done), Timestamp(2));
    assert_eq!((again.user.clone(), next(&again, Timestamp(2), &TIMING)), (before, Effect::Confirm));
}

#[test]
fn who_paid_is_not_given_up_when_a_person_was_called() {
    let mut paid = purchase(UserType::Password, false);
    paid.phase = Phase::Paid;
    paid.paid_at = Some(Timestamp(0));
    let late = Timestamp(TIMING.delivery_limit_ms);
    let stuck = advance(paid, late, &TIMING);
    assert_eq!((stuck.phase, stuck.is_open(), stuck.is_undecided()), (Phase::Stuck, true, false));
    assert_eq!(next(&stuck, late, &TIMING), Effect::Confirm);
    let delivered = apply(stuck, Event::Confirmed(RouterEnd::Done), late);
    assert_eq!(advance(delivered, late, &TIMING).phase, Phase::Completed);
}

#[test]
fn an_order_that_stays_open_is_closed_again_after_each_question() {
    let mut unknown = purchase(UserType::Password, false);
    unknown.phase = Phase::Unknown;
    unknown.order = Some(order());
    unknown.charge = Some(Charge { started_at: Timestamp(0), refusal: None, redirect: None, review: false });
    let mut now = Timestamp(TIMING.charge_timeout_ms + TIMING.quiet_period_ms);
    for _ in 0..3 {
        assert_eq!(next(&unknown, now, &TIMING), Effect::CancelOrder);
        unknown = apply(unknown, Event::CancelAsked, now);
        assert_eq!(next(&unknown, now, &TIMING), Effect::ReadOrder);
        unknown = apply(unknown, Event::Read(Reading::Unknown), now);
        now = unknown.wake_at;
    }
}

#[test]
fn a_stored_state_reads_back_the_same() {
    let mut stored = purchase(UserType::Pin, true);
    stored.failure = Some(refused());
    stored.order = Some(order());
    let text = serde_json::to_string(&stored).expect("plain data");
    assert_eq!(serde_json::from_str::<Purchase>(&text).expect("reads back"), stored);
}
