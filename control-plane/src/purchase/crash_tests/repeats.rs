//! Requests that come twice, tasks that are lost, and what must not be readable.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use zeroize::Zeroizing;

use super::bank::Card;
use super::database::{Backend, Slot, postgres_server};
use super::paths::{PATHS, Path};
use super::points::{Fault, Kind, Point};
use super::site::Mood;
use super::world::{Process, World, request};
use crate::domain::id::PurchaseId;
use crate::gateway::GatewayName;
use crate::purchase::intake::{Admitted, IntakeError, Request, slot};
use crate::purchase::state::{Device, Phase, Purchase};
use crate::seams::Moment;
use crate::vault::Context;

fn path(card: Card) -> Path {
    *PATHS.iter().find(|path| path.card == card && path.acts.is_empty()).expect("a path")
}

fn asked(path: &Path, token: &str) -> Request {
    Request { token: token.into(), idempotency_key: None, ..request(path, GatewayName::Conekta) }
}

async fn admitted(process: &Process, request: Request) -> Admitted {
    process.purchases.admit(request).await.expect("admitted")
}

async fn settled(world: &mut World<'_>, process: &Process, id: &PurchaseId) -> Purchase {
    world.drive(process, id).await;
    world.stored(id).await
}

#[tokio::test]
async fn the_same_request_twice_at_once_is_one_charge() {
    let slot = Slot::open(Backend::Sqlite, 0).await;
    let path = path(Card::Pays);
    let mut world = World::new(&slot, path, GatewayName::Conekta);
    let process = world.process(None).await;
    let all = join_all((0..16).map(|_| admitted(&process, asked(&path, "tok_once")))).await;
    let ids: BTreeSet<PurchaseId> = all
        .into_iter()
        .map(|admitted| match admitted {
            Admitted::Purchase(id) | Admitted::Undecided(id) => id,
            Admitted::Awaited => panic!("there is no other buyer"),
        })
        .collect();
    assert_eq!(ids.len(), 1);
    settled(&mut world, &process, ids.first().expect("one")).await;
    assert_eq!(world.bank.lock().entries.len(), 1);
    assert_eq!(world.site.lock().users.len(), 1);
}

