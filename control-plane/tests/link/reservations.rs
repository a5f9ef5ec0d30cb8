//! Questions and reports about reservations, and the hand-over to an empty journal.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use pagos_protocol::command::PurchaseRef;
use pagos_protocol::{
    Action, AgentMessage, Done, Missing, Outcome, Ruling, ServerMessage, Settled, VerdictsWanted, frame,
};

use crate::a_box::{Enrolled, Link, clone, dial, enroll, join};
use crate::world::{Site, World, reservation};

async fn enrolled(world: &World, site: &Site) -> Enrolled {
    enroll(world, &world.token(site).await).await.expect("enrolled")
}

/// A link on which the agent has said hello; whether the control plane wants to hand over.
async fn hello(world: &World, enrolled: &Enrolled) -> (Link, bool) {
    let mut link = dial(world, Some(clone(&enrolled.credentials))).await.expect("link");
    link.hello(Vec::new()).await;
    let welcome = link.welcome().await;
    assert_eq!(welcome.reserve_lease_ms, Some(900_000));
    (link, welcome.hand_over)
}

/// Waits until the purchases have been told so much.
async fn told(world: &World, lines: usize) -> Vec<String> {
    for _ in 0..500 {
        let told = world.desk.told.lock().expect("lock").clone();
        if told.len() >= lines {
            return told;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("it was not told in time");
}

#[tokio::test]
async fn verdicts_are_given_on_each_new_link() {
    let world = World::start().await;
    let enrolled = enrolled(&world, &world.one).await;
    for _ in 0..2 {
        let (mut link, _) = join(&world, &enrolled).await;
        let router = world.one.router.as_str();
        let verdicts = link.ask(router, vec![reservation(1, 1), reservation(2, 5)]).await;
        let read: Vec<_> = verdicts.iter().map(|it| (it.version, it.verdict)).collect();
        assert_eq!(read, [(2, Ruling::Release), (6, Ruling::Release)]);
    }
    let expected = format!("{} {} asks about 2", world.one.company, world.one.router);
    assert_eq!(told(&world, 2).await, [expected.clone(), expected]);
}

#[tokio::test]
async fn questions_and_reports_about_routers_of_others_are_dropped() {
    let world = World::start().await;
    let (mut link, _) = join(&world, &enrolled(&world, &world.one).await).await;
    for router in [world.two.router.as_str(), "RTR_NONE", ""] {
        let router_id = router.to_owned();
        let purchase = PurchaseRef { id: "TRX_1".into(), version: 1 };
        let outcome = Outcome::done(Done::Released);
        for message in [
            AgentMessage::VerdictsWanted(VerdictsWanted {
                router_id: router_id.clone(),
                reservations: vec![reservation(1, 1)],
            }),
            AgentMessage::Settled(Settled { router_id: router_id.clone(), purchase, outcome }),
            AgentMessage::Missing(Missing { router_id, purchase_ids: vec!["TRX_1".into()] }),
        ] {
            link.send(&message).await;
        }
        link.ping().await;
    }
    // What comes after is served, so what came before has been.
    link.ask(world.one.router.as_str(), vec![reservation(1, 1)]).await;
    assert_eq!(told(&world, 1).await.len(), 1);
}

#[tokio::test]
async fn what_was_settled_and_what_is_missing_is_told() {
    let world = World::start().await;
    let (mut link, _) = join(&world, &enrolled(&world, &world.one).await).await;
    let router = world.one.router.as_str().to_owned();
    let purchase = PurchaseRef { id: "TRX_1".into(), version: 4 };
    let settled = Settled { router_id: router.clone(), purchase, outcome: Outcome::done(Done::Confirmed) };
    link.send(&AgentMessage::Settled(settled)).await;
    // More than a frame may name.
    let purchase_ids = (0..120).map(|number| format!("TRX_{number}")).collect();
    link.send(&AgentMessage::Missing(Missing { router_id: router.clone(), purchase_ids })).await;
    let told = told(&world, 2).await;
    assert_eq!(told[0], format!("{router} TRX_1 4 Done {{ done: Confirmed }}"));
    assert_eq!(told[1], format!("{router} misses 100"));
}

#[tokio::test]
async fn no_verdict_is_given_while_the_database_is_away() {
    let world = World::start().await;
    let (mut link, _) = join(&world, &enrolled(&world, &world.one).await).await;
    world.desk.failures.store(1, Ordering::Relaxed);
    let router = world.one.router.as_str();
    let question = VerdictsWanted { router_id: router.into(), reservations: vec![reservation(1, 1)] };
    link.send(&AgentMessage::VerdictsWanted(question)).await;
    // The first answer is that to the second question.
    let verdicts = link.ask(router, vec![reservation(2, 1)]).await;
    assert_eq!(verdicts[0].purchase_id, reservation(2, 1).purchase.id);
}

#[tokio::test]
async fn a_journal_is_known_only_when_its_agent_has_all_reservations() {
    let world = World::start().await;
    let second = world.add_router(&world.one).await;
    let all: Vec<_> = (0..250).map(|number| reservation(number, 1)).collect();
    {
        let mut open = world.desk.open.lock().expect("lock");
        open.insert(world.one.router.as_str().into(), all.clone());
        open.insert(second.as_str().into(), vec![reservation(900, 2)]);
        open.insert(world.two.router.as_str().into(), vec![reservation(800, 2)]);
    }
    let enrolled = enrolled(&world, &world.one).await;
    // The link is cut before the agent says that it has them.
    let (mut link, wanted) = hello(&world, &enrolled).await;
    assert!(wanted);
    link.handed_over().await;
    drop(link);
    let (mut link, wanted) = hello(&world, &enrolled).await;
    assert!(wanted);
    let pages = link.handed_over().await;
    for page in &pages {
        assert!(page.reservations.len() <= 100);
        frame::encode(&ServerMessage::HandOver(page.clone())).expect("fits");
    }
    let of = |router: &str| -> Vec<_> {
        let of_router = pages.iter().filter(|page| page.router_id == router);
        of_router.flat_map(|page| page.reservations.clone()).collect()
    };
    assert_eq!(of(world.one.router.as_str()), all);
    assert_eq!(of(second.as_str()), [reservation(900, 2)]);
    let routers: BTreeSet<&str> = pages.iter().map(|page| page.router_id.as_str()).collect();
    assert!(!routers.contains(world.two.router.as_str()));
    // Another journal than the one it said hello with counts for nothing.
    link.send(&AgentMessage::HandOverDone { journal_id: "another".into() }).await;
    link.ping().await;
    drop(link);
    let (mut link, wanted) = hello(&world, &enrolled).await;
    assert!(wanted);
    link.handed_over().await;
    link.send(&AgentMessage::HandOverDone { journal_id: "journal".into() }).await;
    // Served after the report, which is therefore stored.
    link.ask(world.one.router.as_str(), Vec::new()).await;
    let (_link, wanted) = hello(&world, &enrolled).await;
    assert!(!wanted);
}

#[tokio::test]
async fn a_hand_over_goes_on_when_the_database_is_back() {
    let world = World::start().await;
    let open = vec![reservation(1, 1)];
    world.desk.open.lock().expect("lock").insert(world.one.router.as_str().into(), open.clone());
    world.desk.failures.store(1, Ordering::Relaxed);
    let (mut link, _) = hello(&world, &enrolled(&world, &world.one).await).await;
    let pages = link.handed_over().await;
    assert_eq!(pages[0].reservations, open);
}

#[tokio::test]
async fn purchases_are_woken_when_the_agent_can_take_reservations() {
    let world = World::start().await;
    let mut arrivals = world.hub.arrivals();
    world.desk.failures.store(1, Ordering::Relaxed);
    let (mut link, _) = hello(&world, &enrolled(&world, &world.one).await).await;
    let sending = async {
        assert_eq!(arrivals.recv().await.expect("arrival"), world.one.router);
        let soon = std::time::Duration::from_secs(10);
        pagos_control_plane::link::LinkPort::send(&world.hub, &world.one.router, Action::Probe, soon).await
    };
    let answering = async {
        link.handed_over().await;
        let command = link.command().await;
        link.outcome(&command.id, Outcome::done(Done::Released)).await;
    };
    let (sent, ()) = tokio::join!(sending, answering);
    assert_eq!(sent, Ok(Outcome::done(Done::Released)));
}

#[tokio::test]
async fn a_command_that_is_sent_during_the_hand_over_comes_after_it() {
    let world = World::start().await;
    world.desk.failures.store(1, Ordering::Relaxed);
    let (mut link, _) = hello(&world, &enrolled(&world, &world.one).await).await;
    let soon = std::time::Duration::from_secs(20);
    let sending =
        pagos_control_plane::link::LinkPort::send(&world.hub, &world.one.router, Action::Probe, soon);
    let answering = async {
        assert!(link.handed_over().await.is_empty());
        let command = link.command().await;
        link.outcome(&command.id, Outcome::done(Done::Released)).await;
    };
    let (sent, ()) = tokio::join!(sending, answering);
    assert_eq!(sent, Ok(Outcome::done(Done::Released)));
}

#[tokio::test]
async fn an_end_that_comes_before_the_last_page_counts_for_nothing() {
    let world = World::start().await;
    world.desk.failures.store(1, Ordering::Relaxed);
    let enrolled = enrolled(&world, &world.one).await;
    let (mut link, _) = hello(&world, &enrolled).await;
    link.send(&AgentMessage::HandOverDone { journal_id: "another".into() }).await;
    link.handed_over().await;
    drop(link);
    assert!(hello(&world, &enrolled).await.1);
}
