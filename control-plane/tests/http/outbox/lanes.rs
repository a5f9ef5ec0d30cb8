//! One message at a time per target, one process at a time per lane, and nobody waits for somebody else's receiver.

use std::sync::Arc;
use std::time::Duration;

use pagos_control_plane::domain::id::CompanyId;
use pagos_control_plane::outbox::telegram::Telegram;
use pagos_control_plane::outbox::webhook::Sender;
use pagos_control_plane::outbox::webhook::guard::{Guard, System};
use pagos_control_plane::outbox::{Outbox, Parts};
use pagos_control_plane::serve::assembly;
use pagos_control_plane::store::{StoreError, outbox, runners, webhook_endpoints};

use super::receiver::{Receiver, Reply};
use super::{PATIENCE, deliver, endpoint, happen, open_world};
use crate::world::World;

/// How long a lease of these tests lasts, in milliseconds.
const LEASE_MS: i64 = 15_000;

/// Another process that delivers. It calls itself `runner`.
fn process(world: &World, runner: &str) -> Outbox {
    Outbox::new(Parts {
        store: world.app.store.clone(),
        vault: world.app.vault.clone(),
        clock: world.app.clock.clone(),
        random: world.app.random.clone(),
        runner: runner.into(),
        webhooks: Sender::new(assembly::tls(), Guard::open(Arc::new(System))).expect("a sender"),
        telegram: Telegram::new(reqwest::Client::new(), "https://telegram.example.org".into()),
    })
}

async fn lease(world: &World, runner: &'static str, millis: i64) {
    let now = world.app.clock.now();
    let renewed = world.app.store.write::<_, StoreError, _>(move |conn| {
        Box::pin(async move {
            let now = runners::now(conn, now).await?;
            runners::renew(conn, runner, runner, now.plus(millis)).await
        })
    });
    renewed.await.expect("leased");
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("in vain: {what}"));
}

#[tokio::test]
async fn receivers_of_one_company_that_never_answer_do_not_delay_another_one() {
    let world = open_world().await;
    let (slow, quick) = (world.tenant("Lenta").await, world.tenant("Rapida").await);
    let (hanging, answering) = (Receiver::start().await, Receiver::start().await);
    hanging.always(Reply::Never);
    for _ in 0..10 {
        endpoint(&world, &slow, &hanging.url()).await;
    }
    endpoint(&world, &quick, &answering.url()).await;
    for number in 0..20 {
        happen(&world, &slow.company, &format!("slow {number}")).await;
    }
    world.app.outbox.round().await.expect("a round");
    until("three lanes are taken", || hanging.count() == 3).await;
    for number in 0..5 {
        happen(&world, &quick.company, &format!("quick {number}")).await;
    }
    world.app.outbox.round().await.expect("a round");
    until("the other company is told", || answering.count() == 5).await;
    assert_eq!(hanging.count(), 3, "one company has three places and no more");
}

#[tokio::test]
async fn a_lane_is_served_by_one_living_process_and_taken_over_from_a_dead_one() {
    let world = open_world().await;
    let tenant = world.tenant("Parque").await;
    let receiver = Receiver::start().await;
    endpoint(&world, &tenant, &receiver.url()).await;
    let (one, two) = (process(&world, "one"), process(&world, "two"));
    lease(&world, "one", LEASE_MS).await;
    lease(&world, "two", LEASE_MS).await;
    receiver.next([Reply::Never]);
    let message = happen(&world, &tenant.company, "a").await;
    happen(&world, &tenant.company, "b").await;
    one.round().await.expect("a round");
    until("the first process sends", || receiver.count() == 1).await;
    deliver(&two).await;
    assert_eq!(receiver.count(), 1, "the second one leaves the lane alone");
    lease(&world, "one", -1).await;
    deliver(&two).await;
    let ids: Vec<String> =
        receiver.requests().iter().map(|one| one.header("webhook-id").to_owned()).collect();
    assert_eq!((ids.len(), &ids[0]), (3, &message), "what was under way is sent again");
    assert!(ids[1..].contains(&message));
}

#[tokio::test]
async fn two_processes_that_look_at_once_send_each_message_once() {
    let world = open_world().await;
    let tenant = world.tenant("Parque").await;
    let receiver = Receiver::start().await;
    endpoint(&world, &tenant, &receiver.url()).await;
    let (one, two) = (process(&world, "one"), process(&world, "two"));
    lease(&world, "one", LEASE_MS).await;
    lease(&world, "two", LEASE_MS).await;
    for number in 0..30 {
        happen(&world, &tenant.company, &format!("{number}")).await;
    }
    while receiver.count() < 30 {
        tokio::join!(deliver(&one), deliver(&two));
    }
    tokio::join!(deliver(&one), deliver(&two));
    let mut ids: Vec<String> =
        receiver.requests().iter().map(|one| one.header("webhook-id").to_owned()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), receiver.count()), (30, 30));
}

#[tokio::test]
async fn what_goes_wrong_inside_holds_up_its_own_lane_only_and_not_every_second() {
    let world = open_world().await;
    let (broken, whole) = (world.tenant("Rota").await, world.tenant("Sana").await);
    let receiver = Receiver::start().await;
    let (id, _) = endpoint(&world, &broken, &receiver.url()).await;
    endpoint(&world, &whole, &receiver.url()).await;
    let company = CompanyId::new(&broken.company);
    let spoilt = world.app.store.write::<_, StoreError, _>(move |conn| {
        Box::pin(async move {
            let now = pagos_control_plane::domain::time::Timestamp(0);
            webhook_endpoints::rotate(conn, &company, &id, "no secret", now, now).await.map(|_| ())
        })
    });
    spoilt.await.expect("spoilt");
    happen(&world, &broken.company, "a").await;
    happen(&world, &whole.company, "b").await;
    let outbox = &world.app.outbox;
    assert_eq!((deliver(outbox).await, receiver.count()), (2, 1));
    assert_eq!(deliver(outbox).await, 0);
    world.advance(1_001);
    assert_eq!(deliver(outbox).await, 1);
}

#[tokio::test]
async fn old_messages_are_forgotten() {
    let world = open_world().await;
    let tenant = world.tenant("Parque").await;
    let receiver = Receiver::start().await;
    let (id, _) = endpoint(&world, &tenant, &receiver.url()).await;
    happen(&world, &tenant.company, "old").await;
    deliver(&world.app.outbox).await;
    world.advance(29 * 86_400_000);
    let young = happen(&world, &tenant.company, "young").await;
    world.advance(2 * 86_400_000);
    let now = world.app.clock.now();
    for more in [true, false] {
        let prune = world
            .app
            .store
            .write::<_, StoreError, _>(move |conn| Box::pin(async move { outbox::prune(conn, now).await }));
        assert_eq!(prune.await.expect("pruned"), more);
    }
    let session = world.log_in(&tenant.email, crate::world::PASSWORD).await;
    let path = format!("{}/{id}/entregas", super::PATH);
    let left = world.get(&path, Some(&session)).await.good();
    assert_eq!(
        (&left["total"], &left["entregas"][0]["id"]),
        (&serde_json::json!(1), &serde_json::json!(young))
    );
}