#[tokio::test]
async fn a_second_try_while_the_first_is_undecided_gets_the_first_ones_state() {
    let slot = Slot::open(Backend::Sqlite, 0).await;
    let path = path(Card::IsLost);
    let mut world = World::new(&slot, path, GatewayName::Conekta);
    let process = world.process(None).await;
    let Admitted::Purchase(id) = admitted(&process, asked(&path, "tok_first")).await else {
        panic!("nothing was undecided")
    };
    while world.stored(&id).await.phase != Phase::Unknown {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let second = admitted(&process, asked(&path, "tok_second")).await;
    assert_eq!(second, Admitted::Undecided(id.clone()));
    assert_eq!(settled(&mut world, &process, &id).await.phase, Phase::RolledBack);
    let third = admitted(&process, asked(&path, "tok_third")).await;
    assert!(matches!(third, Admitted::Purchase(other) if other != id));
}

/// Both databases, where there is PostgreSQL.
fn backends() -> impl Iterator<Item = Backend> {
    [Backend::Sqlite].into_iter().chain(postgres_server().map(|_| Backend::Postgres))
}

#[tokio::test]
async fn many_taps_with_fresh_tokens_at_once_are_one_charge() {
    for backend in backends() {
        let slot = Slot::open(backend, 9_001).await;
        // Undecided until the clock moves, so that no tap comes after the end of the first purchase.
        let path = path(Card::PaysUnheard);
        let mut world = World::new(&slot, path, GatewayName::Conekta);
        // Two processes that know nothing of each other.
        let (one, two) = (world.process(None).await, world.process(None).await);
        let taps = (0..8).flat_map(|number| [(&one, number), (&two, number + 8)]);
        let taps = taps.map(|(process, number)| admitted(process, asked(&path, &format!("tok_{number}"))));
        let all = join_all(taps).await;
        let made: Vec<&PurchaseId> = all
            .iter()
            .filter_map(|admitted| match admitted {
                Admitted::Purchase(id) => Some(id),
                Admitted::Undecided(_) => None,
                Admitted::Awaited => panic!("there is no other buyer"),
            })
            .collect();
        let [id] = made.as_slice() else { panic!("{backend:?}: {all:?}") };
        assert!(all.iter().all(
            |tap| *tap == Admitted::Purchase((*id).clone()) || *tap == Admitted::Undecided((*id).clone())
        ));
        let process = if one.purchases.0.lock().contains_key(*id) { &one } else { &two };
        assert_eq!(settled(&mut world, process, id).await.phase, Phase::Completed);
        assert_eq!(world.bank.lock().entries.len(), 1);
        let next = admitted(process, asked(&path, "tok_next")).await;
        assert!(matches!(next, Admitted::Purchase(other) if other != **id), "decided, and still in the way");
    }
}

#[tokio::test]
async fn a_purchase_that_ended_before_its_charge_is_in_nobodys_way() {
    for mood in [Mood::NoProfile, Mood::Offline] {
        let slot = Slot::open(Backend::Sqlite, 0).await;
        let path = *PATHS.iter().find(|path| path.mood == mood).expect("a path");
        let mut world = World::new(&slot, path, GatewayName::Conekta);
        let process = world.process(None).await;
        let Admitted::Purchase(id) = admitted(&process, asked(&path, "tok_first")).await else {
            panic!("nothing was in the way")
        };
        settled(&mut world, &process, &id).await;
        let second = admitted(&process, asked(&path, "tok_second")).await;
        assert!(matches!(second, Admitted::Purchase(other) if other != id), "{mood:?}");
    }
}

#[test]
fn two_buyers_who_share_an_email_are_not_in_each_others_way_and_one_device_is() {
    let place = |name: &str, mac: Option<&str>, ip: Option<&str>| {
        let device = Device { mac: mac.map(Into::into), ip: ip.map(Into::into), auto_connect: false };
        slot(&Request { name: name.into(), device, ..asked(&path(Card::Pays), "tok") })
    };
    let ana = place("Ana", None, None);
    assert_eq!(ana, place(" ANA", None, None));
    for other in [
        place("Luis", None, None),
        place("Ana", None, Some("10.5.50.7")),
        place("Ana", Some("A0B1C2D3E4F5"), None),
    ] {
        assert_ne!(ana, other);
    }
    let (one, same) = (Some("A0B1C2D3E4F5"), Some("a0:b1:c2:d3:e4:f5"));
    assert_eq!(place("Ana", one, None), place("Luis", same, Some("10.5.50.7")));
}

#[tokio::test]
async fn what_nobody_could_decide_for_a_day_gives_its_place_up_for_good() {
    let slot = Slot::open(Backend::Sqlite, 0).await;
    let path = path(Card::IsLost);
    let mut world = World::new(&slot, path, GatewayName::Conekta);
    let process = world.process(None).await;
    let Admitted::Purchase(id) = admitted(&process, asked(&path, "tok_first")).await else {
        panic!("nothing was undecided")
    };
    while world.stored(&id).await.phase != Phase::Unknown {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    world.pass(86_400_000);
    let second = admitted(&process, asked(&path, "tok_second")).await;
    assert!(matches!(second, Admitted::Purchase(other) if other != id));
    // The first one is written again beside the second.
    assert_eq!(settled(&mut world, &process, &id).await.phase, Phase::RolledBack);
}

#[tokio::test]
async fn the_same_key_with_another_body_is_refused() {
    let slot = Slot::open(Backend::Sqlite, 0).await;
    let path = path(Card::Pays);
    let world = World::new(&slot, path, GatewayName::MercadoPago);
    let process = world.process(None).await;
    admitted(&process, request(&path, GatewayName::MercadoPago)).await;
    let other = Request { token: "tok_other".into(), ..request(&path, GatewayName::MercadoPago) };
    assert!(matches!(process.purchases.admit(other).await, Err(IntakeError::Refused(_))));
}

#[tokio::test]
async fn a_purchase_that_lost_its_task_is_found_at_the_second_look() {
    let slot = Slot::open(Backend::Sqlite, 0).await;
    let path = path(Card::Pays);
    let mut world = World::new(&slot, path, GatewayName::Conekta);
    // The money has moved.
    let point = Point { name: "bank charge".into(), pass: 1, moment: Moment::After };
    let dying = world.process(Some(Fault { kind: Kind::Crash, point })).await;
    let Admitted::Purchase(id) = admitted(&dying, asked(&path, "tok_once")).await else {
        panic!("nothing was undecided")
    };
    dying.life.death().await;
    let second = world.process(None).await;
    let idle = second.purchases.sweep(&BTreeSet::new()).await.expect("swept");
    let idle = if idle.contains(&id) { second.purchases.sweep(&idle).await.expect("swept") } else { idle };
    assert_eq!(settled(&mut world, &second, &id).await.phase, Phase::Completed);
    assert!(second.purchases.sweep(&idle).await.expect("swept").is_empty());
}

#[tokio::test]
async fn tokens_and_passwords_are_not_readable_in_the_database() {
    let slot = Slot::open(Backend::Sqlite, 0).await;
    let path = path(Card::Pays);
    for gateway in GatewayName::ALL {
        slot.clear().await;
        let mut world = World::new(&slot, path, gateway);
        let (state, ..) = world.run(None).await;
        let stored = serde_json::to_string(&state).expect("plain data");
        assert!(!stored.contains("tok_once"));
        assert_eq!(state.charge_sealed, None);
        let sealed = &state.user.password_sealed;
        let context = Context { tenant: "EMP_1", field: "purchase.password" };
        let opened: Zeroizing<String> =
            slot.vault.open_sealed(&context, sealed).expect("opens for its company");
        assert_eq!(opened.len(), 4);
        let other = Context { tenant: "EMP_2", field: "purchase.password" };
        assert!(slot.vault.open_sealed(&other, sealed).is_err());
    }
}
